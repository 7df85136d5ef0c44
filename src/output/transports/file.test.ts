import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { alert } from '../alert.fixture.ts';
import { FileTransport } from './file.ts';

const folder = mkdtempSync(join(tmpdir(), 'picket-file-'));
afterAll(() => rmSync(folder, { recursive: true }));

test('a pipe that nobody reads fails, and holds up nobody else who reads and writes files', async () => {
  const filename = join(folder, 'pipe');
  execFileSync('mkfifo', [filename]);
  let reader: number | undefined;
  try {
    // More than Node has threads for files.
    const sent = Array.from({ length: 8 }, () => {
      const file = new FileTransport({ filename, keepAlive: false, json: false });
      return file.send(alert(1), AbortSignal.timeout(2_000)).then(
        () => 'sent',
        (error: Error) => error.message,
      );
    });
    const other = readFile(import.meta.filename).then(() => 'read');
    const late = new Promise((done) => setTimeout(done, 2_000, 'held up'));
    expect(await Promise.race([other, late])).toBe('read');
    for (const answer of await Promise.all(sent)) expect(answer).toMatch(/ENXIO/);
    reader = openSync(filename, constants.O_RDONLY | constants.O_NONBLOCK);
    const file = new FileTransport({ filename, keepAlive: false, json: false });
    await file.send(alert(2), AbortSignal.timeout(2_000));
    const bytes = Buffer.alloc(1000);
    expect(bytes.toString('utf8', 0, readSync(reader, bytes))).toContain('shell number 2');
  } finally {
    // Whoever still waits for a reader goes on.
    reader ??= openSync(filename, constants.O_RDONLY | constants.O_NONBLOCK);
    closeSync(reader);
  }
});

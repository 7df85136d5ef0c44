import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { alert } from '../alert.fixture.ts';
import { ProgramTransport } from './program.ts';

const folder = mkdtempSync(join(tmpdir(), 'picket-program-'));
afterAll(() => rmSync(folder, { recursive: true }));
const never = new AbortController().signal;

test('programs that do not end with their input hold up no end, those before a SIGUSR1 neither', async () => {
  const pids = join(folder, 'pids');
  const program = new ProgramTransport({
    program: `echo $$ >>${pids}; exec sleep 60`,
    keepAlive: true,
    json: false,
  });
  await program.send(alert(1), never);
  program.reopen();
  await program.send(alert(2), never);
  const all = readFileSync(pids, 'utf8').trim().split('\n').map(Number);
  expect(all).toHaveLength(2);
  try {
    const late = new Promise((done) => setTimeout(done, 5_000, 'held up'));
    expect(await Promise.race([program.close().then(() => 'closed'), late])).toBe('closed');
    for (const pid of all) expect(() => process.kill(pid, 0)).toThrow('ESRCH');
  } finally {
    for (const pid of all)
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // Gone, as it should be.
      }
  }
}, 15_000);

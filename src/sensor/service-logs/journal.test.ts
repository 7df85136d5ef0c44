import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Journal } from './journal.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'picket-journal-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A program in the place of journalctl, since none ends when it is told to. */
function program(body: string): string {
  const path = join(folder, 'reader.sh');
  writeFileSync(path, `#!/bin/sh\nprintf '%s\\n' "$*" >>${folder}/calls\n${body}\n`, { mode: 0o755 });
  return path;
}

async function until(what: string, holds: () => boolean): Promise<void> {
  const end = performance.now() + 20_000;
  while (!holds()) {
    if (performance.now() > end) throw new Error(`not within 20 s: ${what}`);
    await new Promise((wake) => setTimeout(wake, 10));
  }
}

function open(path: string) {
  const lines: string[] = [];
  const warnings: string[] = [];
  const journal = new Journal(
    { lines: (batch) => void lines.push(...batch), warn: (text) => warnings.push(text) },
    { programs: ['sshd', 'kernel'], maxLineBytes: 100, program: path, pauseMs: [10, 40] },
  );
  return { journal, lines, warnings };
}

test('one that ends is started again behind the last message, and told once', {
  timeout: 40_000,
}, async () => {
  const { journal, lines, warnings } = open(
    program(
      `printf '{"__CURSOR":"s=1;i=2","MESSAGE":"a"}\\n'; head -c 200 /dev/zero | tr '\\0' x; echo; echo broken >&2; exit 3`,
    ),
  );
  await until('two restarts', () => journal.restarts >= 2);
  await journal.stop();
  const calls = readFileSync(join(folder, 'calls'), 'utf8').split('\n');
  const common = '--output=json --follow --no-pager --quiet';
  expect(calls[0]).toBe(`${common} --lines=0 --identifier=sshd --identifier=kernel`);
  expect(calls[1]).toBe(`${common} --lines=all --after-cursor=s=1;i=2 --identifier=sshd --identifier=kernel`);
  expect(lines[0]).toBe('{"__CURSOR":"s=1;i=2","MESSAGE":"a"}');
  expect(journal.tooLong).toBeGreaterThanOrEqual(2);
  expect(warnings[0]).toMatch(/reader\.sh has ended \(3\): broken; it is started again$/);
});

test('one that cannot be started is told, and waited for', { timeout: 40_000 }, async () => {
  const { journal, warnings } = open(join(folder, 'nothing'));
  await until('two tries', () => journal.restarts >= 2);
  expect(journal.problem).toMatch(/nothing cannot be started: spawn .* ENOENT/);
  await journal.stop();
  expect(warnings).toHaveLength(1);
  expect(warnings[0]).toContain('messages may have been missed');
});

test('stopping ends one that waits', { timeout: 40_000 }, async () => {
  const { journal, lines } = open(program(`echo '{}'; exec sleep 600`));
  await until('a line', () => lines.length === 1);
  const begun = performance.now();
  await journal.stop();
  expect(performance.now() - begun).toBeLessThan(10_000);
});

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test, vi } from 'vitest';
import { alert } from '../alert.fixture.ts';
import { feedOnce } from './child-line.ts';
import { LocalSyslogTransport } from './syslog-local.ts';

const folder = mkdtempSync(join(tmpdir(), 'picket-child-'));
afterAll(() => rmSync(folder, { recursive: true }));
const never = new AbortController().signal;
const shell = (script: string, isQuiet = false, signal = never) =>
  feedOnce('/bin/sh', ['-c', script], 'a line', { name: 'it', isQuiet }, signal);

test('a child has the line when it ends with status 0', async () => {
  await shell('read -r line && test "$line" = "a line"');
  await shell('exit 0');
  await expect(shell('exit 3')).rejects.toThrow('it ended with status 3');
  await expect(shell('kill -9 $$')).rejects.toThrow('it was ended by SIGKILL');
  const none = feedOnce('/does/not/exist', [], 'a line', { name: 'it' }, never);
  await expect(none).rejects.toThrow('ENOENT');
});

test('what a quiet one complains of is why', async () => {
  await expect(shell('echo no room >&2; echo more >&2; exit 1', true)).rejects.toThrow(/^no room$/);
  await expect(shell('yes x | tr -d "\\n" | head -c 1000000 >&2; exit 1', true)).rejects.toThrow(/^x{300}$/);
  await expect(
    new LocalSyslogTransport({ socket: '/does/not/exist', json: true }).send(alert(1), never),
  ).rejects.toThrow('logger: socket /does/not/exist: No such file or directory');
});

test('an attempt that is over takes the child and its children along', async () => {
  const pids = join(folder, 'pids');
  const late = shell(`sleep 60 & echo $! $$ >${pids}; wait`, false, AbortSignal.timeout(300));
  await expect(late).rejects.toThrow(/timeout/);
  for (const pid of readFileSync(pids, 'utf8').trim().split(' '))
    await vi.waitFor(() => expect(stateOf(pid)).toBe('gone'));
});

/** A process that nobody has waited for is gone too (proc(5), state Z). */
function stateOf(pid: string): string {
  try {
    const state = /\) (\w)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1];
    return state === 'Z' ? 'gone' : String(state);
  } catch {
    return 'gone';
  }
}

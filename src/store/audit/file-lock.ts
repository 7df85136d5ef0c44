import { closeSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';

/** How long another process may hold it. Milliseconds. */
const mostMs = 5_000;
const pauseMs = 5;
const sleeper = new Int32Array(new SharedArrayBuffer(4));

/**
 * Runs `work` while no other process does so with the same path, and returns what it returns. The lock is a file that names its process; one of a process that
 * is gone does not count. Blocks this thread, for the milliseconds that the other takes. Throws an Error where it takes longer than five seconds.
 */
export function locked<T>(path: string, work: () => T): T {
  const until = performance.now() + mostMs;
  while (!take(path)) {
    if (performance.now() > until) throw new Error(`${path} is held by process ${holder(path)}`);
    Atomics.wait(sleeper, 0, 0, pauseMs);
  }
  try {
    return work();
  } finally {
    rmSync(path, { force: true });
  }
}

function take(path: string): boolean {
  try {
    const file = openSync(path, 'wx', 0o600);
    writeSync(file, `${process.pid} ${startOf(process.pid)}\n`);
    closeSync(file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    const held = holder(path);
    // An empty one is being written just now.
    const [pid = '', start] = held.split(' ');
    if (held !== '' && startOf(Number(pid)) !== start) rmSync(path, { force: true });
    return false;
  }
}

function holder(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return '';
  }
}

/** When a process was started, in ticks since the machine was (proc(5), field 22): tells it from a later one of the same number. */
function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return 'gone';
  }
}

import { type ChildProcess, spawn } from 'node:child_process';

/** As much as is kept of what a child complains of. */
const complaintLimit = 300;

/**
 * Returns a child whose output goes to standard error: standard output is for results. It leads a process group of its own.
 * With `isQuiet` its complaints are not passed on, and become the message of what {@link ended} returns.
 */
export function spawnChild(program: string, args: readonly string[], isQuiet = false): ChildProcess {
  const child = spawn(program, args, { stdio: ['pipe', 2, isQuiet ? 'pipe' : 2], detached: true });
  // A pipe that breaks is told to whoever writes.
  child.stdin?.on('error', () => {});
  child.on('error', () => {});
  return child;
}

/** Ends a child and what it started. */
export function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // Gone already.
  }
}

/** Resolves when the child has ended: with undefined for exit status 0, else with what happened. */
export function ended(child: ChildProcess, name: string): Promise<Error | undefined> {
  return new Promise((done) => {
    let complaint = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      complaint = (complaint + text).slice(0, complaintLimit);
    });
    child.once('error', (error) => done(error));
    child.once('close', (code, signal) => {
      if (code === 0) return done(undefined);
      const how = code === null ? `was ended by ${signal}` : `ended with status ${code}`;
      done(new Error(complaint.trim().split('\n')[0] || `${name} ${how}`));
    });
  });
}

/** Starts a program, gives it one line, and resolves when it has ended well. Rejects otherwise. `isQuiet`: {@link spawnChild}. */
export async function feedOnce(
  program: string,
  args: readonly string[],
  line: string,
  { name, isQuiet = false }: { readonly name: string; readonly isQuiet?: boolean },
  signal: AbortSignal,
): Promise<void> {
  signal.throwIfAborted();
  const child = spawnChild(program, args, isQuiet);
  const stop = () => killGroup(child);
  signal.addEventListener('abort', stop, { once: true });
  try {
    const end = ended(child, name);
    child.stdin?.end(`${line}\n`);
    const error = await end;
    if (error !== undefined) throw signal.aborted ? (signal.reason as Error) : error;
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { NoProgram, ownRunner, type Runner, runnerIn } from '../runner.ts';

/**
 * A network namespace without a name that lives as long as a process which waits for the end of its input: when Picket ends in
 * whatever way, the namespace goes with it, and everything in it.
 */
export class TrialNamespace implements AsyncDisposable {
  readonly runner: Runner;
  /** The process that keeps it. */
  readonly pid: number;
  readonly #keeper: ChildProcess;

  private constructor(keeper: ChildProcess) {
    this.#keeper = keeper;
    this.pid = keeper.pid!;
    this.runner = runnerIn(`/proc/${this.pid}/ns/net`);
  }

  /** Makes one, empty. Throws where this process may not. */
  static async open(): Promise<TrialNamespace> {
    const unshare = ownRunner().find('unshare');
    if (unshare === undefined) throw new NoProgram('unshare');
    const keeper = spawn(unshare, ['--net', 'sh', '-c', 'echo; exec cat >/dev/null'], {
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    keeper.stdin.on('error', () => {});
    let said = '';
    keeper.stderr.on('data', (bytes) => {
      said += bytes;
    });
    const ended = once(keeper, 'close').then(() => {
      throw new Error(`no network namespace can be made: ${said.trim()}`);
    });
    ended.catch(() => {});
    await Promise.race([once(keeper.stdout, 'data'), ended]);
    return new TrialNamespace(keeper);
  }

  /** Runs a program in it; returns what it prints. Throws what it says when it fails. */
  async run(program: string, args: readonly string[], input: string | Uint8Array = ''): Promise<string> {
    const ran = await this.runner.run(program, args, { input, timeoutMs: 120_000 });
    if (ran.code !== 0) throw new Error(`${program} ${args.join(' ')}: ${ran.err.trim() || ran.out.trim()}`);
    return ran.out;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#keeper.exitCode !== null || this.#keeper.signalCode !== null) return;
    const closed = once(this.#keeper, 'close');
    this.#keeper.kill('SIGKILL');
    await closed;
  }
}

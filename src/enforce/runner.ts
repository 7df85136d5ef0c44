import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** What a program said. */
export interface Ran {
  /** Exit code; undefined where a signal ended it. */
  readonly code: number | undefined;
  readonly out: string;
  readonly err: string;
}

/** Runs programs of the system: in the namespaces of this process, or in another network namespace. */
export interface Runner {
  /** Returns the path of a program, undefined where this machine has none. */
  find(program: string): string | undefined;
  /** Runs it to its end. Throws {@link NoProgram}; an Error where it takes longer than its time. */
  run(program: string, args: readonly string[], options?: RunOptions): Promise<Ran>;
  /** Starts it in a session of its own, so that it goes on when this process is gone; returns its process id. Throws {@link NoProgram}. */
  detach(program: string, args: readonly string[]): number;
}

export interface RunOptions {
  readonly input?: string | Uint8Array;
  /** Default 30,000. */
  readonly timeoutMs?: number;
}

/** The machine has no such program. */
export class NoProgram extends Error {
  readonly program: string;

  constructor(program: string) {
    super(`there is no ${program} in ${folders.join(', ')}`);
    this.program = program;
  }
}

/** Where programs are looked for, whatever PATH says: what is run as root is not for the environment to choose. */
const folders = ['/usr/sbin', '/usr/bin', '/sbin', '/bin', '/usr/local/sbin', '/usr/local/bin'];
/** The least that programs need of an environment; messages in English, since they are read. */
const environment = { PATH: folders.join(':'), LC_ALL: 'C', LANG: 'C' };
/** A ruleset with sets of a hundred thousand elements has some 10 MB. */
const mostOutput = 256 * 2 ** 20;

/** Returns a runner for the namespaces of this process. */
export function ownRunner(): Runner {
  return new ProgramRunner([]);
}

/** Returns a runner that enters a network namespace by its path, e.g. `/run/netns/edge`, and nothing else of it. */
export function runnerIn(networkNamespace: string): Runner {
  return new ProgramRunner(['nsenter', `--net=${networkNamespace}`]);
}

class ProgramRunner implements Runner {
  readonly #before: readonly string[];

  constructor(before: readonly string[]) {
    this.#before = before;
  }

  find(program: string): string | undefined {
    return folders.map((folder) => join(folder, program)).find((path) => existsSync(path));
  }

  run(program: string, args: readonly string[], options: RunOptions = {}): Promise<Ran> {
    const [path, ...rest] = this.#command(program, args);
    const { input = '', timeoutMs = 30_000 } = options;
    return new Promise((resolve, reject) => {
      const child = execFile(
        path!,
        rest,
        {
          env: environment,
          encoding: 'utf8',
          maxBuffer: mostOutput,
          timeout: timeoutMs,
          killSignal: 'SIGKILL',
        },
        (error, out, err) => {
          const { code } = error ?? { code: 0 };
          if (error?.killed) reject(new Error(`${program} did not end within ${timeoutMs / 1000} s`));
          else if (typeof code === 'string') reject(new Error(`${program} cannot be run: ${error?.message}`));
          else resolve({ code: code ?? undefined, out, err });
        },
      );
      // One that ends early closes its input; its exit code tells why.
      child.stdin?.on('error', () => {});
      child.stdin?.end(input);
    });
  }

  detach(program: string, args: readonly string[]): number {
    const [path, ...rest] = this.#command(program, args);
    const child = spawn(path!, rest, { env: environment, cwd: '/', detached: true, stdio: 'ignore' });
    child.on('error', () => {});
    child.unref();
    if (child.pid === undefined) throw new Error(`${program} cannot be started`);
    return child.pid;
  }

  #command(program: string, args: readonly string[]): string[] {
    const path = (name: string) => {
      const found = this.find(name);
      if (found === undefined) throw new NoProgram(name);
      return found;
    };
    const [enter, ...how] = this.#before;
    return [...(enter === undefined ? [] : [path(enter), ...how]), path(program), ...args];
  }
}

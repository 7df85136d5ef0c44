import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';

/** Whether this process may make network namespaces. */
export const canMakeNamespaces: boolean =
  process.getuid?.() === 0 && spawnSync('ip', ['netns', 'list']).status === 0;

/** Returns whether a program can be run. */
export function hasProgram(name: string): boolean {
  return spawnSync('sh', ['-c', `command -v ${name}`]).status === 0;
}

/** Two network namespaces, joined by a cable: `left` is 198.51.100.1 and 2001:db8::1, `right` ends in 2. */
export class NamespacePair {
  readonly left: string;
  readonly right: string;
  readonly #children: ChildProcess[] = [];

  constructor() {
    const tag = `${process.pid}-${Math.floor(performance.now())}`;
    this.left = `picket-test-l${tag}`;
    this.right = `picket-test-r${tag}`;
    try {
      for (const name of [this.left, this.right]) execFileSync('ip', ['netns', 'add', name]);
      execFileSync('ip', [
        'link',
        'add',
        'cable',
        'netns',
        this.left,
        'type',
        'veth',
        'peer',
        'name',
        'cable',
        'netns',
        this.right,
      ]);
      for (const [name, end] of [
        [this.left, 1],
        [this.right, 2],
      ] as const) {
        execFileSync('ip', ['-n', name, 'addr', 'add', `198.51.100.${end}/24`, 'dev', 'cable']);
        execFileSync('ip', ['-n', name, 'addr', 'add', `2001:db8::${end}/64`, 'dev', 'cable', 'nodad']);
        execFileSync('ip', ['-n', name, 'link', 'set', 'lo', 'up']);
        execFileSync('ip', ['-n', name, 'link', 'set', 'cable', 'up']);
      }
    } catch (error) {
      this.remove();
      throw error;
    }
  }

  /** Runs a program in a namespace to its end and returns its output; its exit code does not matter. */
  run(namespace: string, program: string, ...args: string[]): string {
    const done = spawnSync('ip', ['netns', 'exec', namespace, program, ...args], {
      encoding: 'utf8',
      timeout: 15_000,
    });
    if (done.error) throw done.error;
    return done.stdout + done.stderr;
  }

  /** Starts a Perl script in a namespace; resolves with the process when it has printed its first line. */
  async perl(namespace: string, script: string): Promise<ChildProcess> {
    const child = spawn('ip', ['netns', 'exec', namespace, 'perl', '-MSocket=:all', '-e', `$|=1;${script}`], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.#children.push(child);
    await new Promise<void>((resolve, reject) => {
      child.stdout!.once('data', () => resolve());
      child.once('error', reject);
      child.once('exit', (code) => reject(new Error(`perl ended with ${code} before it was ready`)));
    });
    return child;
  }

  /** Ends what was started and removes both namespaces. */
  remove(): void {
    for (const child of this.#children) child.kill('SIGKILL');
    for (const name of [this.left, this.right]) spawnSync('ip', ['netns', 'del', name]);
  }
}

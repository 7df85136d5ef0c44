import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The root of the checkout. */
export const root: string = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '');

/** Folder of third-party data with known results; tests that need it skip when it is absent. */
export const shared: string = process.env.PICKET_SHARED ?? resolve(root, '../shared');

/** Why this machine cannot run live scenarios, or undefined when it can. */
export const cannotWatch: string | undefined =
  process.getuid?.() !== 0 ? 'needs root' : tracingInstances() === undefined ? 'needs tracefs' : undefined;

/** Whether `program` is on the PATH. */
export function has(program: string): boolean {
  return (process.env.PATH ?? '')
    .split(':')
    .concat('/usr/sbin')
    .some((folder) => existsSync(join(folder, program)));
}

/** A TCP port on loopback that is free now. */
export function freePort(): Promise<number> {
  return new Promise((resolvePort, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolvePort(typeof address === 'object' && address ? address.port : 0));
    });
  });
}

/** An empty folder that is removed when the test's `using` scope ends. */
export function temporaryFolder(): { readonly path: string } & Disposable {
  const path = mkdtempSync(join(tmpdir(), 'picket-test-'));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

export const sleep = (ms: number): Promise<void> => new Promise((wake) => setTimeout(wake, ms));

/** Waits until `probe` returns something. Throws, naming `what`, after `timeoutMs`. */
export async function until<T>(
  what: string,
  probe: () => T | undefined | Promise<T | undefined>,
  timeoutMs = 10_000,
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const value = await probe();
    if (value !== undefined && value !== false) return value;
    if (performance.now() > deadline) throw new Error(`not within ${timeoutMs} ms: ${what}`);
    await sleep(25);
  }
}

/** What Node takes to start and load two libraries where limits of time were set, ms. */
const usualMs = 50;
let measured: number | undefined;

/**
 * How many times slower than that this machine is now, 1 at least: limits of time are meant for a machine that has its processors to itself,
 * and what shares them with others is slower by far more than such a limit has room for.
 */
export function slowness(): number {
  measured ??= Math.max(1, leastMs(7) / usualMs);
  return measured;
}

function leastMs(tries: number): number {
  const times = Array.from({ length: tries }, () => {
    const begun = performance.now();
    execFileSync(
      process.execPath,
      ['--input-type=module', '-e', 'await import("zod"); await import("yaml")'],
      {
        cwd: root,
      },
    );
    return performance.now() - begun;
  });
  return Math.min(...times);
}

/** A line that the program printed, and when (performance.now()). */
export interface Line {
  readonly at: number;
  readonly text: string;
}

/** `picket run` as a child, with everything it says. */
export class Guard {
  readonly url: string;
  readonly metricsUrl: string;
  readonly stdout: Line[] = [];
  readonly stderr: Line[] = [];
  readonly child: ChildProcess;
  readonly ended: Promise<number | string>;

  private constructor(args: readonly string[], port: number, metricsPort: number) {
    this.url = `http://127.0.0.1:${port}`;
    this.metricsUrl = `http://127.0.0.1:${metricsPort}`;
    this.child = spawn(
      join(root, 'picket'),
      [
        'run',
        '--listen',
        `127.0.0.1:${port}`,
        '--metrics-listen',
        `127.0.0.1:${metricsPort}`,
        '-o',
        'jsonl',
        ...args,
      ],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    );
    collect(this.child.stdout, this.stdout);
    collect(this.child.stderr, this.stderr);
    this.ended = new Promise((done) =>
      this.child.on('close', (code, signal) => done(code ?? signal ?? 'unknown')),
    );
  }

  /** Starts it on free ports and waits until it watches and serves. */
  static async start(args: readonly string[]): Promise<Guard> {
    const guard = new Guard(args, await freePort(), await freePort());
    await until(
      'picket serves',
      async () => {
        if (guard.child.exitCode !== null) throw new Error(`picket ended: ${guard.said}`);
        return (await fetch(`${guard.url}/healthz`).catch(() => undefined)) ? true : undefined;
      },
      20_000,
    );
    return guard;
  }

  get said(): string {
    return this.stderr.map(({ text }) => text).join('\n');
  }

  /** Everything of one type that was printed as JSON so far. */
  printed(type: 'alert' | 'flow'): (Record<string, unknown> & { at: number })[] {
    return this.stdout
      .map(({ at, text }) => ({ ...(JSON.parse(text) as Record<string, unknown>), at }))
      .filter((value) => 'type' in value && value.type === type) as (Record<string, unknown> & {
      at: number;
    })[];
  }

  async get<T>(path: string): Promise<T> {
    return (await (await fetch(this.url + path)).json()) as T;
  }

  /** What Prometheus would scrape. */
  async metrics(): Promise<string> {
    return (await fetch(`${this.metricsUrl}/metrics`)).text();
  }

  /** Resident memory in bytes (VmRSS of /proc/pid/status). */
  get rss(): number {
    return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${this.child.pid}/status`, 'utf8'))?.[1]) * 1024;
  }

  /** Processor time used so far, in seconds (utime + stime of /proc/pid/stat, 100 ticks a second). */
  get cpuSeconds(): number {
    const fields = readFileSync(`/proc/${this.child.pid}/stat`, 'utf8')
      .replace(/^.*\) /, '')
      .split(' ');
    return (Number(fields[11]) + Number(fields[12])) / 100;
  }

  /** Ends it as Ctrl-C does; returns its exit code. */
  async stop(): Promise<number | string> {
    this.child.kill('SIGINT');
    return this.ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) await this.stop();
  }
}

function collect(stream: NodeJS.ReadableStream | null, lines: Line[]): void {
  let rest = '';
  stream?.setEncoding('utf8');
  stream?.on('data', (chunk: string) => {
    const parts = (rest + chunk).split('\n');
    rest = parts.pop() ?? '';
    for (const text of parts) lines.push({ at: performance.now(), text });
  });
}

/** Names of all tracing instances of the kernel; undefined without tracefs. Looks from a mount namespace of its own. */
function tracingInstances(): string[] | undefined {
  const script = 'mount -t tracefs tracefs /mnt && ls /mnt/instances';
  const { code, out } = command('unshare', ['--mount', 'sh', '-c', script]);
  return code === 0 ? out.split('\n').filter(Boolean) : undefined;
}

/** What Picket could have left behind: network namespaces and tracing instances of the given process. */
export function leftBehind(pid: number): string[] {
  const namespaces = existsSync('/run/netns') ? readdirSync('/run/netns') : [];
  return [...namespaces, ...(tracingInstances() ?? [])].filter((name) => name.includes(`-${pid}-`));
}

/** Runs the command line program to its end. */
export function picket(
  args: readonly string[],
  options: { input?: string; cwd?: string } = {},
): { code: number; out: string; err: string } {
  return command(join(root, 'picket'), args, options);
}

/** Runs any program to its end, without throwing for its exit code. */
export function command(
  program: string,
  args: readonly string[],
  { input, cwd }: { input?: string; cwd?: string } = {},
): { code: number; out: string; err: string } {
  try {
    const out = execFileSync(program, [...args], {
      encoding: 'utf8',
      input: input ?? '',
      cwd,
      stdio: 'pipe',
      maxBuffer: 1 << 28,
    });
    return { code: 0, out, err: '' };
  } catch (error) {
    const { status, stdout, stderr } = error as { status: number | null; stdout: string; stderr: string };
    return { code: status ?? -1, out: stdout, err: stderr };
  }
}

/** Two hosts joined by a cable, each a network namespace of this test's own. */
export class TwoHosts implements Disposable {
  readonly #id = `picket-test-${process.pid}-${Math.floor(performance.now())}`;
  readonly left = '198.51.100.1';
  readonly right = '198.51.100.2';

  constructor() {
    const [left, right] = [this.namespace('left'), this.namespace('right')];
    const ip = (...args: string[]) => execFileSync('ip', args);
    ip('netns', 'add', left);
    ip('netns', 'add', right);
    ip('-n', left, 'link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', right);
    for (const [name, address] of [
      [left, this.left],
      [right, this.right],
    ] as const) {
      ip('-n', name, 'address', 'add', `${address}/24`, 'dev', 'eth0');
      ip('-n', name, 'link', 'set', 'lo', 'up');
      ip('-n', name, 'link', 'set', 'eth0', 'up');
    }
  }

  namespace(side: 'left' | 'right'): string {
    return `${this.#id}-${side}`;
  }

  /** Starts a program on one host; the caller ends it. */
  spawn(side: 'left' | 'right', program: string, ...args: string[]): ChildProcess {
    return spawn('nsenter', [`--net=/run/netns/${this.namespace(side)}`, program, ...args], {
      stdio: ['pipe', 'pipe', 'pipe'],
    });
  }

  /** Runs a program on one host to its end. */
  run(
    side: 'left' | 'right',
    program: string,
    ...args: string[]
  ): { code: number; out: string; err: string } {
    return command('nsenter', [`--net=/run/netns/${this.namespace(side)}`, program, ...args]);
  }

  [Symbol.dispose](): void {
    for (const side of ['left', 'right'] as const)
      execFileSync('ip', ['netns', 'delete', this.namespace(side)]);
  }
}

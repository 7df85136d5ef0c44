import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** A record as `nfdump -o json` prints it; only what is asked for in tests. */
export interface NfdumpRecord {
  readonly proto: number;
  readonly first: string;
  readonly last: string;
  readonly in_packets: number;
  readonly in_bytes: number;
  readonly out_packets?: number;
  readonly out_bytes?: number;
  readonly src_port?: number;
  readonly dst_port?: number;
  readonly icmp_type?: number;
  readonly icmp_code?: number;
  readonly tcp_flags?: string;
  readonly src4_addr?: string;
  readonly dst4_addr?: string;
  readonly src6_addr?: string;
  readonly dst6_addr?: string;
  readonly [field: string]: unknown;
}

/** Debian's nfcapd on loopback, writing into a folder of its own. */
export class Nfcapd {
  readonly port: number;
  readonly #folder: string;
  readonly #child: ChildProcess;
  readonly #exited: Promise<void>;
  #log = '';

  private constructor(port: number, folder: string, args: readonly string[], before: readonly string[]) {
    this.port = port;
    this.#folder = folder;
    const [program, ...all] = [...before, 'nfcapd', '-w', folder, '-p', String(port), '-t', '3600', ...args];
    this.#child = spawn(program as string, all, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, TZ: 'UTC' },
    });
    this.#child.stdout!.on('data', (text: Buffer) => {
      this.#log += text.toString();
    });
    this.#child.stderr!.on('data', (text: Buffer) => {
      this.#log += text.toString();
    });
    this.#exited = new Promise((resolve) => this.#child.once('close', () => resolve()));
  }

  /** Starts it and waits until it listens. `family` 6 listens on ::1. `namespace`: the network namespace to do it in. */
  static async start(family: 4 | 6 = 4, args: readonly string[] = [], namespace?: string): Promise<Nfcapd> {
    const port = await freePort(family);
    const bind = family === 4 ? ['-b', '127.0.0.1'] : ['-6', '-b', '::1'];
    const folder = mkdtempSync(join(tmpdir(), 'picket-nfcapd-'));
    const before = namespace === undefined ? [] : ['ip', 'netns', 'exec', namespace];
    const nfcapd = new Nfcapd(port, folder, [...bind, ...args], before);
    const until = performance.now() + 10_000;
    while (!isBound(nfcapd.pid, family, port)) {
      if (performance.now() > until || nfcapd.#child.exitCode !== null) {
        await nfcapd.stop();
        throw new Error(`nfcapd does not listen: ${nfcapd.#log}`);
      }
      await sleep(20);
    }
    return nfcapd;
  }

  get pid(): number {
    return this.#child.pid!;
  }

  /** What it printed; complete once it has stopped. */
  get log(): string {
    return this.#log;
  }

  /** Ends it, without a look at what it wrote; its log says how many flows that is. */
  async end(): Promise<void> {
    this.#child.kill('SIGTERM');
    await this.#exited;
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** Ends it and returns what nfdump reads of its files. */
  async stop(): Promise<readonly NfdumpRecord[]> {
    try {
      this.#child.kill('SIGTERM');
      await this.#exited;
      if (!existsSync(this.#folder)) return [];
      const text = execFileSync('nfdump', ['-R', this.#folder, '-o', 'json', '-q'], {
        encoding: 'utf8',
        env: { ...process.env, TZ: 'UTC' },
        maxBuffer: 2 ** 28,
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      if (text.trim() === 'No matching flows') return [];
      // Without brackets, and with a comma behind each record.
      return JSON.parse(`[${text.trim().replace(/,$/, '')}]`) as NfdumpRecord[];
    } finally {
      rmSync(this.#folder, { recursive: true, force: true });
    }
  }
}

/** A port that nobody has just now. */
export async function freePort(family: 4 | 6): Promise<number> {
  const socket = createSocket(family === 4 ? 'udp4' : 'udp6');
  await new Promise<void>((resolve) => socket.bind(0, family === 4 ? '127.0.0.1' : '::1', resolve));
  const { port } = socket.address();
  await new Promise<void>((resolve) => socket.close(resolve));
  return port;
}

/** Whether a socket in the network namespace of the process has the port. */
function isBound(pid: number, family: 4 | 6, port: number): boolean {
  const end = `:${port.toString(16).toUpperCase().padStart(4, '0')} `;
  try {
    return readFileSync(`/proc/${pid}/net/udp${family === 4 ? '' : '6'}`, 'latin1').includes(end);
  } catch {
    return false;
  }
}

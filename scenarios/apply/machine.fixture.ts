import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Namespace } from '../../src/enforce/namespace.fixture.ts';
import { command, root, until } from '../harness.ts';

/** Addresses of the machine with the packet filter, and of who manages it. */
export const [machineAddress, adminAddress] = ['198.51.100.2', '203.0.113.7'];

/** A machine and its administrator's, joined by a cable, each a network namespace; the machine routes to the other. */
export class Site implements Disposable {
  readonly machine = new Namespace('machine');
  readonly admin = new Namespace('admin');
  readonly folder = mkdtempSync(join(tmpdir(), 'picket-apply-'));
  readonly #children: ChildProcess[] = [];

  constructor() {
    const { machine, admin } = this;
    machine.run('ip', ['link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', admin.name]);
    for (const [space, own, other] of [
      [machine, machineAddress, adminAddress],
      [admin, adminAddress, machineAddress],
    ] as const) {
      space.run('ip', ['address', 'add', `${own}/32`, 'dev', 'eth0']);
      space.run('ip', ['link', 'set', 'eth0', 'up']);
      space.run('ip', ['route', 'add', `${other}/32`, 'dev', 'eth0', 'src', own]);
    }
  }

  get state(): string {
    return join(this.folder, 'state');
  }

  /** Writes a file; returns its path. */
  file(name: string, text: string): string {
    writeFileSync(join(this.folder, name), text);
    return join(this.folder, name);
  }

  /** Runs Picket on the machine to its end. */
  picket(
    args: readonly string[],
    env: Record<string, string> = {},
  ): { code: number; out: string; err: string } {
    const words = Object.entries({ SSH_CONNECTION: '', ...env }).map(([name, value]) => `${name}=${value}`);
    const [program, all] = this.machine.command(
      'env',
      ...words,
      join(root, 'picket'),
      ...args,
      '--state',
      this.state,
    );
    return command(program, all);
  }

  /** Starts a program in one of the namespaces; it is killed at the end. */
  start(space: Namespace, program: string, ...args: string[]): ChildProcess {
    const child = spawn(...space.command(program, ...args), { stdio: ['pipe', 'pipe', 'pipe'] });
    this.#children.push(child);
    return child;
  }

  /** A server on the machine that sends back what it gets. */
  async serve(port: number): Promise<void> {
    const script = `require('net').createServer((s) => s.on('error', () => {}).pipe(s)).listen(${port}, () => console.log('ready'))`;
    await said(this.start(this.machine, process.execPath, '-e', script), 'ready');
  }

  /** A connection of the administrator to the machine. */
  async connect(port: number): Promise<Connection> {
    const script = `const s = require('net').connect(${port}, '${machineAddress}', () => console.log('port ' + s.localPort + ' '));
      s.on('data', (d) => process.stdout.write(d)); process.stdin.pipe(s); s.on('error', () => {})`;
    const child = this.start(this.admin, process.execPath, '-e', script);
    const text = await said(child, /port \d+ /);
    return new Connection(child, `${adminAddress} ${/\d+/.exec(text)} ${machineAddress} ${port}`);
  }

  /** Whether the administrator can open a new connection. */
  reaches(port: number): boolean {
    return (
      command(
        ...this.admin.command('bash', '-c', `timeout 1 bash -c 'exec 3<>/dev/tcp/${machineAddress}/${port}'`),
      ).code === 0
    );
  }

  rules(): string {
    return this.machine.run('nft', ['list', 'ruleset']);
  }

  [Symbol.dispose](): void {
    for (const child of this.#children) child.kill('SIGKILL');
    this.machine[Symbol.dispose]();
    this.admin[Symbol.dispose]();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** An open connection that is echoed. */
export class Connection {
  readonly #child: ChildProcess;
  /** As sshd sets SSH_CONNECTION. */
  readonly sshConnection: string;

  constructor(child: ChildProcess, sshConnection: string) {
    this.#child = child;
    this.sshConnection = sshConnection;
  }

  /** Resolves when a word came back; throws after the time. */
  async echoes(word: string, timeoutMs: number): Promise<void> {
    let got = '';
    const take = (text: Buffer) => {
      got += text;
    };
    this.#child.stdout?.on('data', take);
    this.#child.stdin?.write(`${word}\n`);
    try {
      await until(`the echo of ${word}`, () => got.includes(word) || undefined, timeoutMs);
    } finally {
      this.#child.stdout?.off('data', take);
    }
  }
}

function said(child: ChildProcess, what: string | RegExp): Promise<string> {
  let text = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    text += chunk;
  });
  return until(`a program says ${what}`, () => (text.match(what) ? text : undefined), 20_000);
}

/** Kills one process that the test started. */
export function killNow(pid: number): void {
  execFileSync('kill', ['-9', String(pid)]);
}

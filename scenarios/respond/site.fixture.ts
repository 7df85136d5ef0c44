import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Namespace } from '../../src/enforce/namespace.fixture.ts';
import type { Response } from '../../src/respond/model.ts';
import { command, root, sleep, until } from '../harness.ts';

/** Addresses of the machine that Picket guards, of who attacks it, and of who only uses it. */
export const [machineAddress, attackerAddress, clientAddress] = [
  '198.18.77.2',
  '198.18.77.66',
  '198.18.77.10',
];

/** What a client saw: of each request when it was sent (Date.now()), and whether it was answered. */
export interface Requests {
  readonly at: number;
  readonly ok: boolean;
}

/** A machine, an attacker and a client, each a network namespace, on one bridge of the machine; `picket run` guards the machine. */
export class RespondSite implements AsyncDisposable {
  readonly machine = new Namespace('machine');
  readonly attacker = new Namespace('attacker');
  readonly client = new Namespace('client');
  readonly folder = mkdtempSync(join(tmpdir(), 'picket-respond-'));
  readonly #children: ChildProcess[] = [];
  #guard: ChildProcess | undefined;
  said = '';

  constructor() {
    const { machine, attacker, client } = this;
    mkdirSync(join(this.folder, 'site'));
    machine.run('ip', ['link', 'add', 'br0', 'type', 'bridge']);
    machine.run('ip', ['address', 'add', `${machineAddress}/24`, 'dev', 'br0']);
    machine.run('ip', ['link', 'set', 'br0', 'up']);
    for (const [space, name, address] of [
      [attacker, 'port-a', attackerAddress],
      [client, 'port-c', clientAddress],
    ] as const) {
      machine.run('ip', ['link', 'add', name, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', space.name]);
      machine.run('ip', ['link', 'set', name, 'master', 'br0', 'up']);
      space.run('ip', ['address', 'add', `${address}/24`, 'dev', 'eth0']);
      space.run('ip', ['link', 'set', 'eth0', 'up']);
    }
  }

  get state(): string {
    return join(this.folder, 'state');
  }

  /** Writes a file of the site. */
  file(name: string, text: string): void {
    writeFileSync(join(this.folder, 'site', name), text);
  }

  start(space: Namespace, program: string, ...args: string[]): ChildProcess {
    const child = spawn(...space.command(program, ...args), { stdio: ['pipe', 'pipe', 'pipe'] });
    this.#children.push(child);
    return child;
  }

  /** A web server on the machine, on some ports. */
  async serve(...ports: number[]): Promise<void> {
    const script = `let n = 0; for (const p of [${ports}]) require('http').createServer((_, a) => a.end('ok')).listen(p, () => { if (++n === ${ports.length}) console.log('ready'); })`;
    const child = this.start(this.machine, process.execPath, '-e', script);
    await new Promise((resolve) => child.stdout?.once('data', resolve));
  }

  /** Starts requests of one namespace, a new connection each, one after the other without a pause of more than 10 ms; the result ends them and tells of all. */
  requests(space: Namespace, port: number, timeoutMs: number): () => Promise<readonly Requests[]> {
    const script = `const http = require('http'); let isOver = false; const seen = [];
      const one = () => { if (isOver) return console.log(JSON.stringify(seen));
        const at = Date.now(); let isDone = false;
        const end = (ok) => { if (isDone) return; isDone = true; seen.push({ at, ok }); setTimeout(one, 10); };
        const r = http.get({ host: '${machineAddress}', port: ${port}, agent: false, timeout: ${timeoutMs} }, (a) => { a.resume().on('end', () => end(a.statusCode === 200)); });
        r.on('error', () => end(false)).on('timeout', () => r.destroy(new Error('late'))); };
      process.stdin.on('end', () => { isOver = true; }).resume(); one();`;
    const child = this.start(space, process.execPath, '-e', script);
    let text = '';
    child.stdout?.on('data', (chunk) => {
      text += chunk;
    });
    const closed = new Promise((resolve) => child.once('close', resolve));
    return async () => {
      child.stdin?.end();
      await closed;
      return JSON.parse(text) as Requests[];
    };
  }

  /** Starts `picket run` on the machine and waits until it serves. */
  async guard(): Promise<void> {
    const [program, args] = this.machine.command(
      join(root, 'picket'),
      'run',
      ...['--manifests', join(this.folder, 'site'), '--state', this.state],
      ...['--listen', '127.0.0.1:8470', '--metrics-listen', '127.0.0.1:9090'],
    );
    this.#guard = spawn(program, args, {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, SSH_CONNECTION: '' },
    });
    this.said = '';
    this.#guard.stderr?.on('data', (chunk) => {
      this.said += chunk;
    });
    await until('picket serves', () => this.said.includes('Ctrl-C ends it') || undefined, 60_000);
  }

  /** Kills `picket run` with nothing left to do for it. */
  async kill(): Promise<void> {
    const guard = this.#guard;
    if (guard === undefined) return;
    const closed = new Promise((resolve) => guard.once('close', resolve));
    guard.kill('SIGKILL');
    await closed;
    this.#guard = undefined;
  }

  picket(...args: string[]): { code: number; out: string; err: string } {
    const [program, all] = this.machine.command(
      'env',
      'SUDO_USER=anna',
      join(root, 'picket'),
      ...args,
      '--state',
      this.state,
    );
    return command(program, all);
  }

  /** A real scan by nmap. */
  scan(): void {
    this.attacker.run('nmap', [
      '-sT',
      '-n',
      '-Pn',
      '--max-retries',
      '0',
      '-T4',
      '-p',
      '1-1000',
      machineAddress,
    ]);
  }

  responses(): readonly Response[] {
    const path = join(this.state, 'respond', 'audit.jsonl');
    if (!existsSync(path)) return [];
    return (JSON.parse(this.picket('respond', 'list', '-o', 'json').out) as { responses: Response[] })
      .responses;
  }

  /** Waits until the audit log tells of an event. */
  async told(event: string): Promise<void> {
    const path = join(this.state, 'respond', 'audit.jsonl');
    const has = () => existsSync(path) && readFileSync(path, 'utf8').includes(`"event":"${event}"`);
    await until(`the audit log tells of ${event}; said: ${this.said}`, () => has() || undefined, 60_000);
  }

  /** Sends an approval as `picket respond approve` does; returns when it was sent and when it was answered (Date.now()). */
  approve(id: string): { sent: number; answered: number; text: string } {
    const script = `const { url, secret } = JSON.parse(require('fs').readFileSync('${join(this.state, 'respond/agent.json')}', 'utf8'));
      (async () => { await fetch(url + 'healthz'); const sent = Date.now();
      const r = await fetch(url + 'api/v1/responses/${id}/approve', { method: 'POST', body: '{"by":"anna"}', headers: { 'content-type': 'application/json', 'picket-approval': secret } });
      const { text } = await r.json(); console.log(JSON.stringify({ sent, answered: Date.now(), text })); })()`;
    return JSON.parse(command(...this.machine.command(process.execPath, '-e', script)).out);
  }

  /** Whether one of them can open a connection. */
  reaches(space: Namespace, port: number): boolean {
    const shell = `timeout 1 bash -c 'exec 3<>/dev/tcp/${machineAddress}/${port}'`;
    return command(...space.command('bash', '-c', shell)).code === 0;
  }

  /** All of nft but its counts, which traffic changes, byte for byte. */
  steadyRules(): string {
    return this.machine.run('nft', ['-s', 'list', 'ruleset']);
  }

  rules(): string {
    return this.machine.run('nft', ['list', 'ruleset']);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#guard !== undefined) {
      const guard = this.#guard;
      guard.kill('SIGINT');
      for (let waited = 0; guard.exitCode === null && waited < 15_000; waited += 50) await sleep(50);
      if (guard.exitCode === null) guard.kill('SIGKILL');
    }
    for (const child of this.#children) child.kill('SIGKILL');
    for (const space of [this.machine, this.attacker, this.client]) space[Symbol.dispose]();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

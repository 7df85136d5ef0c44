import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { FlowJson } from '../../flow/json.ts';
import type { ConntrackOptions } from '../conntrack.ts';
import type { FlowSourceCounters } from '../flow-source.ts';

const program = fileURLToPath(new URL('./follow.fixture.ts', import.meta.url));

/** What the program that follows conntrack in a namespace prints, one object a line. */
export type Followed =
  | { readonly kind: 'flow'; readonly flow: FlowJson; readonly change: string }
  | { readonly kind: 'notice'; readonly text: string }
  | { readonly kind: 'counters'; readonly counters: FlowSourceCounters }
  | { readonly kind: 'flows'; readonly flows: readonly FlowJson[] }
  | { readonly kind: 'ready' | 'stopped' };

/**
 * Three network namespaces: `lan` (198.51.100.2, 2001:db8:1::2) behind `router`, which masquerades IPv4 and gives its port 8080
 * to port 80 of `lan`; and `wan` (203.0.113.2, 2001:db8:2::2), which drops what comes for its TCP port 82. The router tracks
 * connections, counts and stamps them, and forgets them after seconds.
 */
export class Router {
  readonly lan: string;
  readonly router: string;
  readonly wan: string;
  readonly #children: ChildProcess[] = [];

  constructor() {
    const tag = `${process.pid}-${Math.floor(performance.now())}`;
    this.lan = `picket-ct-l${tag}`;
    this.router = `picket-ct-r${tag}`;
    this.wan = `picket-ct-w${tag}`;
    try {
      this.#build();
    } catch (error) {
      this.remove();
      throw error;
    }
  }

  #build(): void {
    const { lan, router, wan } = this;
    const ip = (...args: string[]) => execFileSync('ip', args);
    for (const name of [lan, router, wan]) ip('netns', 'add', name);
    for (const [name, cable] of [
      [lan, 'lan'],
      [wan, 'wan'],
    ] as const)
      ip('link', 'add', cable, 'netns', name, 'type', 'veth', 'peer', 'name', cable, 'netns', router);
    for (const [name, cable, ...addresses] of [
      [lan, 'lan', '198.51.100.2/24', '2001:db8:1::2/64'],
      [router, 'lan', '198.51.100.1/24', '2001:db8:1::1/64'],
      [router, 'wan', '203.0.113.1/24', '2001:db8:2::1/64'],
      [wan, 'wan', '203.0.113.2/24', '2001:db8:2::2/64'],
    ] as const) {
      for (const address of addresses)
        ip('-n', name, 'addr', 'add', address, 'dev', cable, ...(address.includes(':') ? ['nodad'] : []));
      ip('-n', name, 'link', 'set', 'lo', 'up');
      ip('-n', name, 'link', 'set', cable, 'up');
    }
    ip('-n', lan, 'route', 'add', 'default', 'via', '198.51.100.1');
    ip('-n', lan, '-6', 'route', 'add', 'default', 'via', '2001:db8:1::1');
    ip('-n', wan, '-6', 'route', 'add', 'default', 'via', '2001:db8:2::1');
    this.set({
      'net.ipv4.ip_forward': 1,
      'net.ipv6.conf.all.forwarding': 1,
      'net.netfilter.nf_conntrack_acct': 1,
      'net.netfilter.nf_conntrack_timestamp': 1,
    });
    this.#nft(
      router,
      `table inet t {
        chain forward { type filter hook forward priority 0; ct state invalid drop; };
        chain pre { type nat hook prerouting priority -100; iif "wan" ip daddr 203.0.113.1 tcp dport 8080 dnat ip to 198.51.100.2:80; };
        chain post { type nat hook postrouting priority 100; oif "wan" ip saddr 198.51.100.0/24 masquerade; };
      }`,
    );
    this.#nft(wan, 'table inet t { chain input { type filter hook input priority 0; tcp dport 82 drop; }; }');
  }

  /** Sets values of the kernel within the router's namespace. */
  set(values: Readonly<Record<string, number>>): void {
    const settings = Object.entries(values).map(([name, value]) => `${name}=${value}`);
    execFileSync('ip', ['netns', 'exec', this.router, 'sysctl', '-qw', ...settings]);
  }

  /** Runs a program in a namespace to its end and returns its output; its exit code does not matter. */
  run(namespace: string, program: string, ...args: string[]): string {
    const done = spawnSync('ip', ['netns', 'exec', namespace, program, ...args], {
      encoding: 'utf8',
      timeout: 60_000,
      maxBuffer: 2 ** 28,
    });
    if (done.error) throw done.error;
    return done.stdout;
  }

  /** Runs a Perl script in a namespace, to its end. */
  perl(namespace: string, script: string): string {
    return this.run(namespace, 'perl', '-MSocket=:all', '-MIO::Socket::IP', '-e', script);
  }

  /** Starts a program in a namespace. */
  start(namespace: string, program: string, ...args: string[]): ChildProcess {
    const child = spawn('ip', ['netns', 'exec', namespace, program, ...args], {
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.#children.push(child);
    return child;
  }

  /** Starts a Perl script; resolves when it has printed its first line. */
  async serve(namespace: string, script: string): Promise<void> {
    const child = this.start(namespace, 'perl', '-MSocket=:all', '-MIO::Socket::IP', '-e', `$|=1;${script}`);
    child.stderr!.pipe(process.stderr);
    await new Promise<void>((resolve, reject) => {
      child.stdout!.once('data', () => resolve());
      child.once('exit', (code) => reject(new Error(`perl ended with ${code} before it was ready`)));
    });
  }

  /** Follows conntrack in the router's namespace, by a process of its own. */
  follow(options: ConntrackOptions = {}): Follower {
    return new Follower(this.start(this.router, process.execPath, program, JSON.stringify(options)));
  }

  /** Ends what was started and removes the namespaces. */
  remove(): void {
    for (const child of this.#children) child.kill('SIGKILL');
    for (const name of [this.lan, this.router, this.wan]) spawnSync('ip', ['netns', 'del', name]);
  }

  #nft(namespace: string, rules: string): void {
    execFileSync('ip', ['netns', 'exec', namespace, 'nft', '-f', '-'], { input: rules });
  }
}

/** The process that follows conntrack, and what it has told. */
export class Follower {
  readonly told: { readonly flow: FlowJson; readonly change: string }[] = [];
  readonly notices: string[] = [];
  readonly ready: Promise<void>;
  readonly ended: Promise<number | null>;
  errors = '';
  readonly #child: ChildProcess;
  readonly #answers: ((answer: Followed) => void)[] = [];

  constructor(child: ChildProcess) {
    this.#child = child;
    child.stderr!.on('data', (data) => (this.errors += data));
    this.ended = new Promise((resolve) => child.once('exit', resolve));
    this.ready = new Promise((resolve, reject) => {
      child.once('exit', () => reject(new Error(`it ended: ${this.errors}`)));
      createInterface({ input: child.stdout! }).on('line', (line) => {
        const said = JSON.parse(line) as Followed;
        if (said.kind === 'ready') resolve();
        else if (said.kind === 'flow') this.told.push(said);
        else if (said.kind === 'notice') this.notices.push(said.text);
        else this.#answers.shift()?.(said);
      });
    });
    this.ready.catch(() => {});
  }

  async counters(): Promise<FlowSourceCounters> {
    const answer = await this.#ask('counters');
    if (answer.kind !== 'counters') throw new Error(`no counters: ${answer.kind}`);
    return answer.counters;
  }

  /** All flows that are not over. */
  async flows(): Promise<readonly FlowJson[]> {
    const answer = await this.#ask('flows');
    if (answer.kind !== 'flows') throw new Error(`no flows: ${answer.kind}`);
    return answer.flows;
  }

  /** Waits until so many dumps have been read; by default two more than now, of which the second was asked for after this was called. */
  async dumped(count?: number): Promise<void> {
    const target = count ?? (await this.counters()).details.dumps! + 2;
    for (const until = performance.now() + 20_000; performance.now() < until; ) {
      if ((await this.counters()).details.dumps! >= target) return;
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
    throw new Error(`no dumps came: ${JSON.stringify(await this.counters())} ${this.errors}`);
  }

  /** The reading stands still for so many milliseconds. */
  sleep(ms: number): void {
    this.#child.stdin!.write(`sleep ${ms}\n`);
  }

  async stop(): Promise<void> {
    await this.#ask('stop');
    await this.ended;
  }

  #ask(question: string): Promise<Followed> {
    const answer = new Promise<Followed>((resolve) => this.#answers.push(resolve));
    this.#child.stdin!.write(`${question}\n`);
    const failed = this.ended.then(() => Promise.reject(new Error(`it ended: ${this.errors}`)));
    return Promise.race([answer, failed]);
  }
}

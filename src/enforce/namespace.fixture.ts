import { execFileSync } from 'node:child_process';
import { existsSync, readlinkSync, statSync } from 'node:fs';
import { type Runner, runnerIn } from './runner.ts';

/** Why packet filters cannot be changed here for a test, or undefined when they can. */
export const cannotEnforce: string | undefined =
  process.getuid?.() === 0
    ? ['/usr/sbin/nft', '/usr/sbin/ip', '/usr/sbin/iptables-legacy', '/usr/bin/unshare']
        .find((path) => !existsSync(path))
        ?.concat(' is missing')
    : 'needs root';

let made = 0;

/**
 * A network namespace of a test's own, with loopback up; gone with the test's `using` scope. Nothing that a test does through it
 * reaches the machine's own namespace: whoever would enter that is stopped before the first rule.
 */
export class Namespace implements Disposable {
  readonly name: string;
  readonly path: string;
  readonly runner: Runner;

  constructor(purpose: string) {
    this.name = `picket-test-${process.pid}-${purpose}-${made++}`;
    this.path = `/run/netns/${this.name}`;
    execFileSync('ip', ['netns', 'add', this.name], { stdio: 'pipe' });
    this.runner = runnerIn(this.path);
    try {
      this.#mustBeOwn();
      this.run('ip', ['link', 'set', 'lo', 'up']);
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
  }

  /** The program and arguments with which to start something in here. */
  command(program: string, ...args: string[]): [string, string[]] {
    return ['nsenter', [`--net=${this.path}`, program, ...args]];
  }

  /** Runs a program in here; returns what it prints. Throws when it fails. */
  run(program: string, args: readonly string[], input = ''): string {
    const [enter, all] = this.command(program, ...args);
    return execFileSync(enter, all, { input, encoding: 'utf8', stdio: 'pipe', timeout: 30_000 });
  }

  /** Everything of nft but our table, and what legacy iptables has, byte for byte, without counts. */
  foreign(): string {
    const tables = this.run('nft', ['-s', 'list', 'ruleset']).split(/^(?=table )/m);
    return [
      ...tables.filter((text) => !text.startsWith('table inet picket ')),
      ...['iptables-legacy-save', 'ip6tables-legacy-save', 'iptables-nft-save', 'ip6tables-nft-save'].map(
        (program) =>
          this.run(program, [])
            .replace(/^#.*\n/gm, '')
            .replace(/\[\d+:\d+\]/g, ''),
      ),
    ].join('\n');
  }

  [Symbol.dispose](): void {
    execFileSync('ip', ['netns', 'delete', this.name], { stdio: 'pipe' });
  }

  #mustBeOwn(): void {
    const here = this.run('readlink', ['/proc/self/ns/net']).trim();
    const machines = ['/proc/self/ns/net', '/proc/1/ns/net'].flatMap(linkIn);
    if (here !== `net:[${statSync(this.path).ino}]` || machines.includes(here))
      throw new Error(`${this.path} leads into the machine's own namespace`);
  }
}

/** What a link leads to, if it may be read. */
function linkIn(path: string): string[] {
  try {
    return [readlinkSync(path)];
  } catch {
    return [];
  }
}

/** What others put there: iptables of both kinds with the chains of Kubernetes, Docker and ufw, and a table of nft. */
export function foreignRules(space: Namespace): void {
  for (const iptables of ['iptables-nft', 'iptables-legacy', 'ip6tables-nft', 'ip6tables-legacy']) {
    const run = (...args: string[]) => space.run(iptables, args);
    for (const chain of ['KUBE-FORWARD', 'DOCKER-USER', 'ufw-before-input']) run('-N', chain);
    run('-A', 'FORWARD', '-m', 'comment', '--comment', 'kubernetes forwarding rules', '-j', 'KUBE-FORWARD');
    run('-A', 'KUBE-FORWARD', '-m', 'mark', '--mark', '0x4000/0x4000', '-j', 'ACCEPT');
    run('-A', 'FORWARD', '-j', 'DOCKER-USER');
    run('-A', 'INPUT', '-j', 'ufw-before-input');
    run('-A', 'ufw-before-input', '-i', 'lo', '-j', 'ACCEPT');
    run('-t', 'nat', '-N', 'KUBE-SERVICES');
    run('-t', 'nat', '-A', 'PREROUTING', '-j', 'KUBE-SERVICES');
  }
  space.run(
    'nft',
    ['-f', '-'],
    'table inet others { set s { type ipv4_addr; elements = { 198.51.100.1 } }; chain c { ip saddr @s counter accept; }; }',
  );
}

import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';

/** Why this machine cannot ask its kernel, or undefined when it can. */
export const cannotAsk: string | undefined =
  process.getuid?.() === 0
    ? ['/usr/sbin/iptables', '/usr/sbin/nft', '/usr/bin/perl', '/usr/sbin/ip']
        .find((path) => !existsSync(path))
        ?.concat(' is missing')
    : 'needs root';

/** Where packets are sent to. */
export const guarded = '198.51.100.2';
/** Addresses of the machine that sends. */
export const senders = ['198.51.100.1', '198.51.100.9', '198.51.100.20', '198.51.100.200'] as const;

/** One packet to send. `id` tells it apart from all others: the source port, or the identifier of an echo request. */
export interface Probe {
  readonly protocol: 6 | 17 | 1;
  readonly source: string;
  readonly id: number;
  readonly port: number;
}

/** Sends one packet for each line `protocol source id port`: a SYN, a datagram, an echo request. */
const sender = `
use Socket qw(:DEFAULT SOCK_NONBLOCK); my @open;
while (<STDIN>) {
  my ($protocol, $source, $id, $port) = split;
  my $type = $protocol == 6 ? SOCK_STREAM | SOCK_NONBLOCK : $protocol == 17 ? SOCK_DGRAM : SOCK_RAW;
  socket(my $one, PF_INET, $type, $protocol) || die "socket: $!";
  bind($one, sockaddr_in($protocol == 1 ? 0 : $id, inet_aton($source))) || die "bind $source $id: $!";
  my $to = sockaddr_in($port, inet_aton('${guarded}'));
  my $sum = 0x0800 + $id; $sum = ($sum & 0xffff) + ($sum >> 16);
  if ($protocol == 6) { connect($one, $to); }
  else { send($one, $protocol == 17 ? 'x' : pack('CCnnn', 8, 0, ~$sum & 0xffff, $id, 0), 0, $to); }
  push @open, $one;
}`;

/** Remembers which packets came to the machine, and which came through its rules. */
const observer = `
table inet observer {
  set seen { type inet_proto . inet_service . inet_service; size 65535; flags dynamic; }
  set passed { type inet_proto . inet_service . inet_service; size 65535; flags dynamic; }
  set pings { type inet_service; size 65535; flags dynamic; }
  chain early {
    type filter hook prerouting priority -450;
    meta l4proto { tcp, udp } update @seen { meta l4proto . th sport . th dport }
  }
  chain late {
    type filter hook input priority 500;
    meta l4proto { tcp, udp } update @passed { meta l4proto . th sport . th dport }
    icmp type echo-request update @pings { @th,32,16 }
  }
}`;

/** A machine that sends and one with a firewall, joined by a cable; both are network namespaces of this process. */
export class Cable implements Disposable {
  readonly #names: Readonly<Record<'sender' | 'guarded', string>>;

  constructor(purpose: string) {
    const name = (side: string) => `picket-test-${process.pid}-${purpose}-${side}`;
    this.#names = { sender: name('sender'), guarded: name('guarded') };
    const ip = (...args: string[]) => execFileSync('ip', args, { stdio: 'pipe' });
    try {
      for (const own of Object.values(this.#names)) ip('netns', 'add', own);
      const peer = ['type', 'veth', 'peer', 'name', 'eth0', 'netns', this.#names.guarded];
      ip('-n', this.#names.sender, 'link', 'add', 'eth0', ...peer);
      for (const [side, addresses] of [
        ['sender', senders],
        ['guarded', [guarded]],
      ] as const) {
        const own = this.#names[side];
        for (const one of addresses) ip('-n', own, 'address', 'add', `${one}/24`, 'dev', 'eth0');
        for (const device of ['lo', 'eth0']) ip('-n', own, 'link', 'set', device, 'up');
      }
      this.run('guarded', ['nft', '-f', '-'], observer);
      // The hardware address is asked for once, before anything is dropped.
      this.send('sender', [{ protocol: 17, source: senders[0], id: 9, port: 9 }]);
      this.run('guarded', ['sleep', '0.2']);
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
  }

  /** Runs a program on one of the machines; returns what it prints. Throws when it fails. */
  run(side: 'sender' | 'guarded', command: readonly string[], input = ''): string {
    const args = [`--net=/run/netns/${this.#names[side]}`, ...command];
    return execFileSync('nsenter', args, { input, encoding: 'utf8', stdio: 'pipe', timeout: 15_000 });
  }

  send(side: 'sender' | 'guarded', probes: readonly Probe[]): void {
    const lines = probes.map(({ protocol, source, id, port }) => `${protocol} ${source} ${id} ${port}\n`);
    this.run(side, ['perl', '-e', sender], lines.join(''));
  }

  /** Returns what came through so far, and what came at all, as `protocol id port`; echo requests with port 0. */
  observed(): { readonly passed: ReadonlySet<string>; readonly seen: ReadonlySet<string> } {
    const list = (set: string): unknown[] => {
      const text = this.run('guarded', ['nft', '-j', '-n', 'list', 'set', 'inet', 'observer', set]);
      const { nftables } = JSON.parse(text) as { nftables: { set?: { elem?: unknown[] } }[] };
      return nftables.flatMap((one) => one.set?.elem ?? []);
    };
    const flows = (set: string) =>
      list(set).map((one) => (one as { concat: unknown[] }).concat.map(numberOf).join(' '));
    const pings = list('pings').map((id) => `1 ${Number(id)} 0`);
    return { passed: new Set([...flows('passed'), ...pings]), seen: new Set(flows('seen')) };
  }

  [Symbol.dispose](): void {
    for (const own of Object.values(this.#names)) {
      if (existsSync(`/run/netns/${own}`)) execFileSync('ip', ['netns', 'delete', own], { stdio: 'pipe' });
    }
  }
}

function numberOf(value: unknown): number {
  return value === 'tcp' ? 6 : value === 'udp' ? 17 : Number(value);
}

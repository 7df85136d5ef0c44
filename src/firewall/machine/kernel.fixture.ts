import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Address, formatAddress, parseAddress } from '../../net/address.ts';
import { parsePrefix } from '../../net/prefix.ts';
import type { ConnectionState } from '../ruleset.ts';
import { captureOf, numberOfAddress, portAddress } from './frame.fixture.ts';
import type { Machine } from './machine.ts';
import type { WirePacket } from './wire-packet.ts';

/** Why this machine cannot ask its kernel, or undefined when it can. */
export const cannotJudge: string | undefined =
  process.getuid?.() === 0
    ? ['/usr/sbin/iptables', '/usr/sbin/nft', '/usr/sbin/ip', '/usr/bin/tcpreplay']
        .find((path) => !existsSync(path))
        ?.concat(' is missing')
    : 'needs root';

/** A packet, and the interface of the machine that it comes in by. */
export interface Sent {
  readonly wire: WirePacket;
  readonly inInterface: string;
}

/** What the kernel has done with one packet. */
export interface KernelFate {
  readonly outcome: 'delivered' | 'forwarded' | 'dropped';
  /** State of its connection; absent where it was dropped before connection tracking. */
  readonly state?: ConnectionState;
  /** As it was delivered or left. */
  readonly source?: Address;
  readonly destination?: Address;
  readonly sourcePort?: number;
  readonly port?: number;
  readonly mark?: number;
}

const states: readonly ConnectionState[] = ['NEW', 'ESTABLISHED', 'RELATED', 'INVALID', 'UNTRACKED'];
const room = 262_144;

const tcpStates = ['close', 'close_wait', 'fin_wait', 'last_ack', 'syn_recv', 'syn_sent', 'time_wait'];
const timeouts = [
  ...tcpStates.map((state) => `tcp_timeout_${state}`),
  'tcp_timeout_max_retrans',
  'tcp_timeout_unacknowledged',
  'udp_timeout',
  'udp_timeout_stream',
  'icmp_timeout',
  'icmpv6_timeout',
  'generic_timeout',
];

/** Networks and addresses of the interfaces, in their order. */
const networks = ['198.51.100', '203.0.113', '192.0.2', '198.51.101'];

/** Returns a machine with interfaces of these names: the first leads outside, the others to one inner network each. */
export function machineWith(names: readonly string[]): Machine {
  const prefix = (text: string) => parsePrefix(text)!;
  const route = (to: string, out: string) => ({ to: prefix(to), out });
  return {
    forwards: true,
    interfaces: names.map((name, i) => ({
      name,
      addresses: [
        { address: parseAddress(`${networks[i]}.1`)!, length: 24 },
        { address: parseAddress(`2001:db8:${i + 1}::1`)!, length: 64 },
      ],
    })),
    routes: [
      route('0.0.0.0/0', names[0]!),
      route('::/0', names[0]!),
      ...names
        .slice(1)
        .flatMap((name, i) => [
          route(`198.19.${(i + 1) * 16}.0/20`, name),
          route(`10.${i + 1}.0.0/16`, name),
          route(`2001:db8:${i + 2}00::/40`, name),
        ]),
    ],
  };
}

const recordEnds = `
    meta l4proto { tcp, udp } meta nfproto ipv4 add @ends4 { ether saddr . ip saddr . ip daddr . th sport . th dport }
    meta l4proto { tcp, udp } meta nfproto ipv6 add @ends6 { ether saddr . ip6 saddr . ip6 daddr . th sport . th dport }
    meta l4proto != { tcp, udp } meta nfproto ipv4 add @hosts4 { ether saddr . ip saddr . ip daddr }
    meta l4proto != { tcp, udp } meta nfproto ipv6 add @hosts6 { ether saddr . ip6 saddr . ip6 daddr }`;

/** What is recorded besides verdicts and states, where rules can change it. */
export interface Recorded {
  readonly ends?: boolean;
  readonly marks?: boolean;
}

/** Remembers what became of packets, each told by the Ethernet address that it came from. Lets nothing out of the machine's own. */
function recorder({ ends, marks }: Recorded): string {
  const set = (name: string, type: string) => `set ${name} { type ${type}; size ${room}; flags dynamic; }\n`;
  const end = (where: string) => `
    add @${where} { ether saddr }
    ${ends ? recordEnds : ''}
    ${marks ? 'add @marks { ether saddr . meta mark }' : ''}`;
  return `table inet judge {
    ${states.map((state) => set(setOf(state), 'ether_addr')).join('')}
    ${set('delivered', 'ether_addr')}${set('forwarded', 'ether_addr')}
    ${set('ends4', 'ether_addr . ipv4_addr . ipv4_addr . inet_service . inet_service')}
    ${set('ends6', 'ether_addr . ipv6_addr . ipv6_addr . inet_service . inet_service')}
    ${set('hosts4', 'ether_addr . ipv4_addr . ipv4_addr')}
    ${set('hosts6', 'ether_addr . ipv6_addr . ipv6_addr')}
    ${marks ? set('marks', 'ether_addr . mark') : ''}
    chain tracked {
      type filter hook prerouting priority -199;
      ${states.map((state) => `ct state ${state.toLowerCase()} add @${setOf(state)} { ether saddr }`).join('\n')}
    }
    chain delivered { type filter hook input priority 500; ${end('delivered')}
    }
    chain forwarded { type filter hook postrouting priority 500; ${end('forwarded')}
    }
    chain own { type filter hook output priority -450; drop; }
  }`;
}

/**
 * The kernel as judge: a machine in a network namespace of its own, between networks that another namespace plays.
 * Frames are sent by tcpreplay and reach the machine's interface by their Ethernet address, in order.
 */
export class KernelMachine implements Disposable {
  readonly machine: Machine;
  readonly #world: string;
  readonly #machine: string;
  readonly #folder = mkdtempSync(join(tmpdir(), 'picket-judge-'));
  readonly #recorded: Recorded;

  constructor(machine: Machine, purpose: string, recorded: Recorded = {}) {
    this.machine = machine;
    this.#recorded = recorded;
    this.#world = `picket-test-${process.pid}-${purpose}-world`;
    this.#machine = `picket-test-${process.pid}-${purpose}-machine`;
    try {
      this.#build();
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
  }

  /** Runs a program on the machine; returns what it prints. Throws when it fails. */
  run(command: readonly string[], input = ''): string {
    return this.#in(this.#machine, command, input);
  }

  /** Sends the packets and returns what became of each. Throws when any did not come to the machine. */
  judge(packets: readonly Sent[]): KernelFate[] {
    const ports = new Map(this.machine.interfaces.map(({ name }, port) => [name, port]));
    const file = join(this.#folder, 'packets.pcap');
    writeFileSync(
      file,
      captureOf(
        packets.map(({ wire, inInterface }, number) => ({
          wire,
          at: { number, port: ports.get(inInterface)! },
        })),
      ),
    );
    this.run(['nft', '-f', '-'], recorder(this.#recorded));
    this.#in(this.#world, [
      'taskset',
      '1',
      'tcpreplay',
      '-i',
      'send',
      '--topspeed',
      '--preload-pcap',
      '-q',
      file,
    ]);
    this.#settle(packets.length);
    return this.#read(packets.length);
  }

  [Symbol.dispose](): void {
    for (const own of [this.#world, this.#machine]) {
      if (existsSync(`/run/netns/${own}`)) execFileSync('ip', ['netns', 'delete', own], { stdio: 'pipe' });
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #build(): void {
    const { interfaces, routes } = this.machine;
    for (const own of [this.#world, this.#machine])
      execFileSync('ip', ['netns', 'add', own], { stdio: 'pipe' });
    const outside = interfaces.map((_, i) => `cable${i}`);
    const links = interfaces.map(
      ({ name }, i) =>
        `link add cable${i} type veth peer name ${name} address ${portAddress(i)} netns ${this.#machine}\nlink set cable${i} up\n`,
    );
    const world = `link add send type veth peer name take\nlink set send up\nlink set take up\n${links.join('')}`;
    this.#in(this.#world, [
      'sh',
      '-c',
      'sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1',
    ]);
    this.#in(this.#world, ['ip', '-batch', '-'], world);
    const map = outside.map((name, i) => `${portAddress(i)} : "${name}"`);
    this.#in(
      this.#world,
      ['nft', '-f', '-'],
      `table netdev deliver { chain arriving { type filter hook ingress device take priority 0;
        fwd to ether daddr map { ${map.join(', ')} }\n}\n}\n`,
    );
    const settings = [
      ...['all', 'default'].flatMap((name) => [
        `net.ipv4.conf.${name}.rp_filter=0`,
        `net.ipv4.conf.${name}.send_redirects=0`,
        `net.ipv6.conf.${name}.accept_ra=0`,
        `net.ipv6.conf.${name}.accept_dad=0`,
        `net.ipv6.conf.${name}.router_solicitations=0`,
      ]),
      ...interfaces.flatMap(({ name }) => [`net.ipv4.conf.${sysctlName(name)}.rp_filter=0`]),
      `net.ipv4.ip_forward=${this.machine.forwards ? 1 : 0}`,
      `net.ipv6.conf.all.forwarding=${this.machine.forwards ? 1 : 0}`,
      `net.netfilter.nf_conntrack_tcp_loose=${this.machine.looseTcp === false ? 0 : 1}`,
    ];
    // The clock of a machine under load must not make any connection expire.
    const patient = timeouts.map((name) => `net.netfilter.nf_conntrack_${name}=3600`);
    this.run(['sysctl', '-qw', ...settings, ...patient]);
    this.run(['ip', '-batch', '-'], this.#addresses());
    this.run(['ip', '-batch', '-'], routes.map(({ to, out }) => this.#route(to, out)).join(''));
  }

  #addresses(): string {
    const lines = this.machine.interfaces.flatMap(({ name, addresses }, i) => [
      ...addresses.map(
        ({ address, length }) =>
          `address add ${formatAddress(address)}/${length} dev ${name}${address.family === 6 ? ' nodad' : ''}\n`,
      ),
      `link set ${name} up\n`,
      ...gateways(i).map(
        (gateway) => `neighbour add ${gateway} lladdr 02:00:00:02:00:0${i} dev ${name} nud permanent\n`,
      ),
    ]);
    return `link set lo up\n${lines.join('')}`;
  }

  #route(to: { readonly address: Address; readonly length: number }, out: string): string {
    const gateway = gateways(this.machine.interfaces.findIndex(({ name }) => name === out));
    return `route add ${formatAddress(to.address)}/${to.length} via ${gateway[to.address.family === 4 ? 0 : 1]} dev ${out}\n`;
  }

  /** Waits until the machine has taken all packets. */
  #settle(count: number): void {
    for (let attempt = 0; ; attempt++) {
      const links = JSON.parse(this.run(['ip', '-j', '-s', 'link'])) as {
        ifname: string;
        stats64: { rx: { packets: number } };
      }[];
      const taken = links.reduce(
        (sum, { ifname, stats64 }) => sum + (ifname === 'lo' ? 0 : stats64.rx.packets),
        0,
      );
      if (taken >= count) return;
      if (attempt > 40) throw new Error(`${taken} of ${count} packets came to the machine`);
      this.run(['sleep', '0.1']);
    }
  }

  #read(count: number): KernelFate[] {
    const fates: { -readonly [Key in keyof KernelFate]: KernelFate[Key] }[] = Array.from(
      { length: count },
      () => ({ outcome: 'dropped' }),
    );
    for (const state of states) {
      for (const key of this.#elements(setOf(state))) fates[numberOfAddress(String(key))]!.state = state;
    }
    for (const outcome of ['delivered', 'forwarded'] as const) {
      for (const key of this.#elements(outcome)) fates[numberOfAddress(String(key))]!.outcome = outcome;
    }
    for (const set of this.#recorded.ends ? ['ends4', 'ends6', 'hosts4', 'hosts6'] : []) {
      for (const { concat } of this.#elements(set) as { concat: (string | number)[] }[]) {
        const [number, source, destination, sourcePort, port] = concat;
        Object.assign(fates[numberOfAddress(String(number))]!, {
          source: parseAddress(String(source)),
          destination: parseAddress(String(destination)),
          ...(sourcePort !== undefined && { sourcePort: Number(sourcePort), port: Number(port) }),
        });
      }
    }
    if (this.#recorded.marks) {
      for (const { concat } of this.#elements('marks') as { concat: (string | number)[] }[])
        fates[numberOfAddress(String(concat[0]))]!.mark = Number(concat[1]);
    }
    return fates;
  }

  #elements(set: string): readonly unknown[] {
    const text = this.run(['nft', '-j', '-n', 'list', 'set', 'inet', 'judge', set]);
    const { nftables } = JSON.parse(text) as { nftables: { set?: { elem?: unknown[] } }[] };
    return nftables.flatMap((one) => one.set?.elem ?? []);
  }

  #in(namespace: string, command: readonly string[], input = ''): string {
    const args = [`--net=/run/netns/${namespace}`, ...command];
    const options = { input, encoding: 'utf8', stdio: 'pipe', timeout: 120_000, maxBuffer: 2 ** 30 } as const;
    return execFileSync('nsenter', args, options);
  }
}

function gateways(port: number): [string, string] {
  return [`${networks[port]}.254`, `2001:db8:${port + 1}::fe`];
}

function sysctlName(name: string): string {
  return name.replaceAll('.', '/');
}

/** Name of the set of packets in a state. */
function setOf(state: ConnectionState): string {
  return `is_${state.toLowerCase()}`;
}

import { readFileSync } from 'node:fs';
import type { Machine } from '../../firewall/machine/machine.ts';
import type { WirePacket } from '../../firewall/machine/wire-packet.ts';
import { type Address, formatAddress } from '../../net/address.ts';
import { ownRunner } from '../runner.ts';
import { captureOf, portAddress } from './frames.ts';
import { TrialNamespace } from './namespace.ts';
import {
  type KernelFate,
  type MarkedPacket,
  type Recorded,
  readFates,
  recorderTable,
  recorderText,
} from './recorder.ts';

/** A packet, and the interface of the machine that it comes in by. */
export interface Sent {
  readonly wire: WirePacket;
  readonly inInterface: string;
  /** Packet mark with which it arrives, as traffic control may set it; 0 where it is absent. */
  readonly mark?: number;
  /** Mark that its connection gets, before any rule is there. */
  readonly connectionMark?: number;
  /** Its checksum is wrong. */
  readonly isDamaged?: boolean;
}

export interface TrialOptions {
  readonly recorded?: Recorded;
  /** Every address is the machine's own, so that all packets are for itself. */
  readonly allIsLocal?: boolean;
}

/** What trials run. */
const programs = ['unshare', 'nsenter', 'ip', 'nft', 'perl', 'taskset', 'sysctl'];

/** Returns why no machine can be tried here, as a clause; undefined when it can. */
export function cannotTry(): string | undefined {
  if (process.getuid?.() !== 0) return 'it needs root';
  const missing = programs.find((program) => ownRunner().find(program) === undefined);
  return missing && `${missing} is missing`;
}

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

/** Sends the frames of the capture (pcap) that it reads, as they are, from an interface given by its number (packet(7)). */
const sender = `
  binmode(STDIN);
  socket(my $out, 17, 3, 0) or die "socket: $!";
  bind($out, pack('SnlSCCx8', 17, 0, $ARGV[0], 0, 0, 0)) or die "bind: $!";
  read(STDIN, my $head, 24);
  while (read(STDIN, $head, 16) == 16) {
    read(STDIN, my $frame, unpack('x8V', $head));
    defined(send($out, $frame, 0)) or die "send: $!";
  }`;

/** How often what was recorded is listed until all is there. */
const mostLists = 8;
/** Name of the kernel's own loopback device where `lo` is an interface that frames can be sent to. */
const ownLoopback = 'loopback0';

/**
 * The kernel as judge: a machine in a network namespace of its own, between networks that another namespace plays. Frames
 * reach the machine's interface by their Ethernet address, in order. An interface `lo` is one as all others, by which
 * packets come that rules take for such from the machine itself.
 */
export class TrialMachine implements AsyncDisposable {
  readonly machine: Machine;
  readonly #world: TrialNamespace;
  readonly #inside: TrialNamespace;
  readonly #options: TrialOptions;
  #sent = 0;

  private constructor(
    machine: Machine,
    world: TrialNamespace,
    inside: TrialNamespace,
    options: TrialOptions,
  ) {
    this.machine = machine;
    this.#world = world;
    this.#inside = inside;
    this.#options = options;
  }

  /** Builds a machine without rules. Throws an Error that says what this system refused. */
  static async open(machine: Machine, options: TrialOptions = {}): Promise<TrialMachine> {
    const world = await TrialNamespace.open();
    let inside: TrialNamespace | undefined;
    try {
      inside = await TrialNamespace.open();
      const trial = new TrialMachine(machine, world, inside, options);
      try {
        await trial.#build();
      } catch (error) {
        await trial[Symbol.asyncDispose]();
        throw error;
      }
      return trial;
    } catch (error) {
      await inside?.[Symbol.asyncDispose]();
      await world[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Runs a program on the machine; returns what it prints. Throws what it says when it fails. */
  run(command: readonly string[], input = ''): Promise<string> {
    const [program, ...args] = command;
    return this.#inside.run(program!, args, input);
  }

  /** Makes connection tracking see packets, and sends those that come before the ones that are judged. */
  async send(packets: readonly Sent[]): Promise<void> {
    await this.run(['nft', '-f', '-'], recorderText({}, marksOf(packets)));
    await this.#transmit(packets);
  }

  /** Sends the packets and returns what became of each. Throws when any did not come to the machine, or was not recorded. */
  async judge(packets: readonly Sent[]): Promise<KernelFate[]> {
    const { recorded = {} } = this.#options;
    await this.run(['nft', '-f', '-'], recorderText(recorded, marksOf(packets)));
    await this.#transmit(packets);
    for (let attempt = 0; attempt < mostLists; attempt++) {
      const listed = await this.run(['nft', '-j', '-n', 'list', 'table', 'inet', recorderTable]);
      const fates = readFates(packets.length, recorded, listed);
      if (fates !== undefined) return fates;
      await new Promise((resolve) => setTimeout(resolve, 200 * (attempt + 1)));
    }
    throw new Error(`of ${packets.length} packets not all were recorded`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#inside[Symbol.asyncDispose]();
    await this.#world[Symbol.asyncDispose]();
  }

  async #transmit(packets: readonly Sent[]): Promise<void> {
    if (packets.length === 0) return;
    const ports = new Map(this.machine.interfaces.map(({ name }, port) => [name, port]));
    const capture = captureOf(
      packets.map(({ wire, inInterface, isDamaged }, number) => ({
        wire,
        at: { number, port: ports.get(inInterface)!, ...(isDamaged && { isDamaged }) },
      })),
    );
    const [link] = JSON.parse(await this.#world.run('ip', ['-j', 'link', 'show', 'send'])) as {
      ifindex: number;
    }[];
    // On one processor, each packet is through before the next is sent: none is lost, and their order is kept.
    const args = ['-c', firstProcessor(), 'perl', '-e', sender, String(link!.ifindex)];
    await this.#world.run('taskset', args, capture);
    this.#sent += packets.length;
    await this.#settle();
  }

  async #build(): Promise<void> {
    const { interfaces } = this.machine;
    if (this.#hasLoopback()) await this.run(['ip', 'link', 'set', 'lo', 'name', ownLoopback]);
    const quiet = ['all', 'default'].map((name) => `net.ipv6.conf.${name}.disable_ipv6=1`);
    await this.#world.run('sysctl', ['-qw', ...quiet]);
    const links = interfaces.map(
      ({ name }, i) =>
        `link add cable${i} type veth peer name ${name} address ${portAddress(i)} netns ${this.#inside.pid}\nlink set cable${i} up\n`,
    );
    const own = 'link add send type veth peer name take\nlink set send up\nlink set take up\n';
    await this.#world.run('ip', ['-batch', '-'], `${own}${links.join('')}`);
    const map = interfaces.map((_, i) => `${portAddress(i)} : "cable${i}"`);
    await this.#world.run(
      'nft',
      ['-f', '-'],
      `table netdev deliver { chain arriving { type filter hook ingress device take priority 0;
        fwd to ether daddr map { ${map.join(', ')} }\n}\n}\n`,
    );
    await this.run(['sysctl', '-qw', ...this.#settings()]);
    const routes = this.machine.routes.map(({ to, out }) => this.#route(to, out));
    const loopback = this.#hasLoopback() ? ownLoopback : 'lo';
    const local = ['0.0.0.0/0', '::/0'].map((to) => `route add local ${to} dev ${loopback}\n`);
    const ways = this.#options.allIsLocal ? local : routes;
    await this.run(['ip', '-batch', '-'], `${this.#addresses()}${ways.join('')}`);
  }

  #hasLoopback(): boolean {
    return this.machine.interfaces.some(({ name }) => name === 'lo');
  }

  #settings(): string[] {
    const { interfaces, forwards, looseTcp } = this.machine;
    const perInterface = interfaces.map(({ name }) => name.replaceAll('.', '/'));
    return [
      ...['all', 'default'].flatMap((name) => [
        `net.ipv4.conf.${name}.rp_filter=0`,
        `net.ipv4.conf.${name}.send_redirects=0`,
        `net.ipv6.conf.${name}.accept_ra=0`,
        `net.ipv6.conf.${name}.accept_dad=0`,
        `net.ipv6.conf.${name}.router_solicitations=0`,
      ]),
      ...perInterface.map((name) => `net.ipv4.conf.${name}.rp_filter=0`),
      ...(this.#options.allIsLocal ? perInterface : []).map((name) => `net.ipv4.conf.${name}.accept_local=1`),
      ...(this.#hasLoopback() ? ['net.ipv4.conf.lo.route_localnet=1'] : []),
      `net.ipv4.ip_forward=${forwards ? 1 : 0}`,
      `net.ipv6.conf.all.forwarding=${forwards ? 1 : 0}`,
      `net.netfilter.nf_conntrack_tcp_loose=${looseTcp === false ? 0 : 1}`,
      // The clock of a machine under load must not make any connection expire.
      ...timeouts.map((name) => `net.netfilter.nf_conntrack_${name}=3600`),
    ];
  }

  #addresses(): string {
    const lines = this.machine.interfaces.flatMap(({ name, addresses }, i) => [
      ...addresses.map(
        ({ address, length }) =>
          `address add ${formatAddress(address)}/${length} dev ${name}${address.family === 6 ? ' nodad' : ''}\n`,
      ),
      `link set ${name} up\n`,
      ...addresses.map(
        ({ address }) =>
          `neighbour add ${gatewayOf(address)} lladdr 02:00:00:02:00:0${i} dev ${name} nud permanent\n`,
      ),
    ]);
    return `link set ${this.#hasLoopback() ? ownLoopback : 'lo'} up\n${lines.join('')}`;
  }

  #route(to: { readonly address: Address; readonly length: number }, out: string): string {
    const { addresses } = this.machine.interfaces.find(({ name }) => name === out)!;
    const own = addresses.find(({ address }) => address.family === to.address.family)!;
    return `route add ${formatAddress(to.address)}/${to.length} via ${gatewayOf(own.address)} dev ${out}\n`;
  }

  /** Waits until the machine has taken all packets. */
  async #settle(): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      const links = JSON.parse(await this.run(['ip', '-j', '-s', 'link'])) as {
        link_type: string;
        stats64: { rx: { packets: number } };
      }[];
      const taken = links.reduce(
        (sum, { link_type: type, stats64 }) => sum + (type === 'loopback' ? 0 : stats64.rx.packets),
        0,
      );
      if (taken >= this.#sent) return;
      if (attempt > 40) throw new Error(`${taken} of ${this.#sent} packets came to the machine`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

/** Returns the marks that packets, told by their places, arrive with, or give to their connections. */
function marksOf(packets: readonly Sent[]): MarkedPacket[] {
  return packets.flatMap(({ mark, connectionMark }, number) =>
    mark || connectionMark
      ? [{ number, ...(mark && { mark }), ...(connectionMark && { connectionMark }) }]
      : [],
  );
}

/** Returns the neighbour through which routes lead: the address after the interface's own. */
function gatewayOf(address: Address): string {
  return formatAddress({ ...address, d: address.d + 1 });
}

/** Returns the number of a processor that this process may run on. */
function firstProcessor(): string {
  const status = readFileSync('/proc/self/status', 'utf8');
  return /^Cpus_allowed_list:\s*(\d+)/m.exec(status)?.[1] ?? '0';
}

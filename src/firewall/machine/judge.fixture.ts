import type { KernelFate } from '../../enforce/trial/recorder.ts';
import { TrialMachine } from '../../enforce/trial/trial-machine.ts';
import { type Address, formatAddress, sameAddress } from '../../net/address.ts';
import type { Match, Rule, Ruleset, Target } from '../ruleset.ts';
import { machineWith } from './kernel.fixture.ts';
import { type Machine, Routing } from './machine.ts';
import { Simulation } from './simulation.ts';
import { addressOf, type Pools, type Simulated, Traffic } from './traffic.fixture.ts';

/** Rules in a form that a tool loads, and as they were read. */
export interface Loadable {
  readonly name: string;
  readonly ruleset: Ruleset;
  /** Programs with what they read, in order. */
  readonly load: readonly { readonly command: readonly string[]; readonly text: string }[];
}

/** Where simulation and kernel stand against each other over many packets. */
export interface Judged {
  readonly name: string;
  readonly packets: number;
  readonly dropped: number;
  readonly delivered: number;
  readonly forwarded: number;
  readonly unknown: number;
  /** Of unknown, how many packets for which reason. */
  readonly reasons: ReadonlyMap<string, number>;
  readonly differences: readonly Difference[];
  readonly states: ReadonlyMap<string, number>;
}

export interface Difference {
  readonly number: number;
  readonly what: string;
  /** The packets with the same ends up to this one, in words. */
  readonly history: readonly string[];
}

/** Sends packets through the rules in the kernel and in the simulation, and returns where they differ. */
export async function judgeByKernel(rules: Loadable, count: number, seed: number): Promise<Judged> {
  const machine = machineFor(rules.ruleset);
  const simulation = new Simulation(rules.ruleset, machine);
  const packets = new Traffic(poolsOf(rules.ruleset, machine), simulation, seed).make(count);
  const recorded = changesOf(rules.ruleset);
  await using kernel = await TrialMachine.open(machine, { recorded });
  for (const { command, text } of rules.load) await kernel.run(command, text);
  return compareAll(rules.name, packets, await kernel.judge(packets), recorded);
}

function compareAll(
  name: string,
  packets: readonly Simulated[],
  fates: readonly KernelFate[],
  recorded: { readonly ends: boolean; readonly marks: boolean },
): Judged {
  const sums = { dropped: 0, delivered: 0, forwarded: 0, unknown: 0 };
  const reasons = new Map<string, number>();
  const states = new Map<string, number>();
  const differences: Difference[] = [];
  for (const [number, packet] of packets.entries()) {
    const { outcome, why = '' } = packet.fate;
    const fate = fates[number]!;
    states.set(fate.state ?? '', (states.get(fate.state ?? '') ?? 0) + 1);
    if (outcome === 'unknown') {
      sums.unknown++;
      reasons.set(why, (reasons.get(why) ?? 0) + 1);
      continue;
    }
    sums[fate.outcome]++;
    const what = differenceOf(packet, fate, recorded);
    if (what !== undefined) differences.push({ number, what, history: historyOf(packets, fates, number) });
  }
  return { name, packets: packets.length, ...sums, reasons, states, differences };
}

function differenceOf(
  { fate: { outcome, packet } }: Simulated,
  fate: KernelFate,
  { ends, marks }: { readonly ends: boolean; readonly marks: boolean },
): string | undefined {
  if (outcome !== fate.outcome) return `${outcome} in the simulation, ${fate.outcome} in the kernel`;
  // Where it was dropped before connection tracking, it has no state.
  if (fate.state !== undefined && packet.state !== fate.state)
    return `${packet.state} in the simulation, ${fate.state} in the kernel`;
  if (outcome === 'dropped') return undefined;
  if (ends) {
    const what = [
      differs('source', packet.source, fate.source),
      differs('destination', packet.destination, fate.destination),
      differsPort('source port', packet.sourcePort, fate.sourcePort),
      differsPort('port', packet.port, fate.port),
    ].find((one) => one !== undefined);
    if (what !== undefined) return what;
  }
  const mark = packet.numbers?.mark;
  return marks && mark !== undefined && mark !== fate.mark ? `mark ${mark} and ${fate.mark}` : undefined;
}

/** Tells of the last packets that have to do with this one, which stands at the end. */
function historyOf(packets: readonly Simulated[], fates: readonly KernelFate[], number: number): string[] {
  const { protocol, sourcePort, port, icmpId = 0 } = packets[number]!.wire;
  const endsOf = ({ wire: { source, destination }, fate }: Simulated) =>
    [source, destination, fate.packet.source, fate.packet.destination].map(
      (one) => one && formatAddress(one),
    );
  const own = new Set(endsOf(packets[number]!));
  return packets
    .slice(0, number + 1)
    .map((packet, i) => ({ packet, i }))
    .filter(({ packet: { wire, fate } }) => {
      if (wire.protocol !== protocol || (wire.icmpId ?? 0) !== icmpId) return false;
      const used = [wire.sourcePort, wire.port, fate.packet.sourcePort, fate.packet.port];
      return protocol === 1 || protocol === 58 || (used.includes(sourcePort) && used.includes(port));
    })
    .filter(({ packet }) => endsOf(packet).filter((one) => own.has(one)).length > 1)
    .slice(-14)
    .map(({ packet: { wire, inInterface, fate }, i }) => {
      const { tcp, icmpType, icmpId: id, quoted } = wire;
      const text = JSON.stringify({ ...tcp, icmpType, id, quoted }).replaceAll('"', '');
      const ends = (one: Simulated['wire'] | Simulated['fate']['packet']) =>
        `${one.source && formatAddress(one.source)} ${one.sourcePort} > ${one.destination && formatAddress(one.destination)} ${one.port}`;
      const its = fates[i]!;
      return `${i} ${inInterface} ${wire.protocol} ${ends(wire)} ${text}\n      ${fate.packet.state} ${fate.outcome} ${ends(fate.packet)} ${fate.step?.rule?.text ?? ''} | ${its.state} ${its.outcome} ${its.source && formatAddress(its.source)} ${its.sourcePort}`;
    });
}

function differs(what: string, mine?: Address, its?: Address): string | undefined {
  if (mine === undefined || its === undefined || sameAddress(mine, its)) return undefined;
  return `${what} ${formatAddress(mine)} and ${formatAddress(its)}`;
}

function differsPort(what: string, mine?: number, its?: number): string | undefined {
  return mine === undefined || its === undefined || mine === its ? undefined : `${what} ${mine} and ${its}`;
}

/** Returns what the rules may change of packets. */
function changesOf(ruleset: Ruleset): { readonly ends: boolean; readonly marks: boolean } {
  const chains = ruleset.tables.flatMap((table) => [...table.chains.values()]);
  return {
    ends: chains.some(({ base }) => base?.nat),
    marks: chains.some(({ rules }) => rules.some(({ actions }) => actions !== undefined)),
  };
}

/** Returns a machine whose interfaces have the names that rules ask for. */
export function machineFor(ruleset: Ruleset): Machine {
  return machineWith(interfaceNames(ruleset));
}

/** Returns up to three names of interfaces that rules ask for, and at least two. */
function interfaceNames(ruleset: Ruleset): string[] {
  const counts = new Map<string, number>();
  for (const match of matchesOf(ruleset)) {
    if (match.kind !== 'in' && match.kind !== 'out') continue;
    for (const name of match.names) {
      const whole = name.endsWith('+') ? `${name.slice(0, -1)}7` : name;
      if (!/^[\w.-]{1,14}$/.test(whole) || whole === 'lo') continue;
      counts.set(whole, (counts.get(whole) ?? 0) + 1);
    }
  }
  const named = [...counts]
    .sort((x, y) => y[1] - x[1])
    .slice(0, 3)
    .map(([name]) => name);
  for (const spare of ['eth0', 'eth1']) if (named.length < 2 && !named.includes(spare)) named.push(spare);
  return named;
}

/** Returns what packets are made of so that rules have something to say of them. */
export function poolsOf(ruleset: Ruleset, machine: Machine): Pools {
  const matches = matchesOf(ruleset);
  const routing = new Routing(machine);
  const usable = (address: Address) => routing.typeOf(address) === 'UNICAST' && !isOdd(address);
  const named = matches.flatMap((match) =>
    'addresses' in match && !(match.addresses instanceof Set) ? edgesOf(match) : [],
  );
  const addresses = [...named, ...targetsOf(ruleset)].filter(usable);
  const hosts = new Map(machine.interfaces.map(({ name }, i): [string, Address[]] => [name, hostsBehind(i)]));
  for (const address of addresses.slice(0, 400)) {
    const behind = hosts.get(routing.outTo(address) ?? '');
    if (behind !== undefined && behind.length < 60) behind.push(address);
  }
  const ports = matches.flatMap((match) =>
    'ports' in match ? match.ports.ranges().flatMap(({ from, to }) => [from, to, from - 1, to + 1]) : [],
  );
  const own = machine.interfaces.flatMap((one) => one.addresses.map(({ address }) => address));
  return {
    machine,
    hosts,
    destinations: [...own, ...own, ...addresses.slice(0, 60)],
    ports: [...ports.filter((port) => port > 0 && port < 65_536).slice(0, 300), 22, 53, 80, 443, 8080],
  };
}

function hostsBehind(port: number): Address[] {
  const nets = port === 0 ? ['198.18.0', '198.18.7'] : [`198.19.${port * 16}`, `10.${port}.0`];
  const nets6 =
    port === 0 ? ['2001:db8:f00:', '2001:db8:f01:'] : [`2001:db8:${port + 1}00:`, `2001:db8:${port + 1}01:`];
  const last = [2, 3, 9, 77];
  return [
    ...nets.flatMap((net) => last.map((host) => addressOf(`${net}.${host}`))),
    ...nets6.flatMap((net) => last.map((host) => addressOf(`${net}:${host}`))),
  ];
}

/** What the kernel does not route as any other address, or this machine has neighbours of. */
function isOdd({ family, a, d }: Address): boolean {
  if (family === 6) return a >>> 29 !== 1;
  const first = d >>> 24;
  const network = d >>> 8;
  return (
    first === 0 ||
    first >= 224 ||
    first === 127 ||
    [0xc63364, 0xcb0071, 0xc00002, 0xc63365].includes(network) ||
    d >>> 16 === 0xa9fe
  );
}

function edgesOf(match: Match): Address[] {
  if (!('addresses' in match) || match.addresses instanceof Set) return [];
  const set = match.addresses as { ranges(): { from: Address; to: Address }[] };
  return set
    .ranges()
    .slice(0, 20)
    .flatMap(({ from, to }) => [from, to, middle(from, to)]);
}

function middle(from: Address, to: Address): Address {
  return { ...from, d: Math.floor((from.d + to.d) / 2) };
}

function rulesOf({ tables }: Ruleset): Rule[] {
  return tables.flatMap(({ chains }) => [...chains.values()].flatMap(({ rules }) => rules));
}

function matchesOf(ruleset: Ruleset): Match[] {
  const of = (target: Target): Match[] =>
    (target.cases ?? []).flatMap((one) => [...one.matches, ...of(one.target)]);
  const all = rulesOf(ruleset).flatMap(({ matches, target }) => [...matches, ...of(target)]);
  return all.flatMap((match) => (match.kind === 'any of' ? match.alternatives.flat() : [match]));
}

/** Addresses that rules put in. */
function targetsOf(ruleset: Ruleset): Address[] {
  const of = ({ translation, cases = [] }: Target): Address[] => [
    ...(translation?.addresses !== undefined && translation.addresses !== 'interface'
      ? [translation.addresses.from]
      : []),
    ...cases.flatMap((one) => of(one.target)),
  ];
  return rulesOf(ruleset).flatMap(({ target }) => of(target));
}

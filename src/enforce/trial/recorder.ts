import type { ConnectionState } from '../../firewall/ruleset.ts';
import { type Address, parseAddress } from '../../net/address.ts';
import { numberAddress, numberOfAddress } from './frames.ts';

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
  readonly connectionMark?: number;
}

/** What is recorded besides verdicts and states, where rules can change it. */
export interface Recorded {
  readonly ends?: boolean;
  readonly marks?: boolean;
}

/** Packets that one recording takes, at most. */
export const mostRecorded = 262_144;

/** The table that records; no ruleset should have one of this name. */
export const recorderTable = 'picket_trial';

const states: readonly ConnectionState[] = ['NEW', 'ESTABLISHED', 'RELATED', 'INVALID', 'UNTRACKED'];

/** Sets of marks, and where they are told; what is not tracked has no mark of a connection. */
const markSets = [
  ['marks', 'mark'],
  ['connection_marks', 'connectionMark'],
] as const;

const recordEnds = `
    meta l4proto { tcp, udp } meta nfproto ipv4 add @ends4 { ether saddr . ip saddr . ip daddr . th sport . th dport }
    meta l4proto { tcp, udp } meta nfproto ipv6 add @ends6 { ether saddr . ip6 saddr . ip6 daddr . th sport . th dport }
    meta l4proto != { tcp, udp } meta nfproto ipv4 add @hosts4 { ether saddr . ip saddr . ip daddr }
    meta l4proto != { tcp, udp } meta nfproto ipv6 add @hosts6 { ether saddr . ip6 saddr . ip6 daddr }`;

/** A packet, by the number in its Ethernet address, that arrives with a mark, or gives its connection one. */
export interface MarkedPacket {
  readonly number: number;
  readonly mark?: number;
  readonly connectionMark?: number;
}

/**
 * Returns the nft text that makes the recorder, or an empty one of it: it remembers what became of packets, each told by the
 * Ethernet address that it came from, and lets nothing out of the machine's own. Those of `marked` get their marks before any
 * rule sees them.
 */
export function recorderText({ ends, marks }: Recorded, marked: readonly MarkedPacket[] = []): string {
  const set = (name: string, type: string) =>
    `set ${name} { type ${type}; size ${mostRecorded}; flags dynamic; }\n`;
  const end = (where: string) => `
    counter name ${where} add @${where} { ether saddr }
    ${ends ? recordEnds : ''}
    ${marks ? 'add @marks { ether saddr . meta mark } add @connection_marks { ether saddr . ct mark }' : ''}`;
  return `table inet ${recorderTable}
  delete table inet ${recorderTable}
  table inet ${recorderTable} {
    ${['tracked', 'delivered', 'forwarded'].map((name) => `counter ${name} { }\n`).join('')}
    ${states.map((state) => set(setOf(state), 'ether_addr')).join('')}
    ${set('delivered', 'ether_addr')}${set('forwarded', 'ether_addr')}
    ${set('ends4', 'ether_addr . ipv4_addr . ipv4_addr . inet_service . inet_service')}
    ${set('ends6', 'ether_addr . ipv6_addr . ipv6_addr . inet_service . inet_service')}
    ${set('hosts4', 'ether_addr . ipv4_addr . ipv4_addr')}
    ${set('hosts6', 'ether_addr . ipv6_addr . ipv6_addr')}
    ${marks ? set('marks', 'ether_addr . mark') + set('connection_marks', 'ether_addr . mark') : ''}
    ${arrivals(marked)}
    chain tracked {
      type filter hook prerouting priority -199;
      counter name tracked
      ${states.map((state) => `ct state ${state.toLowerCase()} add @${setOf(state)} { ether saddr }`).join('\n')}
    }
    chain delivered { type filter hook input priority 500; ${end('delivered')}
    }
    chain forwarded { type filter hook postrouting priority 500; ${end('forwarded')}
    }
    chain own { type filter hook output priority -450; drop; }
  }`;
}

function arrivals(marked: readonly MarkedPacket[]): string {
  const chain = (name: string, priority: number, what: string, field: 'mark' | 'connectionMark') => {
    const marks = marked.flatMap(({ number, [field]: mark }) =>
      mark === undefined ? [] : [`${numberAddress(number)} : ${mark}`],
    );
    if (marks.length === 0) return '';
    return `chain ${name} {
      type filter hook prerouting priority ${priority};
      ${what} set ether saddr map { ${marks.join(', ')} }
    }\n`;
  };
  return (
    chain('arriving', -460, 'meta mark', 'mark') + chain('connecting', -199, 'ct mark', 'connectionMark')
  );
}

/**
 * Returns what became of packets with the numbers 0 up to below `count`; `listed` is the recorder's table as nft's JSON. Returns
 * undefined where the list lacks packets that were counted: the kernel was at work on its sets while they were listed.
 */
export function readFates(
  count: number,
  { ends, marks }: Recorded,
  listed: string,
): KernelFate[] | undefined {
  const fates: { -readonly [Key in keyof KernelFate]: KernelFate[Key] }[] = Array.from(
    { length: count },
    () => ({ outcome: 'dropped' }),
  );
  const { nftables } = JSON.parse(listed) as {
    nftables: {
      set?: { name: string; elem?: unknown[] };
      counter?: { name: string; packets: number };
    }[];
  };
  const sets = new Map(nftables.map(({ set }) => [set?.name, set?.elem ?? []]));
  const elements = (set: string): readonly unknown[] => sets.get(set) ?? [];
  // While a set grows, a list of it may have some elements twice and lack as many.
  const sizeOf = (...names: readonly string[]) =>
    names.reduce((sum, name) => sum + new Set(elements(name).map((one) => JSON.stringify(one))).size, 0);
  const counted = new Map(nftables.map(({ counter }) => [counter?.name, counter?.packets ?? 0]));
  const passed = counted.get('delivered')! + counted.get('forwarded')!;
  const isWhole =
    sizeOf(...states.map(setOf)) === counted.get('tracked') &&
    sizeOf('delivered') === counted.get('delivered') &&
    sizeOf('forwarded') === counted.get('forwarded') &&
    (!ends || sizeOf('ends4', 'ends6', 'hosts4', 'hosts6') === passed) &&
    (!marks || sizeOf('marks') === passed);
  if (!isWhole) return undefined;
  for (const state of states) {
    for (const key of elements(setOf(state))) fates[numberOfAddress(String(key))]!.state = state;
  }
  for (const outcome of ['delivered', 'forwarded'] as const) {
    for (const key of elements(outcome)) fates[numberOfAddress(String(key))]!.outcome = outcome;
  }
  for (const set of ends ? ['ends4', 'ends6', 'hosts4', 'hosts6'] : []) {
    for (const { concat } of elements(set) as { concat: (string | number)[] }[]) {
      const [number, source, destination, sourcePort, port] = concat;
      Object.assign(fates[numberOfAddress(String(number))]!, {
        source: parseAddress(String(source)),
        destination: parseAddress(String(destination)),
        ...(sourcePort !== undefined && { sourcePort: Number(sourcePort), port: Number(port) }),
      });
    }
  }
  for (const [set, field] of marks ? markSets : []) {
    for (const { concat } of elements(set) as { concat: (string | number)[] }[])
      fates[numberOfAddress(String(concat[0]))]![field] = Number(concat[1]);
  }
  return fates;
}

/** Name of the set of packets in a state. */
function setOf(state: ConnectionState): string {
  return `is_${state.toLowerCase()}`;
}

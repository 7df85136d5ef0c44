import { type Address, sameAddress } from '../../net/address.ts';
import type { IntegerRange } from '../../net/integer-set.ts';
import { hasPorts } from '../packet.ts';
import type { Translation } from '../ruleset.ts';
import type { ConnectionTable } from './connection-table.ts';
import { invert, isIcmp, type Tuple } from './tuple.ts';

/** The end of packets that a hook translates: destinations before routing, sources after it (nf_nat_core.c). */
export type TranslatedEnd = 'source' | 'destination';

/** The port, or identifier of ICMP, that a connection gets; `port` is absent where the kernel draws lots. */
export interface PortChoice {
  readonly port?: number;
  /** Among which the port is. */
  readonly ports: IntegerRange;
  /** Why the kernel draws lots, as a clause. */
  readonly why?: string;
  /** It is not the port that the packet has. */
  readonly isElsewhere: boolean;
}

/** Ports that are tried in their order before lots are drawn (NF_NAT_MAX_ATTEMPTS). */
const mostAttempts = 128;
/** Connections of the same source of which no more are looked at. */
const mostOfSource = 1000;
/** Why an end is not known that a rule leaves open. */
export const chosenWhy = 'the kernel chooses its new end';
const isTakenWhy = 'its port is taken, and the kernel chooses another';
const mayBeTakenWhy = 'its port may be taken, and the kernel chooses another';

/** Who is asked for free ports, and when. */
interface Asked {
  readonly table: ConnectionTable;
  readonly time: number;
}

/**
 * Returns the source port of a connection whose packets come as `current` and whose source becomes `address`
 * (get_unique_tuple): its own where it stays what it is, else that which an earlier connection of the same source got,
 * else its own, each if that is free.
 */
export function chooseSourcePort(
  current: Tuple,
  address: Address,
  translation: Translation | undefined,
  asked: Asked,
): PortChoice {
  const ports = hasPorts(current.protocol) ? translation?.ports : undefined;
  const range = ports ?? usualRange(current);
  if (ports !== undefined && ports.from === ports.to) return settled(ports.from);
  if (translation?.isRandom && hasPorts(current.protocol)) return drawn(range, chosenWhy);
  const isIn = (port: number) => ports === undefined || (port >= ports.from && port <= ports.to);
  const isTaken = (port: number) => takes({ ...current, source: address, from: port }, asked);
  let why = isTakenWhy;
  if (sameAddress(address, current.source) && isIn(current.from)) {
    const taken = isTaken(current.from);
    if (taken === false) return settled(current.from);
    if (taken === undefined) return drawn(range, mayBeTakenWhy);
  } else {
    const earlier = earlierPort(current, address, isIn, asked);
    if (earlier !== undefined) {
      const taken = earlier.port === undefined ? undefined : isTaken(earlier.port);
      if (taken === false) return earlier;
      if (taken === undefined) return drawn(hull(range, earlier.ports), earlier.why ?? mayBeTakenWhy);
    }
  }
  if (isIn(current.from)) {
    const taken = isTaken(current.from);
    if (taken === false) return settled(current.from);
    if (taken === undefined) why = mayBeTakenWhy;
  }
  return drawn(range, why);
}

/**
 * Returns the destination port of a connection: its own where the rule names none, or where it is free among those that
 * the rule names, else the first free one of those.
 */
export function chooseDestinationPort(
  current: Tuple,
  address: Address,
  translation: Translation | undefined,
  asked: Asked,
): PortChoice {
  const ports = hasPorts(current.protocol) ? translation?.ports : undefined;
  if (ports === undefined) return settled(current.to);
  if (ports.from === ports.to) return settled(ports.from);
  if (translation?.isRandom) return drawn(ports, chosenWhy);
  const first = current.to >= ports.from && current.to <= ports.to ? [current.to] : [];
  const most = Math.min(ports.to - ports.from + 1, mostAttempts);
  for (const port of [...first, ...Array.from({ length: most }, (_, i) => ports.from + i)]) {
    const taken = takes({ ...current, destination: address, to: port }, asked);
    if (taken === false) return settled(port);
    if (taken === undefined) return drawn(ports, mayBeTakenWhy);
  }
  return drawn(ports, isTakenWhy);
}

/** Returns the ports that the kernel draws from when a rule names none, with that of the packet. */
export function usualRange(tuple: Pick<Tuple, 'family' | 'protocol' | 'from'>): IntegerRange {
  if (isIcmp(tuple)) return { from: 0, to: 65_535 };
  if (tuple.from < 512) return { from: 1, to: 511 };
  return tuple.from < 1024 ? { from: 512, to: 1023 } : { from: 1024, to: 65_535 };
}

/** What a source was translated to it is translated to again (find_appropriate_src). */
function earlierPort(
  current: Tuple,
  address: Address,
  isIn: (port: number) => boolean,
  { table, time }: Asked,
): PortChoice | undefined {
  let left = mostOfSource;
  for (const { reply, unclear } of table.from(current, address, time)) {
    if (unclear?.source !== undefined) return drawn(unclear.source.ports, unclear.why);
    const port = isIcmp(reply) ? reply.from : reply.to;
    if (isIn(port)) return settled(port);
    if (left-- === 0) return drawn({ from: 0, to: 65_535 }, 'its source has too many connections');
  }
  return undefined;
}

function takes(tuple: Tuple, { table, time }: Asked): boolean | undefined {
  // Without ports there is nothing to choose.
  return hasPorts(tuple.protocol) || isIcmp(tuple) ? table.isTaken(invert(tuple)!, time) : false;
}

function settled(port: number): PortChoice {
  return { port, ports: { from: port, to: port }, isElsewhere: false };
}

function drawn(ports: IntegerRange, why: string): PortChoice {
  return { ports, why, isElsewhere: why === isTakenWhy };
}

function hull(one: IntegerRange, other: IntegerRange): IntegerRange {
  return { from: Math.min(one.from, other.from), to: Math.max(one.to, other.to) };
}

import { hasPorts } from '../../../manifest/host-firewall/fields.ts';
import type { Family } from '../../../net/address.ts';
import { AddressSet } from '../../../net/address-set.ts';
import { PortSet } from '../../../net/port-set.ts';
import { wholeFamily } from '../../../net/prefix.ts';
import { ProtocolSet } from '../../../net/protocol-set.ts';
import type { IcmpType, Match } from '../../ruleset.ts';

/** Packets of one IP version that one rule asks for, as far as a HostFirewall can say it. */
export interface Box {
  readonly family: Family;
  readonly source: AddressSet;
  readonly destination: AddressSet;
  /** Names, or their beginnings followed by `*`; undefined for any. */
  readonly incoming: readonly string[] | undefined;
  readonly outgoing: readonly string[] | undefined;
  readonly protocols: ProtocolSet;
  readonly ports: PortSet;
  /** Undefined where no types are asked for. */
  readonly icmp: readonly IcmpType[] | undefined;
  readonly states: ReadonlySet<string>;
}

const allStates = ['NEW', 'ESTABLISHED', 'RELATED', 'INVALID', 'UNTRACKED'];
const everything: Readonly<Record<Family, AddressSet>> = {
  4: AddressSet.ofPrefixes([wholeFamily(4)]),
  6: AddressSet.ofPrefixes([wholeFamily(6)]),
};

/** Returns all addresses of an IP version. */
export function wholeVersion(family: Family): AddressSet {
  return everything[family];
}

/** Tells whether a box asks for nothing but the state of the connection. */
export function isUnconditional({
  family,
  source,
  destination,
  incoming,
  outgoing,
  protocols,
  ports,
  icmp,
}: Box): boolean {
  return (
    source.equals(everything[family]) &&
    destination.equals(everything[family]) &&
    incoming === undefined &&
    outgoing === undefined &&
    protocols.isAll &&
    ports.isAll &&
    icmp === undefined
  );
}

/**
 * Returns the packets of an IP version for which all conditions hold; `none` where there are none; a text that says what no HostFirewall
 * can ask for.
 */
export function boxOf(matches: readonly Match[], family: Family): Box | 'none' | { readonly why: string } {
  let box: { -readonly [Key in keyof Box]: Box[Key] } = {
    family,
    source: everything[family],
    destination: everything[family],
    incoming: undefined,
    outgoing: undefined,
    protocols: ProtocolSet.all,
    ports: PortSet.all,
    icmp: undefined,
    states: new Set(allStates),
  };
  for (const match of matches) {
    const { negated } = match;
    switch (match.kind) {
      case 'family':
        if ((match.family === family) === negated) return 'none';
        break;
      case 'protocol': {
        const { protocols } = match;
        box.protocols = box.protocols.intersect(negated ? protocols.complement() : protocols);
        break;
      }
      case 'source':
      case 'destination': {
        const { kind, addresses } = match;
        box[kind] = negated ? box[kind].subtract(addresses) : box[kind].intersect(addresses);
        break;
      }
      case 'destination port':
        if (match.raw) return { why: 'it asks for bytes where some protocols have a port' };
        box.ports = box.ports.intersect(negated ? match.ports.complement() : match.ports);
        box.protocols = box.protocols.intersect(ProtocolSet.of(6, 17, 132, 33, 136));
        break;
      case 'in':
      case 'out': {
        if (match.names.includes('+') && !negated) break;
        const key = match.kind === 'in' ? 'incoming' : 'outgoing';
        if (negated || box[key] !== undefined) return { why: 'no zone is all but some interfaces' };
        box = { ...box, [key]: match.names.map((name) => name.replace(/\+$/, '*')) };
        break;
      }
      case 'state':
        box.states = new Set([...box.states].filter((state) => match.states.has(state) !== negated));
        break;
      case 'icmp':
        if (negated || box.icmp !== undefined) return { why: 'it asks for all but some ICMP types' };
        box.protocols = box.protocols.intersect(ProtocolSet.of(match.protocol));
        box.icmp = match.types.some(({ type }) => type === undefined) ? undefined : match.types;
        break;
      default:
        return { why: reasonOf(match) };
    }
  }
  const isEmpty = [box.source, box.destination, box.protocols, box.ports].some((set) => set.isEmpty);
  return isEmpty || box.states.size === 0 ? 'none' : box;
}

function reasonOf(match: Match): string {
  if (match.kind === 'opaque') return `\`${match.text}\` cannot be said`;
  return `it asks for the ${match.kind}`;
}

/** Tells whether a packet can be in both boxes. */
export function overlap(one: Box, other: Box): boolean {
  const share = (a: readonly string[] | undefined, b: readonly string[] | undefined) =>
    a === undefined || b === undefined || a.some((x) => b.some((y) => sameBeginning(x, y)));
  return (
    one.family === other.family &&
    one.source.overlaps(other.source) &&
    one.destination.overlaps(other.destination) &&
    one.protocols.overlaps(other.protocols) &&
    one.ports.overlaps(other.ports) &&
    share(one.incoming, other.incoming) &&
    share(one.outgoing, other.outgoing) &&
    [...one.states].some((state) => other.states.has(state))
  );
}

function sameBeginning(one: string, other: string): boolean {
  const [a, b] = [one.replace('*', ''), other.replace('*', '')];
  if (one.endsWith('*') && other.startsWith(a)) return true;
  return other.endsWith('*') ? one.startsWith(b) : one === other;
}

/** Traffic of a box: protocol numbers, with their ports where not all are meant; undefined for any. */
export function trafficOf({
  protocols,
  ports,
}: Box): { readonly numbers: readonly number[]; readonly ports: PortSet | undefined } | undefined {
  if (protocols.isAll) return undefined;
  const numbers = protocols
    .ranges()
    .flatMap(({ from, to }) => Array.from({ length: to - from + 1 }, (_, at) => from + at));
  const named = ports.isAll ? undefined : ports;
  return { numbers: named === undefined ? numbers : numbers.filter(hasPorts), ports: named };
}

import { formatAddress } from '../../net/address.ts';
import { AddressSet } from '../../net/address-set.ts';
import { formatPrefix } from '../../net/prefix.ts';
import { protocolName } from '../../net/protocol.ts';
import { addressesOf, prefixesOf, rangesOf } from '../diagram/bits.ts';
import { always, type Node, never } from '../diagram/diagrams.ts';
import { type Field, packetTypes, states, statuses, tcpFlags } from '../diagram/fields.ts';
import type { PacketSpace } from '../diagram/space.ts';
import { type Box, projection } from './boxes.ts';

/** One field of a region, in words. */
export interface Condition {
  readonly field: Field;
  /** E.g. `22, 80-90`, or `any but 22`. */
  readonly values: string;
}

/** Values of a field that are written out; of more it is said how many there are. */
const mostValues = 6;
/** Prefixes that are looked at to find ranges. */
const mostPrefixes = 2048;

/**
 * Returns what a box asks for, in the order in which it is read. `inside` are the packets that it is made for: values that
 * none of them has are left out where that is shorter.
 */
export function conditionsOf(space: PacketSpace, box: Box, inside: Node): Condition[] {
  return order.flatMap((field) => {
    const values = box.get(field);
    if (values === undefined || values === always || isForeign(space, field)) return [];
    const [all, needed] = [values, projection(space, inside, field)].map((one) =>
      valuesText(space, field, one),
    );
    return [{ field, values: needed!.length < all!.length ? needed! : all! }];
  });
}

const order: readonly Field[] = [
  ...([
    'protocol',
    'icmp type',
    'icmp code',
    'source',
    'source port',
    'destination',
    'destination port',
  ] as const),
  ...([
    'tcp flags',
    'state',
    'in',
    'out',
    'fragment',
    'packet type',
    'hardware source',
    'direction',
  ] as const),
  ...([
    'status',
    'mark',
    'connection mark',
    'length',
    'hop limit',
    'dscp',
    'priority',
    'original source',
  ] as const),
  ...(['original source port', 'original destination', 'original destination port'] as const),
];

function isForeign({ path }: PacketSpace, field: Field): boolean {
  return (field === 'out' && path.chain === 'INPUT') || (field === 'in' && path.chain === 'OUTPUT');
}

/** Returns a region in one line, e.g. `tcp from 198.51.100.0/24 to port 22, new`. */
export function regionText(conditions: readonly Condition[]): string {
  const of = (field: Field) => conditions.find((one) => one.field === field)?.values;
  const end = (address: string | undefined, port: string | undefined) =>
    [address, port && `port ${port}`].filter((one) => one !== undefined).join(' ');
  const from = end(of('source'), of('source port'));
  const to = end(of('destination'), of('destination port'));
  const named = new Set<Field>(['protocol', 'source', 'source port', 'destination', 'destination port']);
  const head = [of('protocol') ?? 'all', ...(from ? [`from ${from}`] : []), ...(to ? [`to ${to}`] : [])].join(
    ' ',
  );
  const rest = conditions.filter(({ field }) => !named.has(field)).map(phrase);
  return [head, ...rest].join(', ');
}

function phrase({ field, values }: Condition): string {
  switch (field) {
    case 'state':
      return values;
    case 'in':
    case 'out':
      return `${field} by ${values}`;
    case 'fragment':
      return values === '1' ? 'later fragments' : 'not later fragments';
    case 'direction':
      return `${values} direction`;
    case 'tcp flags':
      return `flags ${values}`;
    default:
      return `${field} ${values}`;
  }
}

/** Returns the values of a field that a function of it holds. */
function valuesText(space: PacketSpace, field: Field, values: Node): string {
  switch (field) {
    case 'source':
    case 'destination':
    case 'original source':
    case 'original destination':
      return addressText(space, field, values);
    case 'tcp flags':
      return bitsText(space, field, values, tcpFlags) ?? listText(space, field, values, flagsName);
    case 'status':
      return bitsText(space, field, values, statuses) ?? 'some';
    case 'fragment':
      return values === space.bits('fragment')[0] ? '1' : '0';
    default:
      return listText(space, field, values, nameOf(space, field));
  }
}

/** How an interface is told that no rule names. */
const other = 'others (';

function nameOf(space: PacketSpace, field: Field): (value: number) => string | undefined {
  const { interfaces, hardware, patterns } = space.named;
  const isNamed = (name: string) => patterns.includes(name);
  switch (field) {
    case 'protocol':
      return protocolName;
    case 'state':
      return (value) => states[value]?.toLowerCase();
    case 'in':
    case 'out':
      return (value) => {
        const name = interfaces.names[value];
        return name === undefined || isNamed(name) ? name : `${other}${name})`;
      };
    case 'hardware source':
      return (value) => (value === hardware.length - 1 ? 'another' : hardware[value]);
    case 'packet type':
      return (value) => packetTypes[value];
    case 'direction':
      return (value) => (value === 1 ? 'reply' : 'original');
    case 'mark':
    case 'connection mark':
      return (value) => `0x${value.toString(16)}`;
    default:
      return String;
  }
}

/** Names, or ranges of numbers; those that are missing where they are fewer. */
function listText(
  space: PacketSpace,
  field: Field,
  values: Node,
  name: (value: number) => string | undefined,
): string {
  const { diagrams } = space;
  const [inside, outside] = [values, diagrams.not(values)].map((node) => listed(space, field, node, name));
  const holdsOthers = inside?.some((one) => one.startsWith(other)) === true && outside?.length !== 0;
  if (outside !== undefined && (inside === undefined || holdsOthers || outside.length < inside.length))
    return `any but ${shorten(outside)}`;
  return inside === undefined ? 'some' : shorten(inside);
}

function listed(
  space: PacketSpace,
  field: Field,
  node: Node,
  name: (value: number) => string | undefined,
): string[] | undefined {
  const { width } = space.place(field);
  const prefixes = prefixesOf(space.diagrams, node, space.variablesOf(field), mostPrefixes);
  if (prefixes === undefined) return undefined;
  const isNumber = width > 8 || name === String;
  return rangesOf(prefixes, width).flatMap(({ from, to }) => {
    if (isNumber || to - from > 64) return [from === to ? `${name(from)}` : `${name(from)}-${name(to)}`];
    return Array.from({ length: to - from + 1 }, (_, at) => name(from + at)).filter(
      (one) => one !== undefined,
    );
  });
}

function shorten(list: readonly string[]): string {
  if (list.length <= mostValues) return list.join(', ');
  return `${list.slice(0, mostValues).join(', ')} and ${list.length - mostValues} more`;
}

function addressText(space: PacketSpace, field: Field, values: Node): string {
  const { diagrams, path } = space;
  const setOf = (node: Node) => {
    const prefixes = prefixesOf(diagrams, node, space.variablesOf(field), mostPrefixes);
    return prefixes && addressesOf(prefixes, path.family);
  };
  const [inside, outside] = [setOf(values), setOf(diagrams.not(values))];
  const [those, others] = [inside && rangeTexts(inside), outside && rangeTexts(outside)];
  if (others !== undefined && (those === undefined || others.length < those.length))
    return `any but ${shorten(others)}`;
  return those === undefined ? 'some addresses' : shorten(those);
}

/** Prefixes where a range is one or two of them, else the range. */
function rangeTexts(set: AddressSet): string[] {
  return set.ranges().flatMap(({ from, to }) => {
    const prefixes = AddressSet.ofRange(from, to).prefixes();
    if (prefixes.length > 2) return [`${formatAddress(from)}-${formatAddress(to)}`];
    return prefixes.map((one) => {
      const isHost = one.length === (one.address.family === 4 ? 32 : 128);
      return isHost ? formatAddress(one.address) : formatPrefix(one);
    });
  });
}

/** Words for a field that is a row of bits, where they are few: `SYN without ACK, except SYN without RST`. */
function bitsText(
  space: PacketSpace,
  field: Field,
  values: Node,
  names: readonly string[],
): string | undefined {
  const { diagrams } = space;
  const inside = fixedBits(space, field, values, names);
  if (inside.cube === values) return inside.text;
  const left = diagrams.minus(inside.cube, values);
  const except = fixedBits(space, field, left, names);
  return except.cube === left ? `${inside.text}, except ${except.text}` : undefined;
}

/** Returns the bits that are up, or down, in all of the values, and the set of all values of which that is true. */
function fixedBits(space: PacketSpace, field: Field, values: Node, names: readonly string[]) {
  const { diagrams } = space;
  const bits = space.bits(field);
  const [up, down]: [string[], string[]] = [[], []];
  let cube: Node = always;
  for (const [at, name] of names.entries()) {
    const bit = bits[bits.length - 1 - at]!;
    const isUp = diagrams.minus(values, bit) === never;
    if (!isUp && diagrams.and(values, bit) !== never) continue;
    (isUp ? up : down).push(name);
    cube = isUp ? diagrams.and(cube, bit) : diagrams.minus(cube, bit);
  }
  const without = down.length === 0 ? '' : `without ${down.join(', ')}`;
  return {
    cube,
    text: [up.join('+') || (down.length === 0 ? 'any' : ''), without].filter(Boolean).join(' '),
  };
}

function flagsName(word: number): string {
  return tcpFlags.filter((_, bit) => (word >> bit) & 1).join('+') || 'none';
}

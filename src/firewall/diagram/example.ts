import type { Address } from '../../net/address.ts';
import { Protocol } from '../../net/protocol.ts';
import type { Packet } from '../packet.ts';
import { hasPorts } from '../packet.ts';
import { addressOf, align, type BitPrefix, bitsWithin } from './bits.ts';
import { type Node, never } from './diagrams.ts';
import { type Field, fieldOrder, numberFields, packetTypes, states, statuses } from './fields.ts';
import type { PacketSpace } from './space.ts';

/** Values that look like real ones, the likeliest first, for fields that are numbers. */
const likely: Readonly<Partial<Record<Field, readonly number[]>>> = {
  protocol: [Protocol.Tcp, Protocol.Udp, Protocol.Icmp, Protocol.Icmpv6],
  state: [0, 1, 2, 4, 3],
  'destination port': [80, 443, 22, 53, 8080, 8443, 123, 51820, 6443, 10250, 3306, 5432],
  'source port': [40_000, 53, 50_000, 1024],
  'icmp type': [8, 128, 0, 129, 3, 1],
  'tcp flags': [2, 16, 18, 17, 4],
  length: [60, 80, 1500],
  'hop limit': [64, 63, 255],
};
const likelySources = { 4: [0xc633_6407, 0xcb00_7107, 0x0a00_0007], 6: [[0x2001_0db8, 0, 0, 7]] } as const;
const likelyDestinations = {
  4: [0xcb00_710a, 0xc000_020a, 0x0a00_000a],
  6: [[0x2001_0db8, 1, 0, 10]],
} as const;

/** The order in which values are chosen: what a reader looks at first is chosen freely. */
const chosen: readonly Field[] = [
  ...([
    'protocol',
    'state',
    'in',
    'out',
    'destination port',
    'source',
    'destination',
    'source port',
  ] as const),
  ...(['icmp type', 'icmp code', 'tcp flags'] as const),
];

/** Returns a packet of the set with plausible values, every field of it said; undefined when the set is empty. */
export function examplePacket(space: PacketSpace, set: Node): Packet | undefined {
  const values = exampleValues(space, set);
  return values && packetOf(space, values);
}

/** Returns the fields of such a packet, as words of 32 bits aligned to the left. */
export function exampleValues(space: PacketSpace, set: Node): Map<Field, number[]> | undefined {
  const { diagrams } = space;
  let left = diagrams.exists(set, space.guessCube());
  if (left === never) return undefined;
  const values = new Map<Field, number[]>();
  for (const field of [...chosen, ...fieldOrder.filter((one) => !chosen.includes(one))]) {
    for (const wish of wishes(space, field, values)) {
      const fulfilled = diagrams.and(left, wish);
      if (fulfilled === never) continue;
      left = fulfilled;
      break;
    }
    values.set(field, readField(space, left, field));
    left = diagrams.and(
      left,
      space.within(field, [{ lanes: values.get(field)!, length: space.place(field).width }]),
    );
  }
  return values;
}

/** Sets of packets to take one from, the dearest first. */
function wishes(space: PacketSpace, field: Field, values: ReadonlyMap<Field, number[]>): Node[] {
  const { width } = space.place(field);
  const is = (...lanes: readonly number[]) => space.within(field, [{ lanes, length: width }]);
  const { family } = space.path;
  switch (field) {
    case 'in':
    case 'out': {
      const { interfaces, patterns } = space.named;
      const others = [interfaces.names.length - 1, 0].filter(
        (code) => code !== interfaces.codeOf('lo', patterns),
      );
      return [
        ...others.map((code) => is(align(code, width))),
        space.diagrams.not(is(align(interfaces.codeOf('lo', patterns), width))),
      ];
    }
    case 'source':
    case 'destination': {
      const some: readonly (number | readonly number[])[] =
        field === 'source' ? likelySources[family] : likelyDestinations[family];
      return [
        ...some.map((one) => is(...[one].flat())),
        hostBits(space, field, 1),
        hostBits(space, field, 2),
      ];
    }
    case 'original source':
    case 'original destination':
    case 'original source port':
    case 'original destination port':
      return [is(...values.get(field.slice('original '.length) as Field)!)];
    case 'hardware source':
      return [is(align(space.named.hardware.length - 1, width))];
    default:
      return (likely[field] ?? [0]).map((value) => is(align(value, width)));
  }
}

/** Addresses that end so. */
function hostBits(space: PacketSpace, field: Field, value: number): Node {
  const bits = space.bits(field).slice(-8);
  const prefix: BitPrefix = { lanes: [align(value, 8)], length: 8 };
  return bitsWithin(space.diagrams, bits, [prefix]);
}

/** Returns the value of a field in the example with the lowest values. */
function readField(space: PacketSpace, set: Node, field: Field): number[] {
  const example = space.diagrams.example(set)!;
  const { first, width } = space.place(field);
  const lanes = new Array<number>(Math.ceil(width / 32)).fill(0);
  for (let bit = 0; bit < width; bit++)
    if (example.get(first + bit)) lanes[bit >> 5] = (lanes[bit >> 5]! | (1 << (31 - (bit & 31)))) >>> 0;
  return lanes;
}

function packetOf(space: PacketSpace, values: ReadonlyMap<Field, number[]>): Packet {
  const { family, chain } = space.path;
  const number = (field: Field) => values.get(field)![0]! >>> (32 - space.place(field).width);
  const address = (field: Field): Address => addressOf(values.get(field)!, family);
  const { interfaces, hardware } = space.named;
  const protocol = number('protocol');
  const state = states[number('state')]!;
  const inInterface = interfaces.names[number('in')]!;
  const word = number('status');
  return {
    family,
    chain,
    protocol,
    state,
    source: address('source'),
    destination: address('destination'),
    local: chain === 'OUTPUT' || (chain === 'INPUT' && inInterface === 'lo'),
    ...(hasPorts(protocol) && { port: number('destination port'), sourcePort: number('source port') }),
    ...(chain !== 'OUTPUT' && { inInterface }),
    ...(chain !== 'INPUT' && { outInterface: interfaces.names[number('out')]! }),
    ...((protocol === Protocol.Icmp || protocol === Protocol.Icmpv6) && {
      icmpType: number('icmp type'),
      icmpCode: number('icmp code'),
    }),
    ...(protocol === Protocol.Tcp && { tcpFlags: number('tcp flags') }),
    numbers: Object.fromEntries(numberFields.map((field) => [field, number(field)])),
    isLaterFragment: number('fragment') === 1,
    hardwareSource: hardware[number('hardware source')]!,
    packetType: packetTypes[number('packet type')]!,
    // What a first packet's connection has is told by the packet itself.
    ...(state !== 'NEW' && {
      direction: number('direction') === 1 ? ('reply' as const) : ('original' as const),
      statuses: new Set(statuses.filter((_, bit) => (word >> bit) & 1)),
      original: {
        source: address('original source'),
        destination: address('original destination'),
        ...(hasPorts(protocol) && {
          sourcePort: number('original source port'),
          port: number('original destination port'),
        }),
      },
    }),
  };
}

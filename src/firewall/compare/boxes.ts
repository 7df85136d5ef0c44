import { always, type Node, never } from '../diagram/diagrams.ts';
import { exampleValues } from '../diagram/example.ts';
import type { Field } from '../diagram/fields.ts';
import type { PacketSpace } from '../diagram/space.ts';

/** The packets whose fields each lie in a set; what is absent may be anything. Sets are functions of the field alone. */
export type Box = ReadonlyMap<Field, Node>;

/** Boxes, and what they leave of the set when there are more than wanted. */
export interface Cover {
  readonly boxes: readonly Box[];
  /** Empty unless there are more. */
  readonly rest: Node;
}

/** The order in which fields are left out of a box where they do not matter: what a reader looks at first stays longest. */
const dropped: readonly Field[] = [
  ...([
    'original source port',
    'original source',
    'original destination',
    'original destination port',
  ] as const),
  ...(['priority', 'dscp', 'hop limit', 'length', 'hardware source', 'packet type', 'fragment'] as const),
  ...(['status', 'direction', 'connection mark', 'mark', 'source port', 'icmp code', 'icmp type'] as const),
  ...(['tcp flags', 'out', 'in', 'state', 'source', 'destination', 'destination port', 'protocol'] as const),
];

/**
 * Covers a set of packets with few large boxes, at most `most`; they may overlap. `open` are packets that a box may hold
 * beside those of the set, since they do not exist. Each box begins at one packet and grows field by field as far as it
 * stays inside.
 */
export function coverSet(space: PacketSpace, set: Node, open: Node, most: number): Cover {
  const { diagrams } = space;
  const allowed = diagrams.or(set, open);
  const outside = diagrams.not(allowed);
  const boxes: Box[] = [];
  let rest = diagrams.minus(set, open);
  while (rest !== never && boxes.length < most) {
    const box = grow(space, rest, outside);
    boxes.push(box);
    rest = diagrams.minus(rest, boxSet(space, box));
  }
  return { boxes, rest };
}

/** Returns the smallest box that holds a set, without the packets of `open`; fields that tell nothing then are left out. */
export function boundsOf(space: PacketSpace, set: Node, open: Node): Box {
  const { diagrams } = space;
  const [inside, possible] = [diagrams.minus(set, open), diagrams.not(open)];
  const bounds = new Map<Field, Node>();
  for (const { field } of space.places) {
    const values = projection(space, inside, field);
    if (values !== projection(space, possible, field)) bounds.set(field, values);
  }
  for (const field of dropped) {
    const without = new Map(bounds);
    without.delete(field);
    const more = diagrams.minus(boxSet(space, without), boxSet(space, bounds));
    if (diagrams.minus(more, open) === never) bounds.delete(field);
  }
  return bounds;
}

/** Returns the packets of a box. */
export function boxSet({ diagrams }: PacketSpace, box: Box): Node {
  let node: Node = always;
  for (const one of box.values()) node = diagrams.and(node, one);
  return node;
}

function grow(space: PacketSpace, rest: Node, outside: Node): Box {
  const { diagrams } = space;
  const box = new Map<Field, Node>();
  for (const [field, lanes] of exampleValues(space, rest)!)
    box.set(field, space.within(field, [{ lanes, length: space.place(field).width }]));
  const cubes = new Map(dropped.map((field) => [field, diagrams.cube(space.variablesOf(field))]));
  // What the box would hold outside, were the field any.
  const faults = (field: Field): Node => {
    let node = outside;
    for (const [other, values] of box) {
      if (other === field) continue;
      node = diagrams.exists(diagrams.and(node, values), cubes.get(other)!);
      if (node === never) break;
    }
    return node;
  };
  for (const field of dropped) if (faults(field) === never) box.delete(field);
  for (const field of dropped.toReversed()) {
    if (!box.has(field)) continue;
    let node = faults(field);
    for (const [other, cube] of cubes) if (!box.has(other)) node = diagrams.exists(node, cube);
    const values = diagrams.not(node);
    if (values === always) box.delete(field);
    else box.set(field, values);
  }
  tightenProtocol(space, box, rest);
  return box;
}

/** Fields that mean something for some protocols only. */
const ofProtocols: readonly Field[] = [
  'source port',
  'destination port',
  'icmp type',
  'icmp code',
  'tcp flags',
];

/** Ports are those of a protocol: of those that the box may hold, the ones that it is made for are named. */
function tightenProtocol(space: PacketSpace, box: Map<Field, Node>, rest: Node): void {
  if (!ofProtocols.some((field) => box.has(field))) return;
  const { diagrams } = space;
  const protocols = projection(space, diagrams.and(rest, boxSet(space, box)), 'protocol');
  if (protocols !== always) box.set('protocol', protocols);
}

/** Returns the values that a field has in a set. */
export function projection(space: PacketSpace, set: Node, field: Field): Node {
  const { diagrams } = space;
  const { first, width } = space.place(field);
  const others = diagrams.support(set).filter((variable) => variable < first || variable >= first + width);
  return diagrams.exists(set, diagrams.cube(others));
}

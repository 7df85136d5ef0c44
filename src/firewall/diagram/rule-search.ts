import type { Rule } from '../ruleset.ts';
import { type Box, BoxRow, boxOf, wordsOfPacket } from './boxes.ts';
import { type Diagrams, type Node, never } from './diagrams.ts';
import type { End } from './own-ends.ts';
import type { PacketSpace } from './space.ts';
import type { Ends } from './walk.ts';

/** What a rule does with packets, whatever rules stand before it. */
export interface Deeds {
  readonly rule: Rule;
  /** Packets that do not go on with the next rule. */
  readonly taken: Node;
  /** Packets that, where something else becomes of them, make a difference: those taken, or all that it matches. */
  readonly stopped: Node;
  /** Of those stopped, to which end they come; in none of them those of which that is not known. */
  readonly ends: Ends;
}

/** Rules that are taken from a set one by one. */
const mostApart = 64;

/** Packets that are tried before sets are made smaller by what takes them. */
const tries = 4;

/**
 * Questions about the rules of one chain, of which each is walked for itself. Of a set, the rules that matter are those
 * whose boxes it overlaps with, and one packet that no rule takes answers most questions; where packets are
 * taken, the set is made smaller by what the rules take that took them, until a packet is left or none can be. So sets stay
 * within the set that is asked about. The nodes that answers are made of are not kept: call in {@link Diagrams.scratch}.
 */
export class RuleSearch {
  readonly #diagrams: Diagrams;
  readonly #space: PacketSpace;
  readonly #deeds: readonly Deeds[];
  /** What becomes of packets behind the last rule. */
  readonly #atEnd: End;
  readonly #row: BoxRow;
  readonly #packets: readonly Uint8Array[];
  #left: { readonly entry: Node; readonly at: number; readonly node: Node } | undefined;

  constructor(space: PacketSpace, deeds: readonly Deeds[], atEnd: End) {
    this.#space = space;
    this.#diagrams = space.diagrams;
    this.#deeds = deeds;
    this.#atEnd = atEnd;
    this.#row = new BoxRow(deeds.map(({ taken, stopped }) => this.#box(this.#diagrams.or(taken, stopped))));
    this.#packets = somePackets(space.variables);
  }

  /** Returns a packet of the set that no rule before `at` takes, undefined when there is none. Throws TooLarge. */
  survivor(set: Node, at: number): Uint8Array | undefined {
    return this.#packetOf(set, (packet) => this.#takenWith(packet, at));
  }

  /** Returns a packet of the set that is in none of the sets that `takes` tells of packets. */
  #packetOf(set: Node, takes: (packet: Uint8Array) => Node | undefined): Uint8Array | undefined {
    let left = set;
    for (let round = 0; left !== never; round++) {
      const packet = this.#packets[round % this.#packets.length]!.slice();
      this.#diagrams.settle(left, packet);
      const taken = takes(packet);
      if (taken === undefined) return packet;
      if (round >= tries) left = this.#diagrams.minus(left, taken);
    }
    return undefined;
  }

  /** Returns all that the first rule before `at` takes that takes the packet. */
  #takenWith(packet: Uint8Array, at: number): Node | undefined {
    return this.#deeds[this.#first('taken', packet, 0, at)]?.taken;
  }

  /** Returns the first rule that takes a packet; the number of rules where none does. */
  takerOf(packet: Uint8Array): number {
    const taker = this.#first('taken', packet, 0, this.#deeds.length);
    return taker < 0 ? this.#deeds.length : taker;
  }

  /** Returns the packets of the set, a part of `entry`, that no rule before `at` takes; kept. Throws TooLarge. */
  rest(set: Node, entry: Node, at: number): Node {
    const places = [...this.#overlapping(set, 0, at)];
    if (places.length > mostApart) return this.#diagrams.and(set, this.#leftBefore(entry, at));
    return this.#diagrams.orForget(() =>
      places.reduce((left, place) => this.#diagrams.minus(left, this.#deeds[place]!.taken), set),
    );
  }

  /** The packets that come to a rule, kept to go on from there. */
  #leftBefore(entry: Node, at: number): Node {
    const diagrams = this.#diagrams;
    const isAhead = this.#left !== undefined && this.#left.entry === entry && this.#left.at <= at;
    const from = isAhead ? this.#left! : { entry, at: 0, node: entry };
    const taken = this.#deeds.slice(from.at, at).map((one) => one.taken);
    const node = diagrams.orForget(() => diagrams.minus(from.node, diagrams.union(taken)));
    this.#left = { entry, at, node };
    return node;
  }

  /** Returns the rules before `at` that take packets of the set, up to `most`, and whether they leave any. Throws TooLarge. */
  takers(set: Node, at: number, most: number): { readonly rules: readonly Rule[]; readonly isCut: boolean } {
    const rules: Rule[] = [];
    let left = set;
    for (const place of this.#overlapping(set, 0, at)) {
      if (left === never || rules.length === most) break;
      const { rule, taken } = this.#deeds[place]!;
      const rest = this.#diagrams.minus(left, taken);
      if (rest !== left) rules.push(rule);
      left = rest;
    }
    return { rules, isCut: left !== never };
  }

  /**
   * Tells whether what comes of the set to rule `at` would come to `end` without that rule. `packet` is one that comes
   * to it. Throws TooLarge.
   */
  isSame(set: Node, at: number, end: End, packet: Uint8Array): boolean {
    if (this.#endOf(packet, at + 1) !== end) return false;
    // What of the set was not yet found to be taken by earlier rules, or by later ones that do the same with it.
    let left = set;
    const comesTo = (those: Node, place: number) =>
      this.#packetOf(those, (one) => {
        const taken =
          this.#takenWith(one, at) ?? this.#deeds[this.#first('stopped', one, at + 1, place)]?.stopped;
        if (taken !== undefined) left = this.#diagrams.minus(left, taken);
        return taken;
      }) !== undefined;
    for (const place of this.#overlapping(set, at + 1, this.#deeds.length)) {
      const { stopped, ends } = this.#deeds[place]!;
      const others = this.#diagrams.minus(this.#diagrams.and(left, stopped), ends[end]);
      if (comesTo(others, place)) return false;
      if (left === never) return true;
    }
    return this.#atEnd === end || !comesTo(left, this.#deeds.length);
  }

  /** Returns what becomes of a packet that comes to rule `from`; undefined where that is not known. */
  #endOf(packet: Uint8Array, from: number): End | undefined {
    const place = this.#first('stopped', packet, from, this.#deeds.length);
    if (place < 0) return this.#atEnd;
    const { ends } = this.#deeds[place]!;
    return (['accept', 'drop', 'back'] as const).find((end) => this.#diagrams.isTrue(ends[end], packet));
  }

  #first(what: 'taken' | 'stopped', packet: Uint8Array, from: number, to: number): number {
    const words = wordsOfPacket(packet, this.#space.places);
    const point = { lows: words, highs: words };
    for (let place = from; ; place++) {
      place = this.#row.next(point, place, to);
      if (place < 0 || this.#diagrams.isTrue(this.#deeds[place]![what], packet)) return place;
    }
  }

  *#overlapping(set: Node, from: number, to: number): Generator<number> {
    const box = this.#box(set);
    for (let at = this.#row.next(box, from, to); at >= 0; at = this.#row.next(box, at + 1, to)) yield at;
  }

  #box(set: Node): Box {
    return boxOf(this.#diagrams, set, this.#space.places);
  }
}

/** Packets to begin with, that differ in all: a small generator of random numbers (Marsaglia, Xorshift RNGs, 2003). */
function somePackets(variables: number): Uint8Array[] {
  let state = 0x2545_f491;
  const roll = () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 16) & 1;
  };
  return [
    new Uint8Array(variables),
    new Uint8Array(variables).fill(1),
    ...Array.from({ length: 30 }, () => Uint8Array.from({ length: variables }, roll)),
  ];
}

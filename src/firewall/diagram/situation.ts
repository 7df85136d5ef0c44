import type { Bits } from './bits.ts';
import { type Node, never } from './diagrams.ts';
import type { Field } from './fields.ts';
import type { PacketSpace } from './space.ts';

/** A field of the packets on their way, as a function of what they were when they came. */
export interface Value {
  readonly bits: Bits;
  /** Where it is not known, by what made it so; the bits mean nothing there. */
  readonly unknown: ReadonlyMap<string, Node>;
}

const none: ReadonlyMap<string, Node> = new Map();
const initial = new WeakMap<PacketSpace, Map<Field, Value>>();

/** Fields of all packets at one point of their way: as they came, and what rules changed since. Immutable. */
export class Situation {
  readonly space: PacketSpace;
  readonly #changed: ReadonlyMap<Field, Value>;

  constructor(space: PacketSpace, changed: ReadonlyMap<Field, Value> = new Map()) {
    this.space = space;
    this.#changed = changed;
  }

  /** Fields that are, for some packets, not as they came. */
  get changedFields(): Field[] {
    return [...this.#changed.keys()];
  }

  value(field: Field): Value {
    const changed = this.#changed.get(field);
    if (changed !== undefined) return changed;
    const values = initial.get(this.space) ?? new Map<Field, Value>();
    initial.set(this.space, values);
    const value = values.get(field) ?? { bits: this.space.bits(field), unknown: none };
    values.set(field, value);
    return value;
  }

  /** Returns where a field is not known. */
  unknown(field: Field): Node {
    let node: Node = never;
    for (const one of this.value(field).unknown.values()) node = this.space.diagrams.or(node, one);
    return node;
  }

  /** Returns the situation after the packets of `where` got a new value. */
  with(field: Field, where: Node, { bits, unknown }: Value): Situation {
    const { diagrams } = this.space;
    const old = this.value(field);
    const merged = new Map<string, Node>();
    for (const [tag, node] of old.unknown) merged.set(tag, diagrams.minus(node, where));
    for (const [tag, node] of unknown)
      merged.set(tag, diagrams.or(merged.get(tag) ?? never, diagrams.and(node, where)));
    for (const [tag, node] of merged) if (node === never) merged.delete(tag);
    const value = {
      bits: old.bits.map((bit, at) => diagrams.ite(where, bits[at]!, bit)),
      unknown: merged.size === 0 ? none : merged,
    };
    const isSame = value.bits.every((bit, at) => bit === old.bits[at]) && sameTags(merged, old.unknown);
    return isSame ? this : new Situation(this.space, new Map([...this.#changed, [field, value]]));
  }

  /** Returns the situation after it is no longer known of the packets of `where` what a field is. */
  without(field: Field, where: Node, tag: string): Situation {
    const bits = this.value(field).bits.map(() => never);
    return this.with(field, where, { bits, unknown: new Map([[tag, where]]) });
  }

  /**
   * Returns where a field has another value than in `other`. Where what made it unknown is not the same on both sides, that is
   * a guess.
   */
  differs(field: Field, other: Situation): Node {
    const { diagrams } = this.space;
    const [mine, theirs] = [this.value(field), other.value(field)];
    if (mine === theirs) return never;
    let different: Node = never;
    for (const [at, bit] of mine.bits.entries())
      different = diagrams.or(different, diagrams.xor(bit, theirs.bits[at]!));
    const unknown = diagrams.or(this.unknown(field), other.unknown(field));
    let guessed: Node = never;
    for (const tag of new Set([...mine.unknown.keys(), ...theirs.unknown.keys()])) {
      const one = diagrams.xor(mine.unknown.get(tag) ?? never, theirs.unknown.get(tag) ?? never);
      if (one !== never)
        guessed = diagrams.or(guessed, diagrams.and(one, this.space.guess(`${tag} changes it`)));
    }
    return diagrams.or(diagrams.minus(different, unknown), guessed);
  }
}

function sameTags(one: ReadonlyMap<string, Node>, other: ReadonlyMap<string, Node>): boolean {
  return one.size === other.size && [...one].every(([tag, node]) => other.get(tag) === node);
}

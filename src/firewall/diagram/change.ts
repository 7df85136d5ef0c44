import type { Action, NumberField, Table, Translation } from '../ruleset.ts';
import { bitOf, bitsWithin, constantBits, lanesOf, rangePrefixes } from './bits.ts';
import { always, type Node, never } from './diagrams.ts';
import { type Field, numberFields, states, statuses } from './fields.ts';
import type { Conditions } from './match.ts';
import type { Situation, Value } from './situation.ts';

const nothingUnknown: ReadonlyMap<string, Node> = new Map();

/** What changes the packets of a set on their way: what packet-change.ts does with one, for all of them. */
export class Changes {
  readonly #conditions: Conditions;

  constructor(conditions: Conditions) {
    this.#conditions = conditions;
  }

  /**
   * Returns the situation after the packets of `where` met an action, and those that the rule loses by it: nft cannot
   * read what a packet without connection does not have.
   */
  act(
    situation: Situation,
    where: Node,
    action: Action,
    backend: Table['backend'],
    rule: string,
  ): { readonly situation: Situation; readonly lost: Node } {
    if (action.kind === 'untrack') return { situation: this.untrack(situation, where), lost: never };
    if (action.kind === 'opaque')
      return { situation: this.forget(situation, where, `${action.text} (${rule})`), lost: never };
    const { field, keep, flip, from } = action;
    const { diagrams } = situation.space;
    const lacking = (one: NumberField) =>
      one === 'connection mark' ? diagrams.and(where, this.unconnected(situation)) : never;
    const lost = from === undefined ? never : lacking(from.field);
    const done = diagrams.minus(diagrams.minus(where, lost), lacking(field));
    const value = newNumber(situation, field, keep, flip, from);
    return { situation: situation.with(field, done, value), lost: backend === 'nft' ? lost : never };
  }

  /** Returns the packets that belong to no connection. */
  unconnected(situation: Situation): Node {
    return situation.space.diagrams.or(
      this.#conditions.isState(situation, 'INVALID'),
      this.#conditions.isState(situation, 'UNTRACKED'),
    );
  }

  /** Takes packets out of connection tracking, which is too late for those that belong to a connection. */
  untrack(situation: Situation, where: Node): Situation {
    const { diagrams } = situation.space;
    return this.toState(situation, diagrams.and(where, this.unconnected(situation)), 'UNTRACKED');
  }

  toState(situation: Situation, where: Node, state: (typeof states)[number]): Situation {
    const bits = constantBits([(states.indexOf(state) << 29) >>> 0], 3);
    return situation.with('state', where, { bits, unknown: nothingUnknown });
  }

  /** Nothing is known of ends and numbers after it. */
  forget(situation: Situation, where: Node, tag: string): Situation {
    let changed = situation;
    for (const field of [...ends, ...numberFields]) changed = changed.without(field, where, tag);
    return changed;
  }

  /** Returns the situation after the packets of `where` were translated. */
  translate(situation: Situation, where: Node, translation: Translation): Situation {
    const { end, addresses, ports, isRandom } = translation;
    const { space } = situation;
    const { diagrams } = space;
    const portField: Field = end === 'source' ? 'source port' : 'destination port';
    let changed = situation;
    if (addresses !== undefined)
      changed = changed.with(end, where, newAddress(situation, where, translation));
    if (ports !== undefined) {
      const those = diagrams.and(where, this.#conditions.withPorts());
      const { bits } = situation.value(portField);
      const range = rangePrefixes([ports], 16);
      const stays =
        ports.from === ports.to || isRandom
          ? never
          : diagrams.minus(bitsWithin(diagrams, bits, range), situation.unknown(portField));
      const tag = `to ports ${ports.from}-${ports.to}`;
      changed =
        ports.from === ports.to
          ? changed.with(portField, those, {
              bits: constantBits(range[0]!.lanes, 16),
              unknown: nothingUnknown,
            })
          : changed.without(portField, diagrams.minus(those, stays), tag);
    } else if (isRandom)
      changed = changed.without(
        portField,
        diagrams.and(where, this.#conditions.withPorts()),
        'to a port by lot',
      );
    const really = diagrams.or(changed.differs(end, situation), changed.differs(portField, situation));
    return withStatus(changed, really, end === 'source' ? 'snat' : 'dnat');
  }
}

const ends = ['source', 'destination', 'source port', 'destination port'] as const;

function withStatus(situation: Situation, where: Node, status: 'snat' | 'dnat'): Situation {
  const { bits, unknown } = situation.value('status');
  const place = bits.length - 1 - statuses.indexOf(status);
  return situation.with('status', where, {
    bits: bits.map((bit, at) => (at === place ? always : bit)),
    unknown,
  });
}

/** `(old & keep) ^ flip`, or with the bits of another field in the place of `flip`. */
function newNumber(
  situation: Situation,
  field: NumberField,
  keep: number,
  flip: number,
  from: Extract<Action, { kind: 'set number' }>['from'],
): Value {
  const { diagrams } = situation.space;
  const old = situation.value(field);
  const other = from && situation.value(from.field);
  const width = old.bits.length;
  const isUp = (word: number, at: number) => (word >>> (width - 1 - at)) & 1;
  const bits = old.bits.map((bit, at) => {
    const kept = isUp(keep, at) ? bit : never;
    if (other === undefined || from === undefined) return isUp(flip, at) ? diagrams.not(kept) : kept;
    const otherBit = other.bits[other.bits.length - width + at] ?? never;
    return isUp(from.mask, at) ? diagrams.xor(kept, otherBit) : kept;
  });
  const unknown = new Map(keep === 0 ? [] : old.unknown);
  for (const [tag, node] of other?.unknown ?? [])
    unknown.set(tag, diagrams.or(unknown.get(tag) ?? never, node));
  return { bits, unknown };
}

function newAddress(situation: Situation, where: Node, { end, addresses, keepsHost }: Translation): Value {
  const old = situation.value(end);
  const width = old.bits.length;
  const unknown = (tag: string) => ({ bits: old.bits.map(() => never), unknown: new Map([[tag, where]]) });
  if (addresses === 'interface' || addresses === undefined) return unknown(`to the address of the interface`);
  const [from, to] = [lanesOf(addresses.from), lanesOf(addresses.to)];
  if (from.length * 32 !== width) return unknown('to an address of the other IP version');
  if (from.every((lane, at) => lane === to[at]))
    return { bits: constantBits(from, width), unknown: nothingUnknown };
  if (!keepsHost) return unknown(`to one of ${from.join('.')}-${to.join('.')}`);
  // The bits in which the ends of the range differ are those of the host.
  const bits = old.bits.map((bit, at) => (bitOf(from, at) === bitOf(to, at) ? bitOf(from, at) : bit));
  return { bits, unknown: old.unknown };
}

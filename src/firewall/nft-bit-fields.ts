import { always, type FieldValue, type NftField, never, not, type Relation } from './nft-field.ts';
import { parseWord } from './nft-numbers.ts';
import type { ConnectionStatus, Match } from './ruleset.ts';
import { parseTcpFlags, tcpFlagsMatch } from './tcp-flags.ts';

/*
 * Fields of bits. Without an operator nft asks whether any of the bits of a value or list is up; with `==` and `!=`, and
 * in sets of several elements, for the whole value (bytecode that nft 1.0.6 prints with --debug=netlink).
 */

const allFlags = 0xff;

/** Returns the field `tcp flags`. */
export function tcpFlagsField(text: string, implied: readonly Match[]): NftField {
  const anyUp = (bits: number) =>
    (bits & (bits - 1)) === 0 ? tcpFlagsMatch(bits, bits) : tcpFlagsMatch(bits, 0, true);
  return {
    text,
    implied,
    read: parseTcpFlags,
    oneOf: (values) => eitherOf((values as number[]).map((one) => tcpFlagsMatch(allFlags, one))),
    bits: (relation, values, mask) => {
      const [up, looked] = [sum(values), mask && sum(mask)];
      if (relation !== 'implicit' && relation !== '==' && relation !== '!=') return undefined;
      if (relation === 'implicit' && looked === undefined) return up === 0 ? never : anyUp(up);
      return tcpFlagsMatch(looked ?? allFlags, up, relation === '!=');
    },
  };
}

/** Returns the field `ct state`: a packet has one of them. */
export function stateField(): NftField {
  const oneOf = (values: readonly FieldValue[]): Match => ({
    kind: 'state',
    states: new Set(values as string[]),
    negated: false,
  });
  return {
    text: 'ct state',
    implied: [],
    read: (text) => nameOf(states, text)?.toUpperCase(),
    oneOf,
    bits: (relation, values) => {
      if (relation === 'implicit') return oneOf(values);
      const isSingle = new Set(values).size === 1;
      // No packet has two of them, so that the whole value never is `new | related`.
      if (relation === '==') return isSingle ? oneOf(values) : never;
      if (relation === '!=') return isSingle ? not(oneOf(values)) : always;
      return undefined;
    },
  };
}

/** Returns the field `ct status`, of which only whether any bit is up is modelled. */
export function statusField(): NftField {
  return {
    text: 'ct status',
    implied: [],
    read: (text) => nameOf(statuses, text),
    oneOf: (values) => ({ kind: 'opaque', text: `ct status { ${values.join(', ')} }`, negated: false }),
    bits: (relation, values) =>
      relation === 'implicit'
        ? { kind: 'status', statuses: new Set(values as ConnectionStatus[]), negated: false }
        : undefined,
  };
}

/** Names and bits (linux/netfilter/nf_conntrack_common.h). */
const states = { invalid: 1, established: 2, related: 4, new: 8, untracked: 64 };
const statuses = { expected: 1, 'seen-reply': 2, assured: 4, confirmed: 8, snat: 16, dnat: 32 };

function nameOf(bits: Readonly<Record<string, number>>, text: string): string | undefined {
  if (Object.hasOwn(bits, text)) return text;
  return Object.keys(bits).find((name) => bits[name] === parseWord(text));
}

function sum(values: readonly FieldValue[]): number {
  return (values as number[]).reduce((all, one) => all | one, 0);
}

/** Returns the condition that one of several holds. */
export function eitherOf(matches: readonly Match[]): Match {
  const [only] = matches;
  if (only !== undefined && matches.length === 1) return only;
  return { kind: 'any of', alternatives: matches.map((one) => [one]), negated: false };
}

/** Of a set with one element nft makes a comparison: any bit in some versions, the whole value in others. */
export function loneElement(field: NftField, value: FieldValue, relation: Relation): Match | undefined {
  const [any, whole] = [field.bits?.(relation, [value]), field.oneOf([value])];
  if (any === undefined || relation !== 'implicit' || whole.kind === 'opaque' || whole.kind === 'state')
    return any;
  const version: Match = {
    kind: 'opaque',
    text: `${field.text} with a set of one element, which versions of nft read differently`,
    negated: false,
  };
  return { kind: 'any of', alternatives: [[whole], [any, version]], negated: false };
}

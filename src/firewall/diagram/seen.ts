import type { Rule } from '../ruleset.ts';

/** What is wrong with a rule, for every packet there can be; the first that holds is told. */
export type RuleFault =
  /** Its own conditions exclude each other. */
  | 'contradicts itself'
  /** Nothing comes to its chain: no base chain leads there, or only with packets that it does not ask for. */
  | 'chain not reached'
  /** All packets that it asks for are decided by earlier rules of its chain. */
  | 'shadowed'
  /** Without it, later rules do the same with the packets that it decides. */
  | 'redundant';

/** Rules that are named as hiding another. */
export const mostCovers = 8;

/** What one path says of a rule; of several paths a fault is one only where all have it. */
export interface Seen {
  readonly reached: boolean;
  readonly matched: boolean;
  readonly fault: RuleFault | 'not known' | undefined;
  /** The earlier rules that take packets that it asks for; at most {@link mostCovers}. */
  readonly covers: readonly Rule[];
  readonly coversCut: boolean;
}

/** What a path says of a rule where its sets are too large. */
export const notKnown: Seen = {
  ...{ reached: false, matched: false, fault: 'not known', covers: [], coversCut: false },
};

/** Which of two faults that a rule has on different paths is told of both: the one that says least. */
const strength: readonly Seen['fault'][] = [
  undefined,
  'not known',
  'redundant',
  'shadowed',
  'chain not reached',
  'contradicts itself',
];

/** Returns what is told of a rule of which two paths, or two ways into its chain, say something. */
export function merge(one: Seen | undefined, other: Seen): Seen {
  if (one === undefined) return other;
  const weaker = strength.indexOf(one.fault) <= strength.indexOf(other.fault) ? one : other;
  const covers = [...new Set([...one.covers, ...other.covers])];
  return {
    reached: one.reached || other.reached,
    matched: one.matched || other.matched,
    fault: weaker.fault,
    covers: covers.slice(0, mostCovers),
    coversCut: one.coversCut || other.coversCut || covers.length > mostCovers,
  };
}

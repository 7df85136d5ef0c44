import type { AddressSet } from '../../net/address-set.ts';
import { type Piece, unionOf } from './side.ts';
import { answerKey, closed, type Transition, type TransitionCache, transitionKey } from './transitions.ts';

/** Addresses for which the answers changed in the same way. */
export interface OutsideChange {
  readonly range: AddressSet;
  readonly transition: Transition;
}

/**
 * Compares two answers that cut the addresses outside differently: by sets of addresses, never by how they are written.
 * Addresses that no piece has are closed.
 */
export function compareOutside(
  before: readonly Piece[],
  after: readonly Piece[],
  cache: TransitionCache,
): OutsideChange[] {
  const olds = gathered(before);
  const news = gathered(after);
  const found = new Map<string, { transition: Transition; ranges: AddressSet[] }>();
  for (const old of olds) {
    for (const now of news) {
      const changes = cache.get(old.ports, now.ports);
      if (changes.length === 0) continue;
      const range = old.range.intersect(now.range);
      if (range.isEmpty) continue;
      for (const transition of changes) {
        const key = transitionKey(transition);
        const known = found.get(key);
        if (known === undefined) found.set(key, { transition, ranges: [range] });
        else known.ranges.push(range);
      }
    }
  }
  return [...found.values()].map(({ transition, ranges }) => ({ transition, range: unionOf(ranges) }));
}

/** Disjoint pieces, one for each answer, that together are all addresses. */
function gathered(pieces: readonly Piece[]): Piece[] {
  const groups = new Map<string, { ranges: AddressSet[]; ports: Piece['ports'] }>();
  for (const { range, ports } of pieces) {
    const key = answerKey(ports);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { ranges: [range], ports });
    else group.ranges.push(range);
  }
  const whole = [...groups.values()].map(({ ranges, ports }) => ({ range: unionOf(ranges), ports }));
  const rest = unionOf(whole.map(({ range }) => range)).complement();
  return rest.isEmpty ? whole : [...whole, { range: rest, ports: closed }];
}

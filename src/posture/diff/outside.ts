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
 * Addresses of `universe` that no piece has are closed; those outside of it are not compared, as one side does not
 * speak of them.
 */
export function compareOutside(
  before: readonly Piece[],
  after: readonly Piece[],
  universe: AddressSet,
  cache: TransitionCache,
): OutsideChange[] {
  const olds = gathered(before, universe);
  const news = gathered(after, universe);
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

/** Disjoint pieces, one for each answer, that together are the universe. */
function gathered(pieces: readonly Piece[], universe: AddressSet): Piece[] {
  const groups = new Map<string, { ranges: AddressSet[]; ports: Piece['ports'] }>();
  for (const { range, ports } of pieces) {
    const key = answerKey(ports);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { ranges: [range], ports });
    else group.ranges.push(range);
  }
  const whole = [...groups.values()].map(({ ranges, ports }) => ({
    range: unionOf(ranges).intersect(universe),
    ports,
  }));
  const rest = universe.subtract(unionOf(whole.map(({ range }) => range)));
  return rest.isEmpty ? whole : [...whole, { range: rest, ports: closed }];
}

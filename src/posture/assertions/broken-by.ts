import { AddressSet } from '../../net/address-set.ts';
import { addressesOf } from '../../segmentation/endpoint.ts';
import { type ReachEnd, reachEndText } from '../reach/end.ts';
import { askedPorts } from './asked-ports.ts';
import { matchEnds, mergeMatched } from './match-ends.ts';
import type { Assertion, WrittenEnd } from './model.ts';
import { type Pair, pairsBetween } from './pairs.ts';
import type { ReachIndex } from './reach-index.ts';

/** A `must` that would hold no longer. */
export interface BrokenMust {
  readonly name: string;
  readonly reason: string | undefined;
  /** The first connection that would be cut, e.g. `shop/web → 203.0.113.7/32`. */
  readonly connection: string;
}

/**
 * Returns which `must` assertions would lose a connection if nothing passed from or to the addresses of `cut` any more: the posture with the cut
 * allows what it allows now, but for connections of which an end is cut. Who wrote `internet` or `any` did not mean every single address,
 * so that an end outside counts only where an address, a range or a host of the site file names it; declared workloads always count. `index` is asked for
 * only where an assertion can be touched at all, since it costs a whole matrix.
 */
export function brokenBy(
  cut: AddressSet,
  assertions: readonly Assertion[],
  podAddresses: AddressSet,
  hosts: AddressSet,
  index: () => ReachIndex,
): BrokenMust[] {
  const musts = assertions.filter(({ kind }) => kind === 'must');
  const named = musts.flatMap(({ from, to }) => [...from, ...to].map(({ pattern }) => pattern));
  const isTouched =
    cut.overlaps(podAddresses) ||
    cut.overlaps(hosts) ||
    named.some((pattern) => pattern.kind === 'addresses' && cut.overlaps(pattern.range));
  if (musts.length === 0 || !isTouched) return [];
  return musts.flatMap((must) => broken(must, cut, index()) ?? []);
}

function broken(must: Assertion, cut: AddressSet, index: ReachIndex): BrokenMust | undefined {
  const [from, to] = [must.from, must.to].map((ends) => ends.map((end) => match(end, index)));
  const [outFrom, outTo] = [from!, to!].map((list) =>
    list
      .filter(({ isNamed }) => isNamed)
      .reduce((set, { matched }) => set.union(matched.range), AddressSet.empty),
  );
  const ends = [from!, to!].map((list) => mergeMatched(list.map(({ matched }) => matched)));
  for (const pair of pairsBetween(ends[0]!, ends[1]!, index)) {
    const { source, destination } = pair;
    if (!touches(source, cut, outFrom!) && !touches(destination, cut, outTo!)) continue;
    if (!passes(pair, must)) continue;
    const connection = `${textOf(source, cut)} → ${textOf(destination, cut)}`;
    return { name: must.name, reason: must.reason, connection };
  }
  return undefined;
}

/** Whether any of it may pass now: what is denied already is not broken by the cut, and what is not known may be just what works. */
function passes({ destination, ports }: Pair, must: Assertion): boolean {
  return ports.some(({ protocol, allowed, unknown }) => {
    const asked = askedPorts(must, destination, protocol);
    return !asked.intersect(allowed).isEmpty || !asked.intersect(unknown).isEmpty;
  });
}

function match(end: WrittenEnd, index: ReachIndex) {
  const { kind } = end.pattern;
  return {
    isNamed: kind === 'addresses' || kind === 'word',
    matched: matchEnds(end.pattern, index, { entries: false, doubtful: true }),
  };
}

function touches(end: ReachEnd, cut: AddressSet, named: AddressSet): boolean {
  if (end.kind === 'workload') return addressesOf(end.workload).some((address) => cut.contains(address));
  return end.kind === 'external' && end.range.intersect(named).overlaps(cut);
}

function textOf(end: ReachEnd, cut: AddressSet): string {
  return end.kind === 'external' && end.range.overlaps(cut)
    ? end.range.intersect(cut).toString()
    : reachEndText(end);
}

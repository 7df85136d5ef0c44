import type { AddressSet } from '../../net/address-set.ts';
import { PortSet } from '../../net/port-set.ts';
import { type ApiProtocol, apiProtocols } from '../../segmentation/protocol.ts';
import { type Piece, unionOf } from '../diff/side.ts';
import type { ReachEnd } from '../reach/end.ts';
import type { ProtocolPorts } from '../reach/matrix.ts';
import type { Matched } from './match-ends.ts';
import type { ReachIndex } from './reach-index.ts';

/** Two ends, and on which ports the one reaches the other. */
export interface Pair {
  readonly source: ReachEnd;
  readonly destination: ReachEnd;
  readonly ports: readonly ProtocolPorts[];
}

const closed: readonly ProtocolPorts[] = (Object.keys(apiProtocols) as ApiProtocol[]).map((protocol) => {
  return { protocol, allowed: PortSet.empty, unknown: PortSet.empty };
});

/** Yields every pair of a source and a destination, addresses outside cut as the controls tell them apart. */
export function* pairsBetween(sources: Matched, destinations: Matched, index: ReachIndex): Generator<Pair> {
  for (const number of destinations.ends) {
    const destination = endOf(index, number);
    const answers = index.to(number);
    for (const source of sources.ends) {
      const ports = answers.get(source);
      if (ports !== undefined) yield { source: endOf(index, source), destination, ports };
    }
    if (destination.kind !== 'workload') continue;
    for (const { range, ports } of within(index.inbound(number), sources.range)) {
      yield { source: { kind: 'external', range }, destination, ports };
    }
  }
  for (const number of sources.ends) {
    const source = endOf(index, number);
    if (source.kind !== 'workload') continue;
    for (const { range, ports } of within(index.outbound(number), destinations.range)) {
      yield { source, destination: { kind: 'external', range }, ports };
    }
  }
}

/** Yields every pair of a destination and a source that is not listed and that may reach it. */
export function* pairsFromOthers(listed: Matched, destinations: Matched, index: ReachIndex): Generator<Pair> {
  const others = listed.range.union(index.podAddresses).complement();
  for (const number of destinations.ends) {
    const destination = endOf(index, number);
    for (const [source, ports] of index.to(number)) {
      if (!listed.ends.has(source)) yield { source: endOf(index, source), destination, ports };
    }
    for (const { range, ports } of index.inbound(number)) {
      const rest = range.intersect(others);
      if (!rest.isEmpty) yield { source: { kind: 'external', range: rest }, destination, ports };
    }
  }
  if (destinations.range.isEmpty) return;
  for (const [number, source] of index.ends.entries()) {
    if (listed.ends.has(number)) continue;
    for (const { range, ports } of index.outbound(number)) {
      const common = range.intersect(destinations.range);
      if (!common.isEmpty) yield { source, destination: { kind: 'external', range: common }, ports };
    }
  }
}

/** The pieces inside a range; what none of them has is closed. */
function within(pieces: readonly Piece[], range: AddressSet): Piece[] {
  if (range.isEmpty) return [];
  const inside = pieces
    .map((piece) => ({ range: piece.range.intersect(range), ports: piece.ports }))
    .filter((piece) => !piece.range.isEmpty);
  const rest = range.subtract(unionOf(inside.map((piece) => piece.range)));
  return rest.isEmpty ? inside : [...inside, { range: rest, ports: closed }];
}

function endOf({ ends }: ReachIndex, number: number): ReachEnd {
  return ends[number] as ReachEnd;
}

import type { Predicate } from './filter-parser.ts';
import type { FlowJson } from './json.ts';

/** Parts of a flow that have few values among many flows: a term over one of them is decided once for each value. */
export const textFacets = [
  'source',
  'destination',
  'protocol',
  'verdict',
  'state',
  'seenBy',
  'sourceProcess',
  'destinationProcess',
  'vlans',
  'tunnel',
  'names',
  'observation',
] as const;

export type TextFacet = (typeof textFacets)[number];

/** Parts of a flow that are numbers. `NaN` stands for what nobody counted or knows. */
export const numberFacets = [
  'sourcePort',
  'destinationPort',
  'openedAt',
  'duration',
  'sent',
  'received',
  'bytes',
  'packets',
] as const;

export type NumberFacet = (typeof numberFacets)[number];

/** A test that looks at one facet alone. `summed`: all it looks at is kept in sums too (names of ends, port, observer). */
export type FacetTest =
  | { readonly facet: TextFacet; readonly test: Predicate<FlowJson>; readonly summed: boolean }
  | { readonly number: NumberFacet; readonly test: (value: number) => boolean };

/** A predicate over flows that holds exactly when one of `anyOf` holds. */
export interface FacetPredicate extends Predicate<FlowJson> {
  readonly anyOf: readonly FacetTest[];
}

/** Returns the predicate that looks at these facets alone: it holds when it holds for one of them and nothing else in the flow. */
export function overFacets(
  facets: readonly TextFacet[],
  test: Predicate<FlowJson>,
  summed = false,
): FacetPredicate {
  return Object.assign((flow: FlowJson) => test(flow), {
    anyOf: facets.map((facet) => ({ facet, test, summed })),
  });
}

/** Returns the predicate over one number of a flow. */
export function overNumber(number: NumberFacet, test: (value: number) => boolean): FacetPredicate {
  return Object.assign((flow: FlowJson) => test(numberOf(flow, number)), { anyOf: [{ number, test }] });
}

/** The tests that a predicate consists of; undefined for one that needs the whole flow. */
export function testsOf(predicate: Predicate<FlowJson>): readonly FacetTest[] | undefined {
  return 'anyOf' in predicate ? (predicate as FacetPredicate).anyOf : undefined;
}

/** What numbers of flows are made of. */
type Counted = Pick<FlowJson, 'openedAt' | 'closedAt' | 'lastAt' | 'sent' | 'received'>;

/** Returns a number of a flow: bytes, packets, ms, ports. `NaN` where it is not known. */
export function numberOf(flow: FlowJson, facet: NumberFacet): number {
  switch (facet) {
    case 'sourcePort':
      return flow.source.port;
    case 'destinationPort':
      return flow.destination.port;
    case 'openedAt':
      return flow.openedAt;
    case 'duration':
      return durationOf(flow);
    case 'sent':
      return flow.sent?.bytes ?? Number.NaN;
    case 'received':
      return flow.received?.bytes ?? Number.NaN;
    case 'bytes':
      return sum(flow.sent?.bytes, flow.received?.bytes);
    case 'packets':
      return sum(flow.sent?.packets, flow.received?.packets);
  }
}

/** From opening to end, as far as it is known; ms, `NaN` for a flow of which nothing but the opening was seen. */
function durationOf({ openedAt, closedAt, lastAt }: Counted): number {
  return (closedAt ?? lastAt ?? Number.NaN) - openedAt;
}

/** When the traffic of a flow ended, as far as it is known: ms since the epoch, never before its opening. */
export function trafficEnd({ openedAt, closedAt, lastAt }: Counted): number {
  return Math.max(openedAt, lastAt ?? closedAt ?? openedAt);
}

/** Both ways together; one that was not counted is 0 beside one that was. */
function sum(sent: number | undefined, received: number | undefined): number {
  return sent === undefined && received === undefined ? Number.NaN : (sent ?? 0) + (received ?? 0);
}

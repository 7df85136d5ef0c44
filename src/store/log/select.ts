import type { FacetTest, NumberFacet, TextFacet } from '../../flow/facets.ts';
import { testsOf } from '../../flow/facets.ts';
import type { FilterTree } from '../../flow/filter-parser.ts';
import type { EndJson, FlowJson } from '../../flow/json.ts';
import { type Codes, distinctEnd, type FlowColumns, flowJsonAt } from './columns.ts';

/** Returns a 1 for each row that passes; undefined when all do. */
export function select(
  columns: FlowColumns,
  filter: FilterTree<FlowJson>,
  since: number,
  until: number,
): Uint8Array | undefined {
  let mask = filter.kind === 'all' ? undefined : maskOf(columns, filter);
  if (liesWithin(columns, since, until)) return mask;
  const at = columns.numbers('openedAt');
  mask ??= new Uint8Array(columns.rows).fill(1);
  for (let i = 0; i < at.length; i++) if (at[i]! < since || at[i]! >= until) mask[i] = 0;
  return mask;
}

/** Tells whether all rows are known to have been opened at or after `since`, and before `until`. */
export function liesWithin({ times }: FlowColumns, since: number, until: number): boolean {
  const [first, last] = times ?? [-Infinity, Infinity];
  return (since === -Infinity || since <= first) && (until === Infinity || last < until);
}

function maskOf(columns: FlowColumns, tree: FilterTree<FlowJson>): Uint8Array {
  const mask = new Uint8Array(columns.rows);
  switch (tree.kind) {
    case 'all':
      return mask.fill(1);
    case 'not': {
      const part = maskOf(columns, tree.part);
      for (let i = 0; i < mask.length; i++) mask[i] = part[i]! ^ 1;
      return mask;
    }
    case 'and':
      mask.fill(1);
      for (const part of tree.parts) {
        const other = maskOf(columns, part);
        for (let i = 0; i < mask.length; i++) mask[i]! &= other[i]!;
      }
      return mask;
    case 'or':
      for (const part of tree.parts) {
        const other = maskOf(columns, part);
        for (let i = 0; i < mask.length; i++) mask[i]! |= other[i]!;
      }
      return mask;
    case 'term': {
      const tests = testsOf(tree.matches);
      if (tests === undefined) {
        for (let i = 0; i < mask.length; i++) mask[i] = tree.matches(flowJsonAt(columns, i)) ? 1 : 0;
      } else for (const test of tests) apply(columns, test, mask);
      return mask;
    }
  }
}

/** Sets the rows for which the test holds. */
function apply(columns: FlowColumns, one: FacetTest, mask: Uint8Array): void {
  if ('number' in one) {
    const values = facetNumbers(columns, one.number);
    for (let i = 0; i < mask.length; i++) if (one.test(values[i]!)) mask[i] = 1;
    return;
  }
  const { codes, count, flow } = facetValues(columns, one.facet);
  const passes = new Uint8Array(count);
  for (let code = 0; code < count; code++) passes[code] = one.test(flow(code)) ? 1 : 0;
  for (let i = 0; i < mask.length; i++) mask[i]! |= passes[codes[i]!]!;
}

const noEnd: EndJson = { address: '', port: 0 };
const blank: FlowJson = {
  id: '',
  protocol: '',
  source: noEnd,
  destination: noEnd,
  state: 'attempted',
  seenBy: 'source',
  openedAt: 0,
  reachedDestination: false,
  preexisting: false,
};

/** The distinct values of a facet, each as a flow that has it and nothing else. */
export interface FacetValues {
  readonly codes: Codes;
  readonly count: number;
  flow(code: number): FlowJson;
}

/** Returns the distinct values of a facet and which row has which. */
export function facetValues(columns: FlowColumns, facet: TextFacet): FacetValues {
  if (facet === 'source' || facet === 'destination') {
    const ends = columns.ends(facet);
    return {
      codes: ends.codes,
      count: ends.family.length,
      flow: (code) => ({ ...blank, [facet]: distinctEnd(ends, code) }),
    };
  }
  const { codes, values } = columns.dictionary(facet);
  return { codes, count: values.length, flow: (code) => flowWith(facet, values[code]!) };
}

function flowWith(facet: Exclude<TextFacet, 'source' | 'destination'>, text: string): FlowJson {
  if (facet === 'protocol' || facet === 'state' || facet === 'seenBy')
    return { ...blank, [facet]: text } as FlowJson;
  if (text === '') return blank;
  if (facet === 'verdict')
    return { ...blank, verdict: { outcome: text, reasons: [] } } as unknown as FlowJson;
  const value = JSON.parse(text);
  if (facet === 'sourceProcess') return { ...blank, source: { ...noEnd, process: value } };
  if (facet === 'destinationProcess') return { ...blank, destination: { ...noEnd, process: value } };
  return { ...blank, [facet]: value };
}

/** Returns a number of every row, as `numberOf` gives it for one flow. */
export function facetNumbers(columns: FlowColumns, facet: NumberFacet): Float64Array {
  switch (facet) {
    case 'sourcePort':
    case 'destinationPort':
    case 'openedAt':
      return columns.numbers(facet);
    case 'sent':
      return columns.numbers('sentBytes');
    case 'received':
      return columns.numbers('receivedBytes');
    case 'bytes':
      return sumOf(columns.numbers('sentBytes'), columns.numbers('receivedBytes'));
    case 'packets':
      return sumOf(columns.numbers('sentPackets'), columns.numbers('receivedPackets'));
    case 'duration': {
      const [opened, closed, last] = [
        columns.numbers('openedAt'),
        columns.numbers('closedAt'),
        columns.numbers('lastAt'),
      ];
      return opened.map((at, i) => (Number.isNaN(closed[i]!) ? last[i]! : closed[i]!) - at);
    }
  }
}

/** When the traffic of each row ended, as `trafficEnd` gives it for one flow. */
export function trafficEnds(columns: FlowColumns): Float64Array {
  const [closed, last] = [columns.numbers('closedAt'), columns.numbers('lastAt')];
  return columns.numbers('openedAt').map((at, i) => {
    const end = Number.isNaN(last[i]!) ? closed[i]! : last[i]!;
    return Number.isNaN(end) ? at : Math.max(end, at);
  });
}

function sumOf(sent: Float64Array, received: Float64Array): Float64Array {
  return sent.map((value, i) => {
    const other = received[i]!;
    return Number.isNaN(value) ? other : Number.isNaN(other) ? value : value + other;
  });
}

import type { FlowQuery } from '../../flow/ask/query.ts';
import { distinctOf } from '../../flow/ask/query.ts';
import { testsOf } from '../../flow/facets.ts';
import type { FilterTree } from '../../flow/filter-parser.ts';
import type { FlowJson } from '../../flow/json.ts';
import type { EndColumn, FlowColumns, NumberColumn } from './columns.ts';
import { addUp } from './planes.ts';

/** What is added up for each distinct end of a segment; `weight` is how many flows. */
export const sumsOfEnd = [
  'weight',
  'sentBytes',
  'receivedBytes',
  'sentPackets',
  'receivedPackets',
] as const satisfies readonly NumberColumn[];

export type SumOfEnd = (typeof sumsOfEnd)[number];

/** Where there are hardly fewer ends than flows, sums over them cost room and save nothing. */
const flowsForEach = 4;

/** Returns the sums over the flows of each distinct end, by its code; undefined where they are not worth keeping. */
export function addUpByEnd(
  columns: FlowColumns,
  name: EndColumn,
): Readonly<Record<SumOfEnd, Float64Array>> | undefined {
  const { codes, family } = columns.ends(name);
  if (columns.weights !== undefined || family.length * flowsForEach > columns.rows) return undefined;
  const slots = Int32Array.from(codes);
  const empty = (): Float64Array => new Float64Array(family.length);
  const sums: Record<SumOfEnd, Float64Array> = {
    weight: empty(),
    sentBytes: empty(),
    receivedBytes: empty(),
    sentPackets: empty(),
    receivedPackets: empty(),
  };
  for (const code of codes) sums.weight[code]! += 1;
  for (const sum of ['sentBytes', 'receivedBytes', 'sentPackets', 'receivedPackets'] as const)
    addUp(columns, sum, slots, sums[sum]);
  return sums;
}

/** Returns the one end of flows that a question looks at, beside sums; undefined when it looks at more. */
export function onlyEnd(query: FlowQuery): EndColumn | undefined {
  if (query.bucket !== undefined) return undefined;
  const distinct = distinctOf(query);
  const looked = new Set<string>([
    ...query.by.map(({ reads }) => reads),
    ...(query.filter === undefined ? [] : facetsOf(query.filter)),
    ...(distinct.sources ? ['source'] : []),
    ...(distinct.destinations ? ['destination'] : []),
  ]);
  const [end = 'destination', ...others] = looked;
  return others.length === 0 && (end === 'source' || end === 'destination') ? end : undefined;
}

/** The facets that a filter looks at; the empty name for a term that needs the whole flow. */
function facetsOf(tree: FilterTree<FlowJson>): readonly string[] {
  if (tree.kind === 'all') return [];
  if (tree.kind === 'not') return facetsOf(tree.part);
  if (tree.kind !== 'term') return tree.parts.flatMap(facetsOf);
  return testsOf(tree.matches)?.map((test) => ('number' in test ? test.number : test.facet)) ?? [''];
}

import type { Answer } from './answers.ts';
import type { EndRecord } from './ends.ts';
import type { MatrixRow } from './matrix.ts';

/** Destinations of one source of which the same is said. */
export interface FoldedRow {
  readonly source: EndRecord;
  /** Ids; `shop/* (12)` stands for all of a namespace. */
  readonly destinations: readonly string[];
  readonly answer: Answer;
}

/** Destinations that have a line of their own up to this many. */
const ownLines = 4;

type Destinations = Map<Answer, EndRecord[]>;

/**
 * Returns the rows by source, with the destinations of one source that share their ports in one row once they are more
 * than a few. `members` says how many workloads each namespace has. Pairs of workloads, which are the many, come source by
 * source and are folded as they come; only the others are held.
 */
export function foldRows(rows: Iterable<MatrixRow>, members: ReadonlyMap<string, number>): FoldedRow[] {
  const folded: FoldedRow[] = [];
  const held = new Map<EndRecord, Destinations>();
  let source: EndRecord | undefined;
  let current: Destinations = new Map();
  for (const row of rows) {
    if (row.source.kind === 'workload' && row.destination.kind === 'workload') {
      if (source !== undefined && source !== row.source) {
        folded.push(...foldOne(source, current, members));
        current = new Map();
      }
      source = row.source;
      gather(current, row);
    } else {
      const own: Destinations = held.get(row.source) ?? new Map();
      held.set(row.source, own);
      gather(own, row);
    }
  }
  if (source !== undefined) folded.push(...foldOne(source, current, members));
  for (const [other, destinations] of held) folded.push(...foldOne(other, destinations, members));
  return folded.sort((one, two) => one.source.index - two.source.index);
}

function gather(destinations: Destinations, { answer, destination }: MatrixRow): void {
  const list = destinations.get(answer);
  if (list === undefined) destinations.set(answer, [destination]);
  else list.push(destination);
}

function foldOne(
  source: EndRecord,
  destinations: Destinations,
  members: ReadonlyMap<string, number>,
): FoldedRow[] {
  return [...destinations].flatMap(([answer, ends]) =>
    ends.length <= ownLines
      ? ends.map((end) => ({ source, destinations: [end.id], answer }))
      : [{ source, destinations: summary(source, ends, members), answer }],
  );
}

function summary(
  source: EndRecord,
  ends: readonly EndRecord[],
  members: ReadonlyMap<string, number>,
): string[] {
  const byNamespace = Map.groupBy(ends, ({ namespace }) => namespace);
  return [...byNamespace].flatMap(([namespace, own]) => {
    if (namespace === undefined || own.length === 1) return own.map(({ id }) => id);
    const others = own.filter((end) => end !== source).length;
    const all = (members.get(namespace) ?? 0) - (source.namespace === namespace ? 1 : 0);
    return others < all ? own.map(({ id }) => id) : [`${namespace}/* (${own.length})`];
  });
}

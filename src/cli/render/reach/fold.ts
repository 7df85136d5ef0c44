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

/**
 * Yields rows with the destinations of one source that share their ports in one row once they are more than a few.
 * `members` says how many workloads each namespace has.
 */
export function* foldRows(
  rows: Iterable<MatrixRow>,
  members: ReadonlyMap<string, number>,
): Generator<FoldedRow> {
  let source: EndRecord | undefined;
  let byAnswer = new Map<Answer, EndRecord[]>();
  for (const row of rows) {
    if (source !== row.source) {
      if (source !== undefined) yield* foldOne(source, byAnswer, members);
      source = row.source;
      byAnswer = new Map();
    }
    const list = byAnswer.get(row.answer);
    if (list === undefined) byAnswer.set(row.answer, [row.destination]);
    else list.push(row.destination);
  }
  if (source !== undefined) yield* foldOne(source, byAnswer, members);
}

function* foldOne(
  source: EndRecord,
  byAnswer: ReadonlyMap<Answer, readonly EndRecord[]>,
  members: ReadonlyMap<string, number>,
): Generator<FoldedRow> {
  for (const [answer, ends] of byAnswer) {
    if (ends.length <= ownLines) {
      for (const end of ends) yield { source, destinations: [end.id], answer };
    } else yield { source, destinations: summary(source, ends, members), answer };
  }
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

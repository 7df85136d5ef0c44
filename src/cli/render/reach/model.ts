import { UsageError } from '../../command.ts';
import type { Answer } from './answers.ts';
import type { EndRecord } from './ends.ts';
import type { Matrix, MatrixCounts } from './matrix.ts';
import { twinsOf } from './twins.ts';

/** Ends that are drawn as one box: of what holds for one of them, the same holds for each. */
export interface Group {
  readonly index: number;
  readonly members: readonly EndRecord[];
  readonly kind: EndRecord['kind'];
  readonly namespace: string | undefined;
}

/** What is said from each member of one group to each member of another, or among the members of one. */
export interface Link {
  readonly source: number;
  readonly destination: number;
  readonly answer: Answer;
}

/** A matrix as pictures need it: whole, and with ends that are alike in one group. */
export interface ReachModel {
  readonly ends: readonly EndRecord[];
  readonly groups: readonly Group[];
  readonly links: readonly Link[];
  readonly counts: MatrixCounts;
}

/** Ends that a picture takes: what is larger cannot be read by anyone. */
const maxEnds = 1_500;
/** Ends that are drawn one by one. */
const maxSingle = 60;

/** Takes all rows of the matrix. Throws UsageError when they are too many for a picture. */
export function modelOf(matrix: Matrix, step: () => void): ReachModel {
  const { records: ends } = matrix.ends;
  const pairs: number[] = [];
  const check = () => {
    if (ends.length <= maxEnds) return;
    throw new UsageError(
      `a picture holds at most ${maxEnds} ends`,
      'narrow it, e.g. --filter namespace=shop, or --to NAMESPACE/WORKLOAD; json, csv and dot hold any number',
    );
  };
  const rows = matrix.rows(() => {
    step();
    check();
  });
  for (const { source, destination, answer } of rows) {
    if (answer.isOpen) pairs.push(source.index, destination.index, answer.index);
  }
  check();
  const cells = new Int32Array(ends.length ** 2).fill(-1);
  for (let at = 0; at < pairs.length; at += 3) {
    cells[pairs[at]! * ends.length + pairs[at + 1]!] = pairs[at + 2]!;
  }
  const members = ends.length > maxSingle ? twinsOf(ends, cells) : ends.map((end) => [end]);
  const groups = members.map((list, index) => {
    const { kind, namespace } = list[0]!;
    return { index, members: list, kind, namespace };
  });
  return {
    ends,
    groups,
    links: linksOf(groups, cells, ends.length, matrix.answers.all),
    counts: matrix.counts,
  };
}

/** The links between groups, read off their first members. */
function linksOf(
  groups: readonly Group[],
  cells: Int32Array,
  width: number,
  answers: readonly Answer[],
): Link[] {
  const links: Link[] = [];
  for (const source of groups) {
    const from = source.members[0]!.index;
    for (const destination of groups) {
      const to = (
        source === destination ? (destination.members[1] ?? destination.members[0]!) : destination.members[0]!
      ).index;
      const answer = answers[cells[from * width + to]!];
      if (answer !== undefined) {
        links.push({ source: source.index, destination: destination.index, answer });
      }
    }
  }
  return links;
}

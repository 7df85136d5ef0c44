import type { Predicate } from '../../../flow/filter-parser.ts';
import type { FilterableEnd, FilterableReach } from '../../../flow/filter-reach.ts';
import type { Outcome } from '../../../flow/verdict.ts';
import { PortSet } from '../../../net/port-set.ts';
import type { ReachEnd } from '../../../posture/reach/end.ts';
import type { ProtocolPorts, ReachRow, ReachScope } from '../../../posture/reach/matrix.ts';
import { type Answer, AnswerTable, type CellPorts } from './answers.ts';
import { type EndRecord, EndTable } from './ends.ts';

/** One pair of the matrix as outputs show it. */
export interface MatrixRow {
  readonly source: EndRecord;
  readonly destination: EndRecord;
  readonly answer: Answer;
}

/** What of the matrix is asked for. */
export interface MatrixQuestion {
  readonly scope: ReachScope;
  readonly from?: (end: ReachEnd) => boolean;
  readonly to?: (end: ReachEnd) => boolean;
  readonly filter?: Predicate<FilterableReach>;
  /** Whether pairs between which nothing may pass are rows too, and denied ports are shown. */
  readonly closed: boolean;
}

/** Pairs that were judged: all of them, and those between which nothing may pass. */
export interface MatrixCounts {
  pairs: number;
  closed: number;
}

const outcomes: readonly Outcome[] = ['allow', 'unknown', 'deny'];

/** The reach matrix, narrowed to what is asked, row by row; ends, answers and counts are complete once all rows were taken. */
export class Matrix {
  readonly ends = new EndTable();
  readonly answers = new AnswerTable();
  readonly counts: MatrixCounts = { pairs: 0, closed: 0 };
  readonly question: MatrixQuestion;
  readonly #judge: (scope: ReachScope) => Iterable<ReachRow>;
  readonly #cells = new WeakMap<readonly ProtocolPorts[], readonly CellPorts[]>();
  readonly #filterable: FilterableEnd[] = [];

  constructor(judge: (scope: ReachScope) => Iterable<ReachRow>, question: MatrixQuestion) {
    this.#judge = judge;
    this.question = question;
  }

  /** Yields the rows by source; `step` is called once for every pair that was judged. */
  *rows(step: () => void = () => {}): Generator<MatrixRow> {
    const { scope, from, to, filter, closed } = this.question;
    for (const row of this.#judge(scope)) {
      step();
      if (from?.(row.source) === false || to?.(row.destination) === false) continue;
      const cells = this.#cellsOf(row.ports);
      const [source, destination] = [this.ends.of(row.source), this.ends.of(row.destination)];
      const shown = filter === undefined ? cells : this.#narrow(filter, source, destination, cells);
      if (filter !== undefined && shown.length === 0) continue;
      const answer = this.answers.of(shown, scope);
      this.counts.pairs++;
      if (!answer.isOpen) this.counts.closed++;
      if (answer.isOpen || closed) yield { source, destination, answer };
    }
  }

  #cellsOf(ports: readonly ProtocolPorts[]): readonly CellPorts[] {
    let cells = this.#cells.get(ports);
    if (cells === undefined) {
      const asked =
        this.question.scope.port === undefined ? PortSet.all : PortSet.of(this.question.scope.port);
      cells = ports.flatMap(({ protocol, allowed, unknown }) => {
        const sets = { allow: allowed, unknown, deny: asked.subtract(allowed).subtract(unknown) };
        return outcomes
          .map((outcome) => ({ protocol, outcome, ports: sets[outcome] }))
          .filter((cell) => !cell.ports.isEmpty);
      });
      this.#cells.set(ports, cells);
    }
    return cells;
  }

  #narrow(
    filter: Predicate<FilterableReach>,
    source: EndRecord,
    destination: EndRecord,
    cells: readonly CellPorts[],
  ): readonly CellPorts[] {
    const ends = { source: this.#filterableOf(source), destination: this.#filterableOf(destination) };
    const kept = cells.filter((cell) => filter({ ...ends, ...cell }));
    return kept.length === cells.length ? cells : kept;
  }

  #filterableOf({ index, id, kind, namespace, workloadKind, range }: EndRecord): FilterableEnd {
    this.#filterable[index] ??= {
      kinds: workloadKind === undefined ? [kind] : [kind, workloadKind],
      name: id,
      namespace,
      ...(range === undefined ? {} : { range }),
    };
    return this.#filterable[index];
  }
}

import { setTimeout } from 'node:timers/promises';
import type { z } from 'zod';
import { answerJson } from '../flow/ask/answer-json.ts';
import { type FlowQuery, TooLargeQuestion, TooManyFlows } from '../flow/ask/query.ts';
import type { AgentView } from './api.ts';
import type { groupQuery, ParameterProblem } from './api-query.ts';

/** What became of a question. */
export type GroupsResult =
  | { readonly answer: object }
  | { readonly problem: ParameterProblem }
  | { readonly busyForSeconds: number };

/** Without `since`: the last hour. ms. */
const defaultSpan = 3_600_000;
/** Rows that one question looks at: it is answered in the loop that also takes in flows. */
const defaultMaxRows = 1_000_000;
/** Buckets of one series, and groups that have one. */
const maxSeriesBuckets = 1_000;
const maxSeriesGroups = 100;
/** Questions that wait at once. */
const maxWaiting = 16;

/**
 * Answers questions for groups of flows, one after the other. Each is bounded, and as long as one took nothing else is asked: questions take at
 * most about half of the agent's time, however many come.
 */
export class FlowGroups {
  readonly #view: Pick<AgentView, 'store' | 'status' | 'parseFilter'>;
  readonly #maxRows: number;
  #waiting = 0;
  #last: Promise<void> = Promise.resolve();

  constructor(view: Pick<AgentView, 'store' | 'status' | 'parseFilter'>, maxRows = defaultMaxRows) {
    this.#view = view;
    this.#maxRows = maxRows;
  }

  async ask(asked: z.output<typeof groupQuery>): Promise<GroupsResult> {
    const query = this.#query(asked);
    if ('parameter' in query) return { problem: query };
    if (this.#waiting >= maxWaiting) return { busyForSeconds: 5 };
    this.#waiting++;
    const before = this.#last;
    let done = (): void => undefined;
    this.#last = new Promise((resolve) => {
      done = resolve;
    });
    await before;
    const began = performance.now();
    try {
      return this.#answer(query, asked.order === undefined);
    } finally {
      this.#waiting--;
      void setTimeout(performance.now() - began, undefined, { ref: false }).then(done);
    }
  }

  #answer(query: FlowQuery, mayChoose: boolean): GroupsResult {
    const { store } = this.#view;
    try {
      const answer = store.ask(query);
      if (!mayChoose || answer.total.bytes > 0) return { answer: answerJson(query, answer) };
      // Where nobody counted bytes.
      const byFlows: FlowQuery = { ...query, order: 'flows' };
      return { answer: answerJson(byFlows, store.ask(byFlows)) };
    } catch (error) {
      if (!(error instanceof TooLargeQuestion)) throw error;
      const isLong = error instanceof TooManyFlows;
      const help = isLong ? 'take a shorter time, or from=minutes' : 'take a longer one, or a shorter time';
      const parameter = isLong ? 'since' : 'bucket';
      return { problem: { parameter, message: `asks too much: ${error.message}`, help } };
    }
  }

  /** The question as the store takes it, or what is wrong with it. */
  #query({ filter: text, count, ...asked }: z.output<typeof groupQuery>): FlowQuery | ParameterProblem {
    const { since = this.#view.status().now - defaultSpan, until, bucket, top } = asked;
    const filter = text === undefined ? undefined : this.#view.parseFilter?.(text);
    if (text !== undefined && filter === undefined)
      return { parameter: 'filter', message: 'is not a parameter here' };
    if (filter !== undefined && 'message' in filter) return { parameter: 'filter', ...filter };
    if (until !== undefined && until <= since) return { parameter: 'until', message: 'must be after since' };
    if (bucket !== undefined && top > maxSeriesGroups)
      return { parameter: 'top', message: `must be at most ${maxSeriesGroups} with a bucket` };
    const { now } = this.#view.status();
    const span = (until ?? now) - since;
    if (bucket !== undefined && span / bucket > maxSeriesBuckets)
      return {
        parameter: 'bucket',
        message: `makes more than ${maxSeriesBuckets} buckets of that time`,
        help: 'take a longer one, or a shorter time',
      };
    return {
      ...asked,
      since,
      order: asked.order ?? 'bytes',
      atMost: this.#maxRows,
      // An exporter whose clock is years ahead would make the series as long.
      ...(bucket !== undefined && { until: until ?? now }),
      ...(filter !== undefined && { filter: filter.tree }),
      ...(count !== undefined && { distinct: count }),
    };
  }
}

import type { FilterTree } from '../filter-parser.ts';
import type { FlowJson } from '../json.ts';
import type { Dimension } from './dimension.ts';

/** What flows are counted by. */
export const metrics = ['bytes', 'packets', 'flows', 'sent', 'received', 'sources', 'destinations'] as const;

export type Metric = (typeof metrics)[number];

/** A question about many flows, to be answered by any store. */
export interface FlowQuery {
  /** Only flows that pass. Default: all. */
  readonly filter?: FilterTree<FlowJson>;
  /** Only flows opened at or after, and before; ms since the epoch. */
  readonly since?: number;
  readonly until?: number;
  /** Flows with the same values are one group; none makes one group of all. */
  readonly by: readonly Dimension[];
  /** What groups are ordered by, the largest first. */
  readonly order: Metric;
  /** At most so many groups are told; the rest is added up. */
  readonly top: number;
  /** Distinct ends to be counted for each group, beside `order`. */
  readonly distinct?: readonly ('sources' | 'destinations')[];
  /** Traffic of each told group over time, in spans of so many ms. */
  readonly bucket?: number;
  /** What to read. Default: flows, and sums of them for times of which flows are not kept any more. */
  readonly from?: 'flows' | 'minutes' | 'hours';
  /** Where the times hold more rows than this, nothing is read. A flow that is in no segment yet counts as {@link looseCost}. */
  readonly atMost?: number;
}

/** A flow that a store keeps as JSON takes about as long to read as so many in columns. */
export const looseCost = 10;

/** Sums over flows. `bytes` and `packets` are both ways together. */
export interface FlowSums {
  readonly flows: number;
  readonly packets: number;
  readonly bytes: number;
  readonly sent: number;
  readonly received: number;
}

/** Flows with the same values. */
export interface FlowGroup extends FlowSums {
  /** One value for each of `by`. */
  readonly key: readonly string[];
  /** Distinct ends, by name or address, when asked for. */
  readonly sources?: number;
  readonly destinations?: number;
  /**
   * The order's metric (bytes where it is a count of ends) for each bucket. Bytes and packets of a flow are spread evenly
   * over the time from its opening to its last packet; the flow itself counts where it was opened.
   */
  readonly series?: readonly number[];
}

/** The answer to a {@link FlowQuery}. */
export interface FlowAnswer {
  /** The first `top` groups. */
  readonly groups: readonly FlowGroup[];
  /** How many groups there are. */
  readonly count: number;
  /** Over all flows that pass. */
  readonly total: FlowSums;
  /** Over the groups that are not told. */
  readonly rest: FlowSums;
  /** Flows that are in no group, because there were more values than a store keeps apart; of sums, with a filter, they are not in `total` either. */
  readonly ungrouped: number;
  /** Where the buckets of all series begin and how long they are, ms. */
  readonly buckets?: { readonly start: number; readonly step: number; readonly count: number };
  /** What it was read from: flows, or sums that are kept longer. */
  readonly from: 'flows' | 'minutes' | 'hours';
  /** Stored parts that could not be read, and are missing from the answer. */
  readonly damaged: number;
}

/** Most buckets of a series. */
export const maxBuckets = 10_000;

/** The question is larger than it may be. */
export class TooLargeQuestion extends Error {}

/** The question makes more buckets than {@link maxBuckets}. */
export class TooManyBuckets extends TooLargeQuestion {
  override readonly name = 'TooManyBuckets';
}

/** There is more to look at than {@link FlowQuery.atMost}. */
export class TooManyFlows extends TooLargeQuestion {
  override readonly name = 'TooManyFlows';
}

/** Throws {@link TooManyFlows} when there are more rows than the question allows. */
export function allowRows({ atMost = Infinity }: FlowQuery, rows: number): void {
  if (rows > atMost) throw new TooManyFlows(`there are too many flows in that time`);
}

/** Returns the buckets from that of `first` to that of `last`. Throws {@link TooManyBuckets}. */
export function bucketsBetween(
  first: number,
  last: number,
  step: number,
): NonNullable<FlowAnswer['buckets']> {
  const start = Math.floor(first / step) * step;
  const count = Math.floor(last / step) - start / step + 1;
  if (count > maxBuckets)
    throw new TooManyBuckets(`${count} buckets of ${step} ms are more than ${maxBuckets}`);
  return { start, step, count };
}

/** The metric that a series shows. */
export function seriesMetric(order: Metric): keyof FlowSums {
  return order === 'sources' || order === 'destinations' ? 'bytes' : order;
}

/** Tells which distinct ends a query needs. */
export function distinctOf({ order, distinct = [] }: FlowQuery): { sources: boolean; destinations: boolean } {
  return {
    sources: order === 'sources' || distinct.includes('sources'),
    destinations: order === 'destinations' || distinct.includes('destinations'),
  };
}

/** Orders groups by `order`, the largest first; equal ones by their values. */
export function compareGroups(order: Metric): (a: FlowGroup, b: FlowGroup) => number {
  return (a, b) => (b[order] ?? 0) - (a[order] ?? 0) || compareKeys(a.key, b.key);
}

function compareKeys(a: readonly string[], b: readonly string[]): number {
  for (const [index, text] of a.entries()) {
    const other = b[index]!;
    if (text !== other) return text < other ? -1 : 1;
  }
  return 0;
}

export const noSums: FlowSums = { flows: 0, packets: 0, bytes: 0, sent: 0, received: 0 };

/** Returns both together. */
export function addSums(a: FlowSums, b: FlowSums): FlowSums {
  return {
    flows: a.flows + b.flows,
    packets: a.packets + b.packets,
    bytes: a.bytes + b.bytes,
    sent: a.sent + b.sent,
    received: a.received + b.received,
  };
}

/** Returns what is left of `total` without the groups. */
export function restOf(total: FlowSums, groups: readonly FlowSums[]): FlowSums {
  const left = { ...total };
  for (const group of groups) for (const key of sumKeys) left[key] -= group[key];
  return left;
}

const sumKeys = ['flows', 'packets', 'bytes', 'sent', 'received'] as const;

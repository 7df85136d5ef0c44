import type { Dimension } from '../flow/ask/dimension.ts';
import { parseDimensions } from '../flow/ask/parse-dimensions.ts';
import { type FlowAnswer, type FlowQuery, type Metric, metrics, TooManyBuckets } from '../flow/ask/query.ts';
import { parseSpan } from '../flow/quantity.ts';
import { type OptionDefinition, UsageError } from './command.ts';
import type { Io } from './io.ts';
import { flowFilter, openStoreToRead, timeRange } from './query.ts';

/** Options of the command line that ask for groups of flows. */
export const groupOptions: readonly OptionDefinition[] = [
  {
    flags: '--by <names>',
    description: 'one line for all flows with the same: src, dst, port, ... (see above)',
  },
  { flags: '--top <number>', description: 'the first so many groups', default: '10' },
  {
    flags: '--order <metric>',
    description: 'what comes first: the most of it (default: bytes, or flows where nobody counted bytes)',
    choices: metrics,
  },
  { flags: '--bucket <span>', description: 'traffic of each group over time, in buckets of 10s, 1m, 1h' },
  { flags: '--count <ends>', description: 'distinct ends of each group: sources, destinations' },
  {
    flags: '--from <kept>',
    description: 'read flows, or the sums that are kept longer (default: flows while they are kept)',
    choices: ['flows', 'minutes', 'hours'],
  },
];

/** True when the options ask for groups instead of a list. */
export function asksForGroups({ by, bucket, count, from }: Readonly<Record<string, unknown>>): boolean {
  return [by, bucket, count, from].some((option) => option !== undefined);
}

/** Asks the store for groups of flows. Throws UsageError or FailedError. */
export async function askFlows(
  filter: string,
  options: Readonly<Record<string, unknown>>,
  io: Io,
): Promise<{ readonly query: FlowQuery; readonly answer: FlowAnswer }> {
  const now = Date.now();
  const query: FlowQuery = {
    filter: await flowFilter(filter, now),
    ...(await timeRange(options, now)),
    by: typeof options.by === 'string' ? dimensionsOf(options.by) : [],
    order: (options.order ?? 'bytes') as Metric,
    top: topOf(options.top),
    ...(typeof options.count === 'string' && { distinct: endsOf(options.count) }),
    ...(typeof options.bucket === 'string' && { bucket: bucketOf(options.bucket) }),
    ...(typeof options.from === 'string' && { from: options.from as NonNullable<FlowQuery['from']> }),
  };
  const store = await openStoreToRead(options, io);
  try {
    const answer = store.ask(query);
    if (options.order !== undefined || answer.total.bytes > 0) return { query, answer };
    const byFlows: FlowQuery = { ...query, order: 'flows' };
    return { query: byFlows, answer: store.ask(byFlows) };
  } catch (error) {
    if (error instanceof TooManyBuckets)
      throw new UsageError(error.message, 'take a longer --bucket, or a shorter time by --since and --until');
    throw error;
  } finally {
    store.close();
  }
}

function dimensionsOf(text: string): readonly Dimension[] {
  const read = parseDimensions(text);
  if ('repeated' in read) throw new UsageError(`--by names ${read.repeated} twice`);
  if ('unknown' in read)
    throw new UsageError(
      `flows cannot be told apart by "${read.unknown}"`,
      read.meant === undefined ? `--by takes ${read.known.join(', ')}` : `did you mean ${read.meant}?`,
    );
  return read.dimensions;
}

function topOf(text: unknown): number {
  const top = Number(text);
  if (!Number.isInteger(top) || top < 1 || top > 100_000)
    throw new UsageError(`--top must be a whole number from 1 to 100000, not ${text}`);
  return top;
}

function endsOf(text: string): ('sources' | 'destinations')[] {
  return text.split(',').map((end) => {
    if (end === 'sources' || end === 'destinations') return end;
    throw new UsageError(`--count takes sources and destinations, not ${end}`);
  });
}

function bucketOf(text: string): number {
  const span = parseSpan(text);
  if (span === undefined || span < 1000 || !Number.isInteger(span))
    throw new UsageError(`--bucket must be a span from 1s up, not ${text}`, 'write 10s, 1m, 15m, 1h or 1d');
  return span;
}

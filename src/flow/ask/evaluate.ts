import { trafficEnd } from '../facets.ts';
import { predicateOf } from '../filter-parser.ts';
import type { FlowJson } from '../json.ts';
import { endName } from './dimension.ts';
import {
  bucketsBetween,
  compareGroups,
  distinctOf,
  type FlowAnswer,
  type FlowGroup,
  type FlowQuery,
  type FlowSums,
  noSums,
  restOf,
  seriesMetric,
} from './query.ts';
import { spread } from './spread.ts';

/**
 * Answers `query` over flows held in memory, one after the other. Every other way to answer gives the same. Throws
 * TooLargeQuestion.
 */
export function evaluate(flows: Iterable<FlowJson>, query: FlowQuery): FlowAnswer {
  const { filter = { kind: 'all' }, since = -Infinity, until = Infinity, by, order, top, bucket } = query;
  const passes = predicateOf(filter);
  const distinct = distinctOf(query);
  const groups = new Map<string, { key: string[]; flows: FlowJson[] }>();
  const passed: FlowJson[] = [];
  for (const flow of flows) {
    if (flow.openedAt < since || flow.openedAt >= until || !passes(flow)) continue;
    passed.push(flow);
    const key = by.map((dimension) => dimension.of(flow));
    const text = JSON.stringify(key);
    const group = groups.get(text) ?? { key, flows: [] };
    group.flows.push(flow);
    groups.set(text, group);
  }
  const buckets =
    bucket === undefined || passed.length === 0
      ? undefined
      : bucketsBetween(
          passed.reduce((least, { openedAt }) => Math.min(least, openedAt), Infinity),
          passed.reduce((most, flow) => Math.max(most, trafficEnd(flow)), -Infinity),
          bucket,
        );
  const all = [...groups.values()].map(({ key, flows: members }): FlowGroup & { members: FlowJson[] } => ({
    key,
    ...sumsOf(members),
    ...(distinct.sources && { sources: new Set(members.map(({ source }) => endName(source))).size }),
    ...(distinct.destinations && {
      destinations: new Set(members.map(({ destination }) => endName(destination))).size,
    }),
    members,
  }));
  const told = all.sort(compareGroups(order)).slice(0, top);
  const total = sumsOf(passed);
  return {
    groups: told.map(({ members, ...group }) => ({
      ...group,
      ...(buckets && { series: seriesOf(members, seriesMetric(order), buckets) }),
    })),
    count: groups.size,
    total,
    rest: restOf(total, told),
    ungrouped: 0,
    ...(buckets && { buckets }),
    from: 'flows',
    damaged: 0,
  };
}

function sumsOf(flows: readonly FlowJson[]): FlowSums {
  const sums = { ...noSums };
  for (const flow of flows)
    for (const key of Object.keys(sums) as (keyof FlowSums)[]) {
      const [one, other] = amounts(flow, key);
      sums[key] += one + other;
    }
  return sums;
}

/** What a flow adds to a sum, one way and the other; 0 where nobody counted. */
function amounts({ sent, received }: FlowJson, metric: keyof FlowSums): readonly [number, number] {
  if (metric === 'flows') return [1, 0];
  if (metric === 'packets') return [sent?.packets ?? 0, received?.packets ?? 0];
  return [metric === 'received' ? 0 : (sent?.bytes ?? 0), metric === 'sent' ? 0 : (received?.bytes ?? 0)];
}

/** Each way is spread by itself: shares are whole numbers. */
function seriesOf(
  flows: readonly FlowJson[],
  metric: keyof FlowSums,
  { start, step, count }: NonNullable<FlowAnswer['buckets']>,
): number[] {
  const series = new Array<number>(count).fill(0);
  for (const flow of flows) {
    const end = metric === 'flows' ? flow.openedAt : trafficEnd(flow);
    for (const amount of amounts(flow, metric)) {
      spread(flow.openedAt, end, amount, step, (bucket, share) => {
        series[(bucket - start) / step]! += share;
      });
    }
  }
  return series;
}

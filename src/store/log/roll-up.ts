import { endName } from '../../flow/ask/dimension.ts';
import { type FlowQuery, type FlowSums, noSums } from '../../flow/ask/query.ts';
import { spread } from '../../flow/ask/spread.ts';
import { testsOf, trafficEnd } from '../../flow/facets.ts';
import type { FilterTree } from '../../flow/filter-parser.ts';
import type { Flow } from '../../flow/flow.ts';
import { type EndJson, type FlowJson, flowFromJson, flowToJson } from '../../flow/json.ts';
import { columnsOf, type FlowColumns } from './columns.ts';

/** How finely sums are kept. */
export type Resolution = 'minutes' | 'hours';

/** Length of a bucket, ms. */
export const stepOf: Readonly<Record<Resolution, number>> = { minutes: 60_000, hours: 3_600_000 };

/** Rows of one bucket over the flows of one segment: all that goes beyond is one row more. */
const maxRows: Readonly<Record<Resolution, number>> = { minutes: 1_000, hours: 5_000 };

/** Most buckets that one flow is spread over, and all flows that are added at once: beyond, where each was opened. */
const maxSpread = 1_440;
const maxSpreadTogether = 200_000;

/** What is added up for one key in one bucket. */
interface Sum {
  flows: number;
  sentPackets: number;
  receivedPackets: number;
  sent: number;
  received: number;
}

/** Sums over some flows, a row as if it were a flow opened where its bucket begins. */
export interface RolledUp {
  readonly columns: FlowColumns;
  readonly minAt: number;
  readonly maxAt: number;
  /** What is in no row, by bucket. */
  readonly others: readonly Others[];
}

/** The row for all others of a bucket. */
export interface Others extends FlowSums {
  readonly bucket: number;
}

/**
 * Returns sums of flows by minute and by hour, for each two ends (by name, else address), port, protocol, verdict and observer. Those
 * of other flows for the same bucket are to be added when they are read.
 */
export function rollUp(flows: readonly Flow[]): Readonly<Record<Resolution, RolledUp>> {
  const sums: Record<Resolution, Map<number, Map<string, Sum>>> = { minutes: new Map(), hours: new Map() };
  let shares = maxSpreadTogether;
  for (const flow of flows) {
    const json = flowToJson(flow);
    const key = keyOf(json);
    for (const resolution of ['minutes', 'hours'] as const)
      shares -= addTo(sums[resolution], json, key, stepOf[resolution], shares > 0 ? maxSpread : 1);
  }
  const likes = new Map<string, Flow>();
  return {
    minutes: rowsOf(sums.minutes, maxRows.minutes, likes),
    hours: rowsOf(sums.hours, maxRows.hours, likes),
  };
}

function rowsOf(
  buckets: ReadonlyMap<number, ReadonlyMap<string, Sum>>,
  most: number,
  likes: Map<string, Flow>,
): RolledUp {
  const rows: { row: number; value: Flow }[] = [];
  const weights: number[] = [];
  const others: Others[] = [];
  const ordered = [...buckets].sort(([a], [b]) => a - b);
  for (const [bucket, keys] of ordered) {
    let told = [...keys];
    if (told.length > most) {
      // The largest stay.
      told.sort(([, a], [, b]) => b.sent + b.received - (a.sent + a.received));
      others.push({ bucket, ...togetherOf(told.slice(most).map(([, sum]) => sum)) });
      told = told.slice(0, most);
    }
    for (const [key, { flows, sent, received, sentPackets, receivedPackets }] of told) {
      let like = likes.get(key);
      if (like === undefined) {
        like = flowOfKey(key);
        likes.set(key, like);
      }
      const value: Flow = {
        ...like,
        openedAt: bucket,
        sent: { packets: sentPackets, bytes: sent },
        received: { packets: receivedPackets, bytes: received },
      };
      rows.push({ row: rows.length, value });
      weights.push(flows);
    }
  }
  return {
    columns: columnsOf(rows, weights),
    minAt: ordered[0]?.[0] ?? 0,
    maxAt: ordered.at(-1)?.[0] ?? 0,
    others,
  };
}

function togetherOf(sums: readonly Sum[]): FlowSums {
  const all = { ...noSums };
  for (const { flows, sent, received, sentPackets, receivedPackets } of sums) {
    all.flows += flows;
    all.packets += sentPackets + receivedPackets;
    all.bytes += sent + received;
    all.sent += sent;
    all.received += received;
  }
  return all;
}

/** Dimensions that sums can tell apart. */
const summedDimensions: ReadonlySet<string> = new Set([
  'src',
  'dst',
  'port',
  'proto',
  'src-workload',
  'dst-workload',
  'src-ns',
  'dst-ns',
  'verdict',
  'observer',
  'exporter',
  'minute',
  'hour',
  'day',
]);

/** Tells whether sums of this resolution say what is asked for, as exactly as flows would but for the borders of the buckets. */
export function answerableBy({ by, filter, bucket }: FlowQuery, resolution: Resolution): boolean {
  const step = stepOf[resolution];
  return (
    by.every(
      ({ name, step: span }) => summedDimensions.has(name) && (span === undefined || span % step === 0),
    ) &&
    (bucket === undefined || bucket % step === 0) &&
    (filter === undefined || summed(filter))
  );
}

function summed(tree: FilterTree<FlowJson>): boolean {
  if (tree.kind === 'all') return true;
  if (tree.kind === 'not') return summed(tree.part);
  if (tree.kind !== 'term') return tree.parts.every(summed);
  const tests = testsOf(tree.matches);
  return (
    tests?.every((test) => ('number' in test ? test.number === 'destinationPort' : test.summed)) ?? false
  );
}

/** Adds a flow to its buckets, at most `most` of them; returns how many there were beside the first. */
function addTo(
  buckets: Map<number, Map<string, Sum>>,
  flow: FlowJson,
  key: string,
  step: number,
  most: number,
): number {
  const sumAt = (bucket: number): Sum => {
    let keys = buckets.get(bucket);
    if (keys === undefined) {
      keys = new Map();
      buckets.set(bucket, keys);
    }
    let sum = keys.get(key);
    if (sum === undefined) {
      sum = { flows: 0, sentPackets: 0, receivedPackets: 0, sent: 0, received: 0 };
      keys.set(key, sum);
    }
    return sum;
  };
  const { openedAt, sent, received } = flow;
  const first = Math.floor(openedAt / step) * step;
  const end = trafficEnd(flow);
  const opening = sumAt(first);
  opening.flows += 1;
  if (end < first + step) {
    opening.sent += sent?.bytes ?? 0;
    opening.received += received?.bytes ?? 0;
    opening.sentPackets += sent?.packets ?? 0;
    opening.receivedPackets += received?.packets ?? 0;
    return 0;
  }
  const share = (amount: number | undefined, field: keyof Sum) =>
    spread(
      openedAt,
      end,
      amount ?? 0,
      step,
      (bucket, part) => {
        sumAt(bucket)[field] += part;
      },
      most,
    );
  share(sent?.bytes, 'sent');
  share(received?.bytes, 'received');
  share(sent?.packets, 'sentPackets');
  share(received?.packets, 'receivedPackets');
  return Math.min(most, (end - first) / step);
}

/** What sums keep of a flow, as JSON. */
function keyOf({ source, destination, protocol, verdict, observation }: FlowJson): string {
  return JSON.stringify([
    endKey(source),
    endKey(destination),
    destination.port,
    protocol,
    verdict?.outcome ?? '',
    observation === undefined ? '' : [observation.by, observation.exporter ?? ''],
  ]);
}

/** An end with a name is the same end whatever its address is. */
function endKey(end: EndJson): unknown {
  const { address, identity } = end;
  if (identity === undefined) return address;
  const via = identity.via === undefined ? [] : [identity.via];
  return [endName(end) === address ? address : '', identity.kind, identity.name, ...via];
}

function flowOfKey(key: string): Flow {
  const [source, destination, port, protocol, outcome, observer] = JSON.parse(key);
  const end = (text: string | [string, string, string, string?]) => {
    if (typeof text === 'string') return { address: text, port: 0 };
    const [address, kind, name, via] = text;
    const identity = { kind, name, ...(via !== undefined && { via }) };
    return { address: address || '::', port: 0, identity };
  };
  return flowFromJson({
    id: '',
    protocol,
    source: end(source),
    destination: { ...end(destination), port },
    state: 'closed',
    seenBy: 'network',
    openedAt: 0,
    reachedDestination: false,
    preexisting: false,
    ...(outcome !== '' && { verdict: { outcome, reasons: [] } }),
    ...(observer !== '' && {
      observation: { by: observer[0], ...(observer[1] !== '' && { exporter: observer[1] }) },
    }),
  } as unknown as FlowJson);
}

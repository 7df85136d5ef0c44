import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { env } from 'node:process';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { CaptureFlows } from '../flow/capture-flows.ts';
import type { DnsMessage } from '../flow/dns-message.ts';
import type { Flow } from '../flow/flow.ts';
import { endOf } from '../flow/flow-summary.ts';
import { FlowLogFile } from '../flow/logs/read-flow-log.ts';
import { stepsAtEnd } from '../flow/steps.ts';
import { formatAddress } from '../net/address.ts';
import type { DetectorDefinition, Finding, RunningDetector } from './detector.ts';

const shared = env.PICKET_SHARED ?? fileURLToPath(new URL('../../../shared', import.meta.url));

/** Where recordings with known results lie, when they do. */
export const recordings: string = join(shared, 'data/detect');

/** A flow of a recording, and what its authors say of it: the texts behind the last column that Zeek itself has. */
export interface Labelled {
  readonly flow: Flow;
  readonly label: string;
}

/** Columns of Zeek's conn.log before those that labels were put behind; `tunnel_parents` is the last of them. */
const zeekColumns = 20;

/** Returns the flows of a log, in its order, as `picket replay` reads them, with their labels where it has any. */
export function readLog(name: string): Labelled[] {
  const bytes = readFileSync(join(recordings, name));
  const text = name.endsWith('.gz') ? gunzipSync(bytes) : bytes;
  const labels = labelsOf(text.toString());
  const flows: Labelled[] = [];
  const log = new FlowLogFile({ name }, (flow) => flows.push({ flow, label: labels.get(flow.id) ?? '' }));
  log.take(text);
  log.end();
  return flows;
}

/** Returns the flows of all logs in a folder whose names begin so, in the order of the names. */
export function readLogs(folder: string, beginning: string): Labelled[] {
  return readdirSync(join(recordings, folder))
    .filter((name) => name.startsWith(beginning))
    .sort()
    .flatMap((name) => readLog(join(folder, name)));
}

/** Returns the flows of a capture, as `picket replay` makes them; `dns` takes its questions and answers. */
export function readCapture(name: string, dns: (message: DnsMessage) => void = () => {}): Labelled[] {
  const flows: Labelled[] = [];
  const capture = new CaptureFlows(
    { flowId: (number) => `${name}:${number}`, activeMs: 0, observation: { by: 'capture', exporter: name } },
    { ended: (table, slot) => flows.push({ flow: table.flow(slot), label: '' }), dns },
  );
  capture.push(readFileSync(join(recordings, name)));
  capture.end();
  return flows;
}

function labelsOf(text: string): Map<string, string> {
  const labels = new Map<string, string>();
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('#') || line.startsWith('{')) continue;
    const columns = line.split('\t');
    // One of the logs has blanks between its labels, behind the last column that Zeek wrote.
    labels.set(columns[1] ?? '', columns.slice(zeekColumns).join(' ').replace('(empty)', '').trim());
  }
  return labels;
}

/** What a detector made of a recording. */
export interface Outcome {
  readonly findings: readonly Finding[];
  /** Names of those that were found. */
  readonly entities: ReadonlySet<string>;
  readonly evicted: number;
  /** The most that it held, looked at once a minute of event time. */
  readonly mostBytes: number;
}

const tickMs = 1000;
/** Ticks for a stretch of time without flows, and after the last one, as in `picket replay`. */
const maxTicks = 60;

/** Runs a detector over flows on their own time, in the steps and with the ticks that `picket replay` gives it. */
export function detect<Options>(
  definition: DetectorDefinition<Options>,
  flows: Iterable<Labelled>,
  options: object = {},
): Outcome {
  const running = definition.create(definition.options.parse(options));
  const findings: Finding[] = [];
  let now: number | undefined;
  let mostBytes = 0;
  const tick = (to: number) => {
    if (now !== undefined && to - now < tickMs) return;
    const from = now ?? to;
    const step = Math.max(tickMs, Math.ceil((to - from) / maxTicks));
    for (now = from; now + step <= to; ) {
      now += step;
      findings.push(...(running.onTick?.(now) ?? []));
      if (Math.floor(now / 60_000) !== Math.floor((now - step) / 60_000))
        mostBytes = Math.max(mostBytes, running.stateBytes());
    }
  };
  for (const { flow } of flows) {
    tick(endOf(flow));
    findings.push(...give(running, flow));
  }
  if (now !== undefined) tick(now + maxTicks * tickMs);
  mostBytes = Math.max(mostBytes, running.stateBytes());
  const entities = new Set(findings.map(({ entity }) => entity));
  return { findings, entities, evicted: running.evicted(), mostBytes };
}

/** Runs a detector over the questions and answers of a capture. */
export function detectDns<Options>(
  definition: DetectorDefinition<Options>,
  messages: Iterable<DnsMessage>,
  options: object = {},
): Outcome {
  const running = definition.create(definition.options.parse(options));
  const findings: Finding[] = [];
  let mostBytes = 0;
  let count = 0;
  for (const message of messages) {
    findings.push(...(running.onDns?.(message) ?? []));
    if (++count % 1000 === 0) mostBytes = Math.max(mostBytes, running.stateBytes());
  }
  mostBytes = Math.max(mostBytes, running.stateBytes());
  return {
    findings,
    entities: new Set(findings.map(({ entity }) => entity)),
    evicted: running.evicted(),
    mostBytes,
  };
}

/** Hands on a flow as it ended. */
export function give(running: RunningDetector, flow: Flow): Finding[] {
  return stepsAtEnd(flow).flatMap(({ flow: step, change }) => [...(running.onFlow?.(step, change) ?? [])]);
}

/** Returns the places (address, port, protocol) that each source went to, of the flows that count. */
export function placesBySource(
  flows: Iterable<Labelled>,
  counts: (one: Labelled) => boolean,
): Map<string, Set<string>> {
  const places = new Map<string, Set<string>>();
  for (const one of flows) {
    if (!counts(one)) continue;
    const { source, destination, protocol } = one.flow;
    const from = formatAddress(source.address);
    const of = places.get(from) ?? new Set();
    places.set(from, of.add(`${formatAddress(destination.address)} ${destination.port} ${protocol}`));
  }
  return places;
}

/** Returns how many of `wanted` were found, as a share and as text. */
export function recall(wanted: readonly string[], { entities }: Outcome) {
  const missed = wanted.filter((name) => !entities.has(name));
  const found = wanted.length - missed.length;
  const share = wanted.length === 0 ? Number.NaN : found / wanted.length;
  return { share, missed, text: `${found} of ${wanted.length}` };
}

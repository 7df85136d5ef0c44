import { z } from 'zod';
import { alertToJson } from '../../../detect/json.ts';
import type { Amount, Talker } from '../../../flow/top-talkers.ts';
import { incidentToJson } from '../../../incident/json.ts';
import type { FlowReplay } from '../../replay/flow-replay.ts';
import type { FlowInputCounts } from '../../replay/input-counts.ts';
import { outcomeOutput } from '../span-schema.ts';

const count = z.int().min(0);
const amount = {
  flows: count,
  packets: count.describe('Of both ways.'),
  bytes: count.describe('Of both ways.'),
};
const reasons = z.record(z.string(), count);
const talker = z.object({ address: z.string(), name: z.string().optional(), ...amount });
const time = z.number().nullable().describe('ms since the epoch; null without a flow.');

const summaryOutput = z.object({
  files: z.array(
    z.object({
      name: z.string(),
      format: z.string().describe('Format of a log, `capture`, `exports` or `service-log`.'),
      records: count.describe('Lines of a log, records of a capture.'),
      flows: count.describe('Records of flows; of a long flow in a capture one for each part.'),
      observations: count
        .optional()
        .describe(
          'Of a log of services: entries that tell something of somebody, refused packets among them.',
        ),
      toldTwice: count.describe('Of `flows`: those of traffic that another record tells as well, left out.'),
      skipped: reasons.describe('Records that are no flow, by reason.'),
      dropped: reasons.describe('Records that could not be read, by reason.'),
    }),
  ),
  logs: z
    .array(z.object({ service: z.string(), outcome: z.string(), times: count }))
    .describe('What logs of services told.'),
  from: time,
  until: time,
  ...amount,
  protocols: z.array(z.object({ protocol: z.string(), ...amount })),
  verdicts: z.array(z.object({ verdict: outcomeOutput, ...amount })),
  states: z.array(z.object({ state: z.string(), ...amount })),
  denied: z
    .array(z.object({ reason: z.string(), ...amount }))
    .describe('What those who wrote the logs refused, by their reason.'),
  sources: z.array(talker).describe('The ten with the most bytes, then flows.'),
  destinations: z.array(talker),
  missing: count.describe('Bytes that may be missing from a source or destination at most.'),
  alerts: z.array(z.object({ detector: z.string(), alerts: count })),
  exceptions: z
    .array(
      z.object({
        detector: z.string(),
        filter: z.string(),
        reason: z.string(),
        heldBack: count.describe('Findings that it held back.'),
      }),
    )
    .optional()
    .describe('Of the site file, where it has some.'),
});

/** What `picket replay -o json` prints of flows; its JSON Schema is docs/reference/schema/replay.schema.json. */
export const replayOutput = z
  .object({
    schemaVersion: z.literal(1),
    alerts: z
      .array(z.looseObject({ id: z.string(), detector: z.string(), title: z.string(), count }))
      .describe('As in `picket alerts -o json`.'),
    incidents: z
      .array(
        z.looseObject({
          id: z.string(),
          severity: z.string(),
          score: z.int().min(0).max(100),
          title: z.string(),
          story: z.string(),
        }),
      )
      .describe('As in `picket incidents list -o json`, the one with the highest score first.'),
    summary: summaryOutput,
  })
  .meta({ title: 'Picket replay' });

export type ReplaySummary = z.infer<typeof summaryOutput>;

const maxTalkers = 10;

/** Returns the sums of a replay as a plain value. */
export function replaySummary(replay: FlowReplay, files: readonly FlowInputCounts[]): ReplaySummary {
  const { summary } = replay;
  const exceptions = replay.exceptions.map(({ detector, filter, reason, heldBack }) => ({
    detector,
    filter,
    reason,
    heldBack,
  }));
  const byDetector = new Map<string, number>();
  for (const { detector } of replay.alerts) byDetector.set(detector, (byDetector.get(detector) ?? 0) + 1);
  return {
    files: files.map(({ problems: _, ...file }) => file),
    logs: [...replay.told].flatMap(([service, outcomes]) =>
      [...outcomes].map(([outcome, times]) => ({ service, outcome, times })),
    ),
    from: Number.isFinite(summary.from) ? summary.from : null,
    until: Number.isFinite(summary.until) ? summary.until : null,
    ...summary.total,
    protocols: rows(summary.byProtocol, (protocol) => ({ protocol })),
    verdicts: rows(summary.byVerdict, (verdict) => ({ verdict })),
    states: rows(summary.byState, (state) => ({ state })),
    denied: rows(summary.denied, (reason) => ({ reason })),
    sources: summary.sources.top(maxTalkers).map(plain),
    destinations: summary.destinations.top(maxTalkers).map(plain),
    missing: Math.max(summary.sources.missing, summary.destinations.missing),
    alerts: [...byDetector].map(([detector, alerts]) => ({ detector, alerts })),
    ...(exceptions.length > 0 && { exceptions }),
  };
}

/** Returns the alerts and sums of a replay as a plain value for JSON. */
export function replayJson(replay: FlowReplay, files: readonly FlowInputCounts[]) {
  return {
    schemaVersion: 1 as const,
    alerts: replay.alerts.map(alertToJson),
    incidents: replay.incidents.map(incidentToJson),
    summary: replaySummary(replay, files),
  };
}

/** Rows of a table of amounts, the one with the most bytes first, then flows. */
function rows<K, R>(amounts: ReadonlyMap<K, Amount>, name: (key: K) => R): (R & Amount)[] {
  return [...amounts]
    .map(([key, amount]) => ({ ...name(key), ...amount }))
    .sort((one, other) => other.bytes - one.bytes || other.flows - one.flows);
}

function plain(talker: Talker): Talker {
  return { ...talker };
}

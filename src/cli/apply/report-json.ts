import { z } from 'zod';
import type { RiskName } from '../../firewall/guard/control-path.ts';
import { risks } from '../../firewall/guard/control-path.ts';
import { formatAddress } from '../../net/address.ts';
import { protocolName } from '../../net/protocol.ts';
import { packetText } from '../firewall/explain-text.ts';
import type { PlanReport, SeenReport } from './plan-report.ts';
import { cutText, patchOf } from './report-text.ts';

const seen = z.union([
  z.object({
    looked: z.number().int().describe('conversations that were looked at'),
    now: z.number().int().describe('of these, cut by the next packet'),
    anew: z.number().int().describe('of these, such as could not begin any more'),
    unknown: z.number().int().describe('of these, such as hang on what is not known'),
    unseen: z.number().int().describe('conversations that were not looked at'),
    examples: z.array(
      z.object({
        protocol: z.string(),
        source: z.string(),
        destination: z.string(),
        port: z.number().int().optional(),
        count: z.number().int(),
        when: z.enum(['now', 'anew']),
        rule: z.string(),
      }),
    ),
  }),
  z.object({ why: z.string().describe('why nothing is known of them') }),
]);

const sets = z.record(z.string(), z.number().int());

/** What `picket plan -o json` prints, and part of what `picket apply -o json` does. */
export const planOutput = z.object({
  schemaVersion: z.literal(1),
  changes: z.boolean().describe('whether there is anything to do'),
  source: z.string().describe('where the wanted state comes from'),
  diff: z.string().describe('of the text of the table, unified; empty where nothing changes'),
  differences: z
    .array(
      z.object({
        kind: z.enum(['opened', 'closed', 'changed', 'may differ']),
        family: z.union([z.literal(4), z.literal(6)]),
        chain: z.enum(['INPUT', 'FORWARD', 'OUTPUT']),
        packets: z.string().describe('what they have in common; empty for all'),
        example: z.string(),
      }),
    )
    .describe('what packets would be let through or dropped that are not now'),
  blocksKept: sets.describe('elements with a time that go on, by set'),
  blocksEnded: sets.describe('elements with a time that end, by set'),
  risks: z.array(
    z.object({
      risk: z.enum(Object.keys(risks) as [RiskName, ...RiskName[]]),
      title: z.string(),
      outcome: z.enum(['deny', 'unknown']),
      message: z.string(),
      rule: z.object({ chain: z.string(), text: z.string() }).optional(),
    }),
  ),
  open: seen.describe('conversations that are going on'),
  recorded: seen.describe('conversations of the last seven days in the store'),
  drift: z.boolean().nullable().describe('the table is not what was applied last; null where nothing was'),
  notes: z.array(z.string()),
});

export type PlanOutput = z.infer<typeof planOutput>;

/** What `picket apply -o json` and `picket rollback -o json` print. */
export const applyOutput = z.object({
  schemaVersion: z.literal(1),
  outcome: z
    .enum(['nothing', 'refused', 'waiting', 'confirmed', 'rolled back'])
    .describe('`waiting`: in force until `until` unless picket confirm is run'),
  change: z.number().int().optional().describe('number in the journal'),
  until: z.string().optional().describe('ISO 8601, UTC'),
  why: z.string().optional(),
  probes: z.array(z.object({ title: z.string(), works: z.boolean() })),
  plan: planOutput.optional(),
});

export type ApplyOutput = z.infer<typeof applyOutput>;

/** Returns a plan as JSON. */
export function planJson(report: PlanReport): PlanOutput {
  const { change, desired, cuts, live, recorded, hasDrifted, notes } = report;
  return {
    schemaVersion: 1,
    changes: !change.isEmpty,
    source: desired.source,
    diff: patchOf(report),
    differences: (report.comparison?.differences ?? []).map(({ kind, path, text, example }) => ({
      kind,
      ...path,
      packets: text,
      example: packetText(example),
    })),
    blocksKept: { ...change.keeps },
    blocksEnded: { ...change.ends },
    risks: cuts.map((cut) => ({
      risk: cut.risk,
      title: cut.title,
      outcome: cut.outcome,
      message: cutText(cut),
      ...(cut.rule !== undefined && { rule: cut.rule }),
    })),
    open: seenJson(live),
    recorded: seenJson(recorded),
    drift: hasDrifted ?? null,
    notes: [...notes],
  };
}

function seenJson(report: SeenReport): z.infer<typeof seen> {
  if (!report.isKnown) return { why: report.why };
  const { counts, examples, unseen } = report;
  return {
    ...counts,
    unseen: counts.unseen + unseen,
    examples: examples.map(({ protocol, source, destination, port, count = 1, when, rule }) => ({
      protocol: protocolName(protocol),
      source: formatAddress(source),
      destination: formatAddress(destination),
      ...(port !== undefined && { port }),
      count,
      when,
      rule,
    })),
  };
}

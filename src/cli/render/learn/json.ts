import { z } from 'zod';
import type { Diagnostic } from '../../../diagnostic/diagnostic.ts';
import { diagnosticsOutput, renderJson } from '../../../diagnostic/render/json.ts';
import { whyExtra } from '../../../posture/learn/extras.ts';
import type { FlowCounts } from '../../../posture/learn/flow-log.ts';
import type { Learned } from '../../../posture/learn/learn.ts';
import { edgeText } from '../../../posture/learn/learn.ts';
import { reachEndText } from '../../../posture/reach/end.ts';
import { workloadName } from '../../../segmentation/model.ts';
import { protocolOutput } from '../span-schema.ts';

const count = z.int().min(0);

/** What `picket learn -o json` prints; its JSON Schema is docs/reference/schema/learn.schema.json. */
export const learnOutput = z
  .object({
    schemaVersion: z.literal(1),
    flows: z.object({
      lines: count,
      flows: count,
      broken: count.describe('Lines that are no flow.'),
      others: count.describe('Records of other types.'),
      unestablished: count.describe('Flows that never were established; left out.'),
      connections: count.describe('Different connections between known ends, at ports of pods.'),
      unidentified: count.describe('Connections with an end that no manifest tells; left out.'),
      outOfScope: count.describe('Connections that NetworkPolicies have no say in; left out.'),
    }),
    policies: z.array(z.object({ namespace: z.string(), name: z.string(), workload: z.string() })),
    yaml: z.string().describe('The proposed manifests.'),
    unobserved: z.array(z.string()).describe('Workloads without a flow: no policy is proposed for them.'),
    caught: z
      .array(z.string())
      .describe('Those of them that a proposed policy selects all the same, by labels that they share.'),
    unlabelled: z.array(z.string()).describe('Observed workloads that no label selects.'),
    deniedToday: z.array(z.string()).describe('Observed connections that the declared controls deny.'),
    replay: z.object({
      allowed: count,
      refused: z.array(z.string()).describe('Observed, and not allowed by the proposal: must be empty.'),
      byOtherControls: z
        .array(z.string())
        .describe('Observed, and not allowed whatever NetworkPolicies say: another control decides.'),
    }),
    extras: z
      .array(
        z.object({
          source: z.string(),
          destination: z.string(),
          ports: z.array(z.object({ protocol: protocolOutput, ports: z.string() })),
          why: z.string().optional().describe('The rule that admits it.'),
        }),
      )
      .describe('All that the proposal admits and nobody used, the widest first.'),
    diagnostics: diagnosticsOutput.shape.diagnostics,
  })
  .meta({ title: 'Picket learn' });

export type LearnOutput = z.infer<typeof learnOutput>;

/** Returns the result as a plain value for JSON. */
export function learnJson(
  learned: Learned,
  counts: FlowCounts,
  diagnostics: readonly Diagnostic[],
): LearnOutput {
  const { observation, proposal, yaml, replay, extras, denied, caught } = learned;
  return {
    schemaVersion: 1,
    flows: {
      ...counts,
      connections: observation.edges.length,
      unidentified: observation.unidentified.length,
      outOfScope: observation.outOfScope.length,
    },
    policies: proposal.policies.map(({ namespace, name, workload }) => ({
      namespace,
      name,
      workload: workloadName(workload),
    })),
    yaml,
    unobserved: proposal.unobserved.map(workloadName),
    caught: caught.map(workloadName),
    unlabelled: proposal.unlabelled.map(workloadName),
    deniedToday: denied.map(({ edge }) => edgeText(edge)),
    replay: {
      allowed: replay.allowed,
      refused: replay.refused.map(({ edge }) => edgeText(edge)),
      byOtherControls: replay.byOthers.map(({ edge }) => edgeText(edge)),
    },
    extras: extras.map((extra) => {
      const why = whyExtra(replay.posture, extra);
      return {
        source: reachEndText(extra.source),
        destination: reachEndText(extra.destination),
        ports: extra.ports.map((one) => ({ protocol: one.protocol, ports: one.ports.toString() })),
        ...(why === undefined ? {} : { why }),
      };
    }),
    diagnostics: renderJson(diagnostics).diagnostics,
  };
}

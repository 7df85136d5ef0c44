import { z } from 'zod';
import { formatPrefix } from '../../../net/prefix.ts';
import { changeClass, type PostureDiff, shownEnd } from '../../../posture/diff/diff.ts';
import type { ExplainedChange } from '../../../posture/diff/explain.ts';
import { type ReachEnd, reachEndText } from '../../../posture/reach/end.ts';
import { type Workload, workloadName } from '../../../segmentation/model.ts';
import { outcomeOutput, packetOutput, protocolOutput, reasonOutput } from '../span-schema.ts';

const end = z.object({
  kind: z.enum(['workload', 'external', 'entry', 'unseen']),
  name: z.string().describe('`namespace/name` of a workload; the minimal CIDRs of external addresses.'),
  workloadKind: z.string().optional(),
  ranges: z.array(z.string()).optional().describe('Addresses of an external end, as CIDRs.'),
});
const workload = z.object({ name: z.string(), kind: z.string() });
const count = z.int().min(0);

/** What `picket diff -o json` prints; its JSON Schema is docs/reference/schema/diff.schema.json. */
export const diffOutput = z
  .object({
    schemaVersion: z.literal(1),
    old: z.string().describe('What was compared: paths, or a commit.'),
    new: z.string(),
    workloads: z.object({ added: z.array(workload), removed: z.array(workload) }),
    changes: z
      .array(
        z.object({
          class: z
            .enum(['gained', 'lost', 'unknown'])
            .describe('unknown: the answer became or ceased to be unknown.'),
          source: end,
          destination: end,
          from: outcomeOutput,
          to: outcomeOutput,
          ports: z.array(
            z.object({
              protocol: protocolOutput,
              ports: z.string().describe('Ports and ranges, e.g. `80,8000-8100`.'),
            }),
          ),
          absent: z
            .enum(['before', 'after'])
            .optional()
            .describe('The set of manifests that lacks one of the ends.'),
          example: packetOutput.describe('One connection that shows it.'),
          why: z
            .object({ before: reasonOutput.optional(), after: reasonOutput.optional() })
            .describe('The deciding reason for the example in each set.'),
        }),
      )
      .describe('Exact: together they are the whole difference.'),
    counts: z.object({ gained: count, lost: count, unknown: count }),
  })
  .meta({ title: 'Picket diff' });

export type DiffOutput = z.infer<typeof diffOutput>;

/** Returns the whole difference as a plain value for JSON. */
export function diffJson(
  diff: PostureDiff,
  changes: readonly ExplainedChange[],
  names: { readonly old: string; readonly new: string },
): DiffOutput {
  const counts = { gained: 0, lost: 0, unknown: 0 };
  for (const change of diff.changes) counts[changeClass(change)]++;
  return {
    schemaVersion: 1,
    ...names,
    workloads: { added: diff.added.map(workloadJson), removed: diff.removed.map(workloadJson) },
    changes: changes.map((change) => {
      const { source, destination, from, to, ports, example, why } = change;
      const absent = (['before', 'after'] as const).find(
        (side) => source[side] === undefined || destination[side] === undefined,
      );
      return {
        class: changeClass(change),
        source: endJson(shownEnd(source)),
        destination: endJson(shownEnd(destination)),
        from,
        to,
        ports: ports.map((one) => ({ protocol: one.protocol, ports: one.ports.toString() })),
        ...(absent === undefined ? {} : { absent }),
        example,
        why,
      };
    }),
    counts,
  };
}

function workloadJson(one: Workload) {
  return { name: workloadName(one), kind: one.kind };
}

function endJson(one: ReachEnd): z.infer<typeof end> {
  return {
    kind: one.kind,
    name: reachEndText(one),
    ...(one.kind === 'workload' ? { workloadKind: one.workload.kind } : {}),
    ...(one.kind === 'external' ? { ranges: one.range.prefixes().map(formatPrefix) } : {}),
  };
}

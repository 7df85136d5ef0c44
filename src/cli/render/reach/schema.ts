import { z } from 'zod';

const outcome = z.enum(['allow', 'deny', 'unknown']);
const protocol = z.enum(['TCP', 'UDP', 'SCTP']);
const ports = z.string().describe('Ports and ranges, e.g. `80,8000-8100`; empty for none.');
const count = z.int().min(0);
const position = z.object({
  line: z.int().min(1).describe('1-based line.'),
  column: z.int().min(1).describe('1-based column in UTF-16 code units.'),
  offset: count.describe('0-based offset in UTF-16 code units, byte order mark not counted.'),
});
const span = z.object({ file: z.string(), start: position, end: position.describe('Exclusive.') });

/** What `picket reach -o json` prints of the matrix. */
const matrixOutput = z
  .object({
    schemaVersion: z.literal(2),
    rows: z
      .array(
        z.object({
          source: z.string().describe('Id of an end.'),
          destination: z.string().describe('Id of an end.'),
          ports: z
            .array(
              z.object({
                protocol,
                allowed: ports,
                unknown: ports.describe('Ports of which the manifests do not tell.'),
                denied: ports.optional().describe('With --closed only.'),
              }),
            )
            .describe('Protocols that have any of these ports.'),
        }),
      )
      .describe('Pairs between which something may pass or is not known; with --closed all pairs.'),
    ends: z.array(
      z.object({
        id: z.string(),
        kind: z
          .enum(['workload', 'external', 'entry', 'unseen'])
          .describe(
            'A workload; addresses outside the cluster; a way in such as an Ingress; pods that no manifest declares.',
          ),
        namespace: z.string().optional(),
        workloadKind: z.string().optional().describe('Kind of the workload’s object, e.g. Deployment.'),
        ranges: z.array(z.string()).optional().describe('Addresses of an external end, as CIDRs.'),
        file: z.string().optional().describe('Where it is declared.'),
        line: z.int().min(1).optional(),
      }),
    ),
    counts: z.object({
      pairs: count.describe('Pairs that were judged and pass the filter.'),
      closed: count.describe('Those of them between which nothing may pass.'),
    }),
  })
  .meta({ title: 'Matrix' });

/** What `picket reach --from … --to … --port … -o json` prints. */
const connectionOutput = z
  .object({
    schemaVersion: z.literal(1),
    from: z.string(),
    to: z.string(),
    port: z.int().min(1).max(65_535),
    protocol,
    request: z
      .object({
        method: z.string().optional(),
        path: z.string().optional(),
        host: z.string().optional(),
        headers: z.record(z.string(), z.string()).optional().describe('By lower-case name.'),
      })
      .optional()
      .describe('The HTTP request that was asked about.'),
    outcome,
    reasons: z
      .array(
        z.object({
          layer: z.string(),
          direction: z.enum(['egress', 'ingress']),
          outcome,
          text: z.string(),
          object: z
            .object({ kind: z.string(), name: z.string(), namespace: z.string().optional() })
            .optional()
            .describe('The object that decided.'),
          rule: count.optional().describe('Index of the deciding rule in the object’s list.'),
          span: span.optional(),
          change: z.string().optional().describe('The smallest change that would turn this reason around.'),
          source: z.string().optional().describe('With --explain: the first line of the span.'),
        }),
      )
      .describe('One per layer and direction, in the order in which a packet meets them.'),
  })
  .meta({ title: 'Connection' });

/** What `picket reach -o json` prints; its JSON Schema is docs/reference/schema/reach.schema.json. */
export const reachOutput = z.union([matrixOutput, connectionOutput]).meta({ title: 'Picket reach' });

export type MatrixOutput = z.infer<typeof matrixOutput>;
export type ConnectionOutput = z.infer<typeof connectionOutput>;

import { z } from 'zod';

const selector = z.strictObject(
  {
    namespace: z.string().min(1).optional().describe('Name of the namespace; `*` stands for any characters.'),
    name: z.string().min(1).optional().describe('Name of the workload; `*` stands for any characters.'),
    kind: z.string().min(1).optional().describe('Kind of the workload, e.g. Deployment.'),
    labels: z
      .record(z.string(), z.string())
      .optional()
      .describe('Labels of the pods, all of which must be there.'),
  },
  { error: 'has a field beside namespace, name, kind and labels, or one that is no text' },
);

const end = z
  .union(
    [
      z.string().min(1),
      selector,
      z.array(z.union([z.string().min(1), selector])).min(1, 'is empty: name at least one end'),
    ],
    {
      error:
        'must be an end, e.g. `shop/web`, `internet`, `10.0.0.0/8`, {labels: {app: web}}, or a list of ends',
    },
  )
  .describe(
    'namespace/workload (with * for any characters), a namespace, an address, a range, a host of picket.yaml, ' +
      '`internet`, `any`, an entry such as `Ingress shop/*`, pods by labels, or a list of these.',
  );

const onePort = z.union([z.int().min(1).max(65_535), z.string().min(1)]);
const port = z
  .union([onePort, z.array(onePort).min(1, 'is empty: name at least one port')], {
    error: 'must be a port (1 to 65535), a range such as `8000-8100`, the name of a port, `any`, or a list',
  })
  .describe(
    'A number, a range, the name of a port of the destination, `any`, or a list; `any` when left out.',
  );

const connection = z.object({
  from: end,
  to: end,
  port: port.optional(),
  protocol: z.enum(['TCP', 'UDP', 'SCTP', 'any']).optional().describe('TCP when ports are given, else any.'),
  request: z
    .object({
      method: z.string().min(1).optional().describe('e.g. GET'),
      path: z.string().min(1).optional().describe('e.g. /api/users'),
      host: z.string().min(1).optional().describe('The Host header.'),
    })
    .optional()
    .describe('The HTTP request that is sent, for rules that look into requests. Needs explicit ports.'),
});

/** One assertion of an assertion file. */
export const assertionSchema = z.object({
  name: z.string().min(1).optional().describe('Shown in results; made from the assertion when left out.'),
  reason: z.string().min(1).optional().describe('Why it must hold; shown when it does not.'),
  must: connection.optional().describe('Every one of these connections is allowed.'),
  'must-not': connection.optional().describe('None of these connections is allowed.'),
  only: connection
    .optional()
    .describe('Nothing but `from` reaches `to`, and each item of `from` does, on at least one of the ports.'),
  'allow-unknown': z
    .boolean()
    .optional()
    .describe('Take what the manifests do not tell for what the assertion wants.'),
});

/** An assertion file: `picket-test.yaml` or `*.picket-test.yaml`. */
export const assertionFileSchema = z
  .object({
    assertions: z.array(assertionSchema).describe('What must hold of the manifests beside this file.'),
  })
  .meta({ title: 'Picket assertions' });

export type AssertionInput = z.infer<typeof assertionSchema>;
export type ConnectionInput = z.infer<typeof connection>;
export type SelectorInput = z.infer<typeof selector>;

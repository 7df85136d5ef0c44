import { z } from 'zod';

const position = z.object({
  line: z.int().min(1).describe('1-based line.'),
  column: z.int().min(1).describe('1-based column in UTF-16 code units.'),
  offset: z.int().min(0).describe('0-based offset in UTF-16 code units, byte order mark not counted.'),
});

/** A stretch of a file, as every JSON output has it. */
export const spanOutput = z.object({
  file: z.string(),
  start: position,
  end: position.describe('Exclusive.'),
});

export const outcomeOutput = z.enum(['allow', 'deny', 'unknown']);
export const protocolOutput = z.enum(['TCP', 'UDP', 'SCTP']);

/** One reason of a verdict. */
export const reasonOutput = z.object({
  layer: z.string(),
  direction: z.enum(['egress', 'ingress']),
  outcome: outcomeOutput,
  text: z.string(),
  object: z
    .object({ kind: z.string(), name: z.string(), namespace: z.string().optional() })
    .optional()
    .describe('The object that decided.'),
  rule: z.int().min(0).optional().describe('Index of the deciding rule in the object’s list.'),
  span: spanOutput.optional(),
  change: z.string().optional().describe('The smallest change that would turn this reason around.'),
});

/** One connection. */
export const packetOutput = z.object({
  source: z.string().describe('A workload, an address, or what the end calls itself.'),
  destination: z.string(),
  protocol: protocolOutput,
  port: z.int().min(0).max(65_535),
});

import { z } from 'zod';

const duration = z.string().regex(/^\d{1,9}(ms|s|m|h|d)$/, 'is a duration: 500ms, 60s, 5m, 2h or 1d');

const scalar = z.union([z.string(), z.number(), z.boolean()]);

const parent = z
  .strictObject({
    name: z.string().optional(),
    exe: z.string().optional(),
    exepath: z.string().optional(),
    args: z.array(z.string()).optional(),
    pid: z.int().min(1).optional(),
  })
  .describe('The process that started it.');

const caller = z
  .strictObject({
    name: z.string().optional().describe('proc.name; `test` when left out.'),
    exe: z.string().optional().describe('proc.exe; the name when left out.'),
    exepath: z.string().optional().describe('proc.exepath.'),
    args: z.array(z.string()).optional().describe('proc.args, one word each.'),
    cwd: z.string().optional().describe('proc.cwd; `/` when left out.'),
    env: z.record(z.string(), z.string()).optional().describe('proc.env.'),
    pid: z
      .int()
      .min(1)
      .optional()
      .describe('proc.pid; 1000 when left out. Events of one number share their process.'),
    uid: z.int().min(0).optional().describe('user.uid; 0 when left out.'),
    loginuid: z.int().optional().describe('user.loginuid.'),
    tty: z.int().min(0).optional().describe('proc.tty.'),
    user: z.string().optional().describe('user.name; `root` for uid 0.'),
    container: z.string().optional().describe('container.id; outside of containers when left out.'),
    ancestors: z.array(parent).optional().describe('Parent, grandparent and so on.'),
  })
  .describe('The process that makes the call.');

const container = z
  .strictObject({
    name: z.string().optional(),
    image: z.string().optional().describe('e.g. docker.io/library/nginx:1.27'),
    privileged: z.boolean().optional(),
    labels: z.record(z.string(), z.string()).optional(),
  })
  .describe('What the engine tells of a container, by its id.');

const event = z.strictObject({
  type: z.string().describe('evt.type, e.g. `openat`.'),
  params: z
    .record(z.string(), z.union([scalar, z.array(z.string())]))
    .optional()
    .describe(
      'Parameters by name: numbers, texts, flags by name (`O_RDONLY|O_CREAT`), ends as `198.51.100.7:40000->203.0.113.9:443`.',
    ),
  process: caller.optional(),
  after: duration.optional().describe('How long after the event before it; 1s when left out.'),
});

const expected = z.strictObject({
  rule: z.string().describe('Name of the rule.'),
  count: z.int().min(0).optional().describe('How often; at least once when left out.'),
  output: z.string().optional().describe('A text that the output of one of its alerts holds.'),
  fields: z.record(z.string(), scalar).optional().describe('Values of fields of its output.'),
});

const oneTest = z
  .strictObject({
    name: z.string().min(1),
    events: z.array(event).optional(),
    capture: z
      .string()
      .optional()
      .describe('A capture (.scap) or a log of Kubernetes audit events, by its path from this file.'),
    containers: z.record(z.string(), container).optional(),
    wait: duration
      .optional()
      .describe('How long nothing more happens after the last event: for what ought to come and does not.'),
    expect: z
      .array(expected)
      .describe('Rules that must fire. Others must not; an empty list means that none may.'),
    allow: z.array(z.string()).optional().describe('Rules that may fire too.'),
  })
  .refine((test) => (test.events === undefined) !== (test.capture === undefined), {
    error: 'has either events or a capture',
  });

/** A file of rule tests. */
export const ruleTestFileSchema = z.strictObject({
  rules: z
    .array(z.string().min(1))
    .min(1)
    .describe('Rules files, by their paths from this file, in the order in which they are loaded.'),
  tests: z.array(oneTest).min(1),
});

export type RuleTestFile = z.infer<typeof ruleTestFileSchema>;
export type RuleTest = RuleTestFile['tests'][number];
export type TestEvent = NonNullable<RuleTest['events']>[number];

import { z } from 'zod';
import { dimensions } from './dimension.ts';
import { metrics } from './query.ts';

const whole = z.int().min(0);
const sums = { flows: whole, packets: whole, bytes: whole, sent: whole, received: whole };
const names = [...dimensions.keys()] as [string, ...string[]];

/** What `picket flows --by … -o json` and `/api/v1/flows/groups` answer; see `answer-json.ts`. */
export const flowAnswerOutput: z.ZodType = z.strictObject({
  schemaVersion: z.literal(1),
  by: z.array(z.enum(names)).meta({ description: 'Names of the values of each group.' }),
  order: z.enum(metrics),
  groups: z.array(
    z.strictObject({
      ...Object.fromEntries(names.map((name) => [name, z.string().exactOptional()])),
      ...sums,
      sources: whole.exactOptional(),
      destinations: whole.exactOptional(),
      series: z.array(whole).exactOptional(),
    }),
  ),
  count: whole.meta({ description: 'How many groups there are.' }),
  total: z.strictObject(sums),
  rest: z.strictObject(sums).meta({ description: 'Over the groups that are not told.' }),
  ungrouped: whole,
  buckets: z
    .strictObject({ start: z.number(), step: whole, count: whole })
    .exactOptional()
    .meta({ description: 'Where the buckets of all series begin, and how long they are, ms.' }),
  from: z.enum(['flows', 'minutes', 'hours']),
  damaged: whole,
});

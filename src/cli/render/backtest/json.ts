import { z } from 'zod';
import { type BacktestResult, confidence } from '../../backtest/backtest.ts';

const count = z.int().min(0);
const rate = z.number().min(0).nullable().describe('Null where no host of ours was seen.');

/** What `picket backtest -o json` prints; its JSON Schema is docs/reference/schema/backtest.schema.json. */
export const backtestOutput = z
  .object({
    schemaVersion: z.literal(1),
    detector: z.string(),
    option: z.string().describe('The option that was tried.'),
    budget: z.number().describe('Alerts for each host and day.'),
    confidence: z.number(),
    files: z.array(z.string()),
    flows: count,
    hosts: count.describe('Hosts of ours that were seen.'),
    uncountedHosts: count.describe('Flows of hosts of ours that were too many to be counted.'),
    hostDays: z.number().min(0).describe('Hours in which each was seen, all together, by 24.'),
    tried: z
      .array(
        z.object({
          value: z.number(),
          isPreset: z.boolean(),
          alerts: count,
          perHostDay: rate,
          atMost: rate.describe('Upper bound of the rate, one-sided (Poisson).'),
          titles: z.array(z.string()).describe('Of the first alerts, at most 5.'),
        }),
      )
      .describe('The most sensitive first.'),
    meets: z
      .number()
      .nullable()
      .describe('The most sensitive value that meets the budget by what was counted.'),
    meetsSurely: z.number().nullable().describe('The same by the upper bound.'),
    hostDaysNeeded: z
      .number()
      .describe('Host-days without an alert that it takes to know that the budget is met.'),
  })
  .meta({ title: 'Picket backtest' });

/** Returns the result of a backtest as a plain value. */
export function backtestJson(
  result: BacktestResult,
  files: readonly string[],
): z.infer<typeof backtestOutput> {
  const { tried, ...rest } = result;
  return {
    schemaVersion: 1,
    ...rest,
    confidence,
    files: [...files],
    tried: tried.map((one) => ({ ...one, titles: [...one.titles] })),
  };
}

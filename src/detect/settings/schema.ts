import { z } from 'zod';
import type { DetectorDefinition } from '../detector.ts';

const maxExceptions = 1000;

/** One item of `exceptions`. */
export const exceptionSchema = z.strictObject({
  detector: z.string().min(1).describe('Id of the detector, or `rules` for alerts of Falco rules.'),
  filter: z
    .string()
    .min(1)
    .describe('Which of its findings are held back, as in `picket alerts`; each flow of a finding must fit.'),
  reason: z.string().min(1).describe('Why nobody wants to hear of it.'),
  until: z
    .string()
    .describe('When the exception ends: a date (its first moment in UTC), or RFC 3339 with a zone.'),
});

/**
 * Returns the shape of `detect` in the site file. Defaults and what options say of one another are left to the schema of each
 * detector.
 */
export function detectSchema(definitions: readonly DetectorDefinition[]): z.ZodType {
  return z
    .strictObject({
      ...Object.fromEntries(definitions.map((definition) => [definition.id, detectorShape(definition)])),
      exceptions: z
        .array(exceptionSchema)
        .max(maxExceptions, `has more than ${maxExceptions} items`)
        .nullish()
        .describe('Findings that are held back, for a time.'),
    })
    .describe('Options of detectors, and exceptions from what they find.');
}

function detectorShape({ options, title }: DetectorDefinition): z.ZodType {
  // Not `off`, which YAML 1.1 reads as false, as a key too. Other than an object nothing could stand beside; `detectors.test.ts` holds that all are.
  const fields = options instanceof z.ZodObject ? (options.shape as Record<string, z.ZodType>) : {};
  return z
    .strictObject({
      enabled: z.boolean().nullish().describe('Whether the detector runs; true where nothing is said.'),
      ...Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, field.optional()])),
    })
    .nullish()
    .describe(title);
}

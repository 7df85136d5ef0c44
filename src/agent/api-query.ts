import { z } from 'zod';
import { nearest } from '../diagnostic/suggest.ts';

/** What is wrong with one parameter of a request. */
export interface ParameterProblem {
  readonly parameter: string;
  readonly message: string;
  readonly help?: string;
}

const wholeNumber = z
  .string()
  .regex(/^\d{1,15}$/, 'must be a whole number')
  .transform(Number);

/** ms since the epoch, or a date and time with its zone (RFC 3339). */
const time = z
  .string()
  .refine(
    (text) => /^\d{1,15}$/.test(text) || z.iso.datetime({ offset: true }).safeParse(text).success,
    'must be milliseconds since 1970 or a time like 2026-06-01T12:00:00Z',
  )
  .transform((text) => (/^\d+$/.test(text) ? Number(text) : Date.parse(text)));

const page = {
  limit: wholeNumber
    .pipe(z.number().min(1, 'must be at least 1').max(10_000, 'must be at most 10000'))
    .default(100),
  before: wholeNumber.exactOptional(),
  since: time.exactOptional(),
  until: time.exactOptional(),
};

/** The parameters of a page of rows. */
export const pageQuery = z.strictObject(page);

/** The parameters of a page of flows, where there is a filter language. */
export const filteredFlowQuery = z.strictObject({
  ...page,
  filter: z.string().max(4_096, 'is too long').exactOptional(),
});

/**
 * Reads the parameters of a request by `schema`. Returns either what they mean or all that is wrong with them: names that
 * are not known, with the nearest known one; names given twice; values that cannot be read.
 */
export function readQuery<Shape extends z.ZodRawShape>(
  schema: z.ZodObject<Shape>,
  given: Readonly<Record<string, readonly string[]>>,
): { readonly query: z.output<z.ZodObject<Shape>> } | { readonly problems: readonly ParameterProblem[] } {
  const repeated = Object.entries(given)
    .filter(([, values]) => values.length > 1)
    .map(([parameter]) => ({ parameter, message: 'is given more than once' }));
  const first = Object.fromEntries(Object.entries(given).map(([name, values]) => [name, values[0]]));
  const result = schema.safeParse(first);
  if (result.success && repeated.length === 0) return { query: result.data };
  const wrong = result.success ? [] : result.error.issues.flatMap((issue) => problemsOf(issue, schema));
  return { problems: [...repeated, ...wrong] };
}

function problemsOf(issue: z.core.$ZodIssue, schema: z.ZodObject): ParameterProblem[] {
  if (issue.code !== 'unrecognized_keys')
    return [{ parameter: issue.path.join('.'), message: issue.message }];
  const known = Object.keys(schema.shape);
  return issue.keys.map((parameter) => {
    const meant = nearest(parameter, known);
    const help = meant === undefined ? `known are ${known.join(', ')}` : `did you mean ${meant}?`;
    return { parameter, message: 'is not a parameter of this endpoint', help };
  });
}

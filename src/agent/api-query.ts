import { z } from 'zod';
import { nearest } from '../diagnostic/suggest.ts';
import type { Dimension } from '../flow/ask/dimension.ts';
import { parseDimensions } from '../flow/ask/parse-dimensions.ts';
import { metrics } from '../flow/ask/query.ts';
import { parseSpan } from '../flow/quantity.ts';

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

/** The parameters of a page of incidents. */
export const incidentQuery = z.strictObject({
  ...page,
  state: oneOf(['unresolved', 'open', 'acknowledged', 'reopened', 'resolved', 'all']).default('unresolved'),
});

/** The parameters of a question for groups of flows, where there is a filter language. */
export const groupQuery = z.strictObject({
  filter: z.string().max(4_096, 'is too long').exactOptional(),
  since: time.exactOptional(),
  until: time.exactOptional(),
  by: z.string().max(512, 'is too long').default('').transform(dimensionsOf),
  order: oneOf(metrics).exactOptional(),
  top: wholeNumber
    .pipe(z.number().min(1, 'must be at least 1').max(1_000, 'must be at most 1000'))
    .default(10),
  bucket: z.string().transform(bucketOf).exactOptional(),
  count: z.string().transform(endsOf).exactOptional(),
  from: oneOf(['flows', 'minutes', 'hours']).exactOptional(),
});

function oneOf<const Values extends readonly string[]>(values: Values) {
  return z.enum(values, `must be one of ${values.join(', ')}`);
}

type Context = z.core.$RefinementCtx<unknown>;

function wrong(context: Context, message: string, help?: string): never {
  context.addIssue({ code: 'custom', message, ...(help !== undefined && { params: { help } }) });
  return z.NEVER;
}

function dimensionsOf(text: string, context: Context): readonly Dimension[] {
  if (text === '') return [];
  const read = parseDimensions(text);
  if ('repeated' in read) return wrong(context, `names ${read.repeated} twice`);
  if ('dimensions' in read) return read.dimensions;
  const help =
    read.meant === undefined ? `known are ${read.known.join(', ')}` : `did you mean ${read.meant}?`;
  return wrong(context, `names "${read.unknown}", by which flows cannot be told apart`, help);
}

function bucketOf(text: string, context: Context): number {
  const span = parseSpan(text);
  if (span !== undefined && span >= 1_000 && Number.isInteger(span)) return span;
  return wrong(context, 'must be a span from 1s up', 'write 10s, 1m, 15m, 1h or 1d');
}

function endsOf(text: string, context: Context): ('sources' | 'destinations')[] {
  return text.split(',').map((end) => {
    if (end === 'sources' || end === 'destinations') return end;
    return wrong(context, 'takes sources and destinations');
  });
}

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
  if (issue.code !== 'unrecognized_keys') {
    const help: unknown = issue.code === 'custom' ? issue.params?.help : undefined;
    const parameter = issue.path.join('.');
    return [{ parameter, message: issue.message, ...(typeof help === 'string' && { help }) }];
  }
  const known = Object.keys(schema.shape);
  return issue.keys.map((parameter) => {
    const meant = nearest(parameter, known);
    const help = meant === undefined ? `known are ${known.join(', ')}` : `did you mean ${meant}?`;
    return { parameter, message: 'is not a parameter of this endpoint', help };
  });
}

import type { Context } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import type { ParameterProblem } from './api-query.ts';
import { apiSchemaVersion } from './status.ts';

/** Answers with a JSON body that has the version of the API's shapes. */
export function json(c: Context, body: object, status: ContentfulStatusCode = 200): Response {
  return c.json({ schemaVersion: apiSchemaVersion, ...body }, status, { 'Cache-Control': 'no-store' });
}

/** Answers with an error: a code for programs and a sentence for people. */
export function failure(
  c: Context,
  status: ContentfulStatusCode,
  code: string,
  message: string,
  more: object = {},
  headers: Record<string, string> = {},
): Response {
  for (const [name, value] of Object.entries(headers)) c.header(name, value);
  return json(c, { error: { code, message }, ...more }, status);
}

/** Answers that parameters cannot be read, and why. */
export function badParameters(c: Context, problems: readonly ParameterProblem[]): Response {
  const [first] = problems;
  const help = first?.help === undefined ? '' : `; ${first.help}`;
  return failure(c, 400, 'bad-parameter', `${first?.parameter} ${first?.message}${help}`, { problems });
}

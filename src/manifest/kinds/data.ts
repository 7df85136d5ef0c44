import { z } from 'zod';
import { decodeBase64 } from '../base64.ts';
import { invalidBase64, invalidDataKey, wrongType } from '../codes.ts';
import { breach, optional, type RuleContext } from './fields.ts';

/** Longest key of a ConfigMap or Secret, and what it may be made of (Kubernetes `IsConfigMapKey`). */
const MAX_KEY = 253;
const KEY = /^[-._a-zA-Z0-9]+$/;

/** Largest ConfigMap or Secret, all values together, in bytes (Kubernetes `MaxSecretSize`). */
export const MAX_DATA_BYTES = 2 ** 20;

/** Texts by key. What is wrong is told without the value, which may be a secret. */
export const texts = () => entries(() => undefined);

/** Base64 by key, with line breaks ignored as the API server does. */
export const encodedBytes = () =>
  entries((value) => (decodeBase64(value) === undefined ? 'the value is no base64' : undefined));

/** A mapping that is checked by hand: the library's own messages would quote its values. */
function entries(problemOf: (value: string) => string | undefined) {
  return optional(
    z
      .custom<Record<string, unknown>>(() => true)
      .superRefine((values: unknown, context) => {
        if (values === null || values === undefined) return;
        if (typeof values !== 'object' || Array.isArray(values)) {
          breach(context, { code: wrongType }, [], `must be a mapping, not ${typeName(values)}`);
          return;
        }
        for (const [key, value] of Object.entries(values)) {
          checkKey(context, key);
          checkValue(context, key, value, problemOf);
        }
      }),
  );
}

function checkValue(
  context: RuleContext,
  key: string,
  value: unknown,
  problemOf: (value: string) => string | undefined,
): void {
  // Kubernetes takes an explicit null as no value.
  if (value === null) return;
  if (typeof value !== 'string') {
    const rule = { code: wrongType, help: 'quote it, so that it is a text' };
    breach(context, rule, [key], `must be a text, not ${typeName(value)}`);
    return;
  }
  const problem = problemOf(value);
  const help = 'encode it with `base64 -w0`, or move it to `stringData` (Secret) or `data` (ConfigMap)';
  if (problem) breach(context, { code: invalidBase64, help }, [key], problem);
}

function checkKey(context: RuleContext, key: string): void {
  let problem: string | undefined;
  if (key.length > MAX_KEY) problem = `has ${key.length} characters, the limit is ${MAX_KEY}`;
  else if (key === '.' || key.startsWith('..')) problem = 'would leave its directory';
  else if (!KEY.test(key)) problem = 'may have letters, digits, `-`, `_` and `.` only';
  if (problem)
    breach(context, { code: invalidDataKey, onKey: true, tolerated: true }, [key], `the key ${problem}`);
}

function typeName(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'a mapping' : `a ${typeof value}`;
}

/** The bytes that the values of some fields take in the cluster; base64 counts decoded. */
export function bytesOf(plain: readonly unknown[], encoded: readonly unknown[]): number {
  let bytes = 0;
  for (const value of plain.flatMap(valuesOf)) bytes += new TextEncoder().encode(value).length;
  for (const value of encoded.flatMap(valuesOf)) bytes += decodeBase64(value)?.bytes.length ?? 0;
  return bytes;
}

function valuesOf(field: unknown): string[] {
  if (typeof field !== 'object' || field === null) return [];
  return Object.values(field).filter((value) => typeof value === 'string');
}

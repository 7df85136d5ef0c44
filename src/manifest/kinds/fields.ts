import { z } from 'zod';
import type { CodeDefinition } from '../../diagnostic/diagnostic.ts';
import { invalidName, invalidValue, missingField } from '../codes.ts';
import { labelKeyProblem, labelValueProblem, portNameProblem } from './syntax.ts';

/** What a rule adds to the message: the code it belongs to, and what to do. Travels in a zod issue's `params`. */
export interface Rule {
  readonly code: CodeDefinition;
  readonly help?: string;
  /**
   * The API server refuses the object for it, but what the object means is plain all the same: it counts as valid, so
   * that a trimmed or hasty manifest is still judged.
   */
  readonly tolerated?: boolean;
  /** The problem is the key at the path rather than its value. */
  readonly onKey?: boolean;
}

/** Where rules put what they find. */
export interface RuleContext {
  addIssue(issue: {
    code: 'custom';
    message: string;
    path: (string | number)[];
    params: Rule & Record<string, unknown>;
  }): void;
}

/** Reports a broken rule at `path` below the value that is looked at. */
export function breach(context: RuleContext, rule: Rule, path: (string | number)[], message: string): void {
  context.addIssue({ code: 'custom', message, path, params: { ...rule } });
}

/** A field that may be left out; Kubernetes takes an explicit null as left out. */
export function optional<T extends z.ZodType>(schema: T) {
  return schema.nullish();
}

/** An optional list. */
export function listOf<T extends z.ZodType>(schema: T) {
  return optional(z.array(schema));
}

/** An optional text, boolean or integer. */
export const text = () => optional(z.string());
export const flag = () => optional(z.boolean());
export const integer = () => optional(z.int());
/** An optional part that Picket does not look into: unknown fields in it are not told. */
export const opaque = () => optional(z.looseObject({}));

/** A field that the API requires and Picket can do without; its absence is told by {@link requireFields}. */
export const required = optional;

/** Reports each of `names` that the object lacks. */
export function requireFields<T extends object>(...names: (keyof T & string)[]) {
  return (value: T, context: RuleContext): void => {
    for (const name of names) {
      const absent = value[name] === undefined || value[name] === null;
      const rule = { code: missingField, help: `add \`${name}\``, tolerated: true };
      if (absent) breach(context, rule, [], `\`${name}\` is missing`);
    }
  };
}

/** A text for which `problem` returns nothing. */
export function textThat(problem: (value: string) => string | undefined, code = invalidName) {
  return z.string().superRefine((value, context) => {
    const found = problem(value);
    if (found) breach(context, { code, tolerated: true }, [], `\`${value}\` ${found}`);
  });
}

/** A port number, 1 to 65535. */
export const portNumber = () =>
  z.int().superRefine((value, context) => {
    const found = portProblem(value);
    if (found) breach(context, { code: invalidValue }, [], found);
  });

/** What is wrong with a port number. */
export function portProblem(value: number): string | undefined {
  if (Number.isInteger(value) && value >= 1 && value <= 65535) return undefined;
  return `${value} is no port number: it must be a whole number from 1 to 65535`;
}

/** A port by number or by name. */
export const portReference = () =>
  z
    .union([z.number(), z.string()], { error: 'must be a port number or a port name' })
    .superRefine((value, context) => {
      const found = typeof value === 'number' ? portProblem(value) : portNameReferenceProblem(value);
      if (found) breach(context, { code: invalidValue }, [], found);
    });

function portNameReferenceProblem(value: string): string | undefined {
  const found = portNameProblem(value);
  if (!found) return undefined;
  const quoted = /^\d+$/.test(value) ? '; write the number without quotes' : '';
  return `\`${value}\` is no port name: it ${found}${quoted}`;
}

/** Transport protocols of the Kubernetes API. */
export const protocol = () => optional(z.enum(['TCP', 'UDP', 'SCTP']));

/** A resource quantity such as `100m` or `1Gi`; its grammar is not checked. */
export const quantity = () =>
  z.union([z.string(), z.number()], { error: 'must be a quantity, e.g. 100m or 1Gi' });
export const quantities = () => optional(z.record(z.string(), quantity()));

/** A number or a text, e.g. a count or a percentage. */
export const intOrString = () =>
  optional(z.union([z.int(), z.string()], { error: 'must be a whole number or a text' }));

/** A point in time as text. */
export const time = text;

/** Labels: keys and values are checked. */
export const labels = () => z.record(z.string(), z.string()).superRefine(checkLabels);

/** Annotations: only keys are checked. */
export const annotations = () =>
  z.record(z.string(), z.string()).superRefine((value, context) => {
    for (const key of Object.keys(value)) checkKey(context, key, [key]);
  });

function checkLabels(value: Record<string, string>, context: RuleContext): void {
  for (const [key, content] of Object.entries(value)) {
    checkKey(context, key, [key]);
    const problem = labelValueProblem(content);
    if (problem)
      breach(
        context,
        { code: invalidName, tolerated: true },
        [key],
        `the label value \`${content}\` ${problem}`,
      );
  }
}

/** Reports a key that is no qualified name. */
export function checkKey(context: RuleContext, key: string, path: (string | number)[], onKey = true): void {
  const problem = labelKeyProblem(key);
  if (problem)
    breach(context, { code: invalidName, onKey, tolerated: true }, path, `the key \`${key}\` ${problem}`);
}

import type { z } from 'zod';
import type { CodeDefinition, Fix } from '../diagnostic/diagnostic.ts';
import { nearest } from '../diagnostic/suggest.ts';
import { invalidValue, missingField, unknownField, unknownValue, wrongType } from './codes.ts';
import type { Rule } from './kinds/fields.ts';
import type { LocatedValue } from './object.ts';
import type { Path } from './resource.ts';
import { unknownFields } from './unknown-fields.ts';

/** Problems of one object that are told one by one. */
const MAX_PROBLEMS = 50;

/**
 * Checks a value against a schema and reports each problem at its place. `subject` names the whole in messages, e.g. its
 * kind; `codes` stand in for the general codes of unknown fields and misfits. Returns whether the value fits;
 * unknown fields and tolerated breaches do not count.
 */
export function validate(
  located: LocatedValue,
  schema: z.ZodType,
  subject: string,
  codes?: { readonly unknown: CodeDefinition; readonly wrong: CodeDefinition },
): boolean {
  for (const { path, known } of unknownFields(schema, located.value).slice(0, MAX_PROBLEMS)) {
    const key = String(path.at(-1));
    const guess = nearest(key, known);
    const at = located.keyRange(path);
    const written = located.source.text.slice(at.start, at.end);
    located.source.report(codes?.unknown ?? unknownField, at, {
      message: `unknown field \`${key}\` in ${describe(subject, path.slice(0, -1))}${guess ? `, did you mean \`${guess}\`?` : ''}`,
      severity: unknownField.severity,
      help: guess ? `rename it to \`${guess}\`` : `known here: ${listing(known)}`,
      ...(guess && written === key && !located.child([...path.slice(0, -1), guess], undefined)
        ? { fix: replaceWith(located, at, guess, false) }
        : {}),
    });
  }
  const result = schema.safeParse(located.value, { reportInput: true });
  if (result.success) return true;
  const issues = result.error.issues;
  for (const issue of issues.slice(0, MAX_PROBLEMS)) reportIssue(located, issue, subject, codes?.wrong);
  return issues.every(isTolerated);
}

function isTolerated(issue: z.core.$ZodIssue): boolean {
  return issue.code === 'custom' && Boolean((issue.params as Rule | undefined)?.tolerated);
}

function reportIssue(
  located: LocatedValue,
  issue: z.core.$ZodIssue,
  subject: string,
  code: CodeDefinition | undefined,
): void {
  const path = issue.path.filter((step) => typeof step !== 'symbol');
  const where = describe(subject, path);
  if (issue.code === 'custom') {
    const rule = issue.params as Rule | undefined;
    const at = rule?.onKey ? located.keyRange(path) : located.range(path);
    located.source.report(rule?.code ?? code ?? invalidValue, at, {
      message: `${where}: ${issue.message}`,
      ...(rule?.help ? { help: rule.help } : {}),
    });
    return;
  }
  const at = located.range(path);
  if (issue.input === undefined) {
    located.source.report(code ?? missingField, located.keyRange(path.slice(0, -1)), {
      message: `${describe(subject, path.slice(0, -1))}: \`${String(path.at(-1))}\` is missing`,
      help: `add \`${String(path.at(-1))}\``,
    });
  } else if (issue.code === 'invalid_value') {
    const values = issue.values.filter((value) => value !== '').map(String);
    const guess = typeof issue.input === 'string' ? nearest(issue.input, values) : undefined;
    located.source.report(code ?? unknownValue, at, {
      message: `${where} is ${shown(issue.input)}, but must be one of ${listing(values)}`,
      ...(guess ? { help: `write \`${guess}\``, fix: replaceWith(located, at, guess, false) } : {}),
    });
  } else if (issue.code === 'invalid_type') {
    const quote = issue.expected === 'string' && ['number', 'boolean'].includes(typeof issue.input);
    const written = located.source.text.slice(at.start, at.end);
    located.source.report(code ?? wrongType, at, {
      message: `${where} must be ${article(issue.expected)}, not ${shown(issue.input)}`,
      ...(quote && /^[\w.+-]+$/.test(written)
        ? { help: `quote it: \`"${written}"\``, fix: replaceWith(located, at, `"${written}"`, true) }
        : {}),
    });
  } else {
    located.source.report(code ?? (issue.code === 'invalid_union' ? wrongType : invalidValue), at, {
      message: `${where}: ${issue.message.slice(0, 1).toLowerCase()}${issue.message.slice(1)}`,
    });
  }
}

/** `NetworkPolicy.spec.ingress[0].from`; keys that are no plain words are quoted. */
export function describe(subject: string, path: Path): string {
  let text = subject;
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`;
    else text += /^[A-Za-z][\w-]*$/.test(step) ? `.${step}` : `[${JSON.stringify(step)}]`;
  }
  return text;
}

function replaceWith(
  located: LocatedValue,
  at: { start: number; end: number },
  text: string,
  safe: boolean,
): Fix {
  return { title: `write \`${text}\``, safe, edits: [{ span: located.source.span(at), text }] };
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  object: 'a mapping',
  record: 'a mapping',
  array: 'a list',
};

function article(type: string): string {
  return TYPE_NAMES[type] ?? type;
}

function shown(value: unknown): string {
  if (value === null) return 'empty (null)';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a mapping';
  const text = String(value);
  const cut = text.length > 40 ? `${text.slice(0, 40)}…` : text;
  const name =
    typeof value === 'string' ? 'the text' : typeof value === 'number' ? 'the number' : 'the boolean';
  return `${name} \`${cut}\``;
}

function listing(values: readonly string[]): string {
  const some = values.slice(0, 12).map((value) => `\`${value}\``);
  return some.join(', ') + (values.length > 12 ? ', …' : '');
}

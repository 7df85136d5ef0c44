import type { z } from 'zod';
import type { CodeDefinition, Fix } from '../diagnostic/diagnostic.ts';
import { nearest } from '../diagnostic/suggest.ts';
import { invalidValue, missingField, unknownField, unknownValue, wrongType } from './codes.ts';
import type { Rule } from './kinds/fields.ts';
import type { Range } from './locations.ts';
import type { LocatedValue } from './object.ts';
import type { Path } from './resource.ts';
import { type UnknownField, unknownFields } from './unknown-fields.ts';

/** Problems of one object that are told one by one. */
const MAX_PROBLEMS = 50;

/**
 * Checks a value against a schema and reports each problem at its place. `subject` names the whole in messages, e.g. its
 * kind; `misfit`, when given, is the code of problems that have none of their own. Returns whether the value fits;
 * unknown fields and tolerated breaches do not count.
 */
export function validate(
  located: LocatedValue,
  schema: z.ZodType,
  subject: string,
  misfit?: CodeDefinition,
): boolean {
  const unknown = unknownFields(schema, located.value);
  const all = schema.safeParse(located.value, { reportInput: true }).error?.issues ?? [];
  const told = new Set(unknown.map(({ path }) => path.join('.')));
  // Keys that strict objects do not know are among the unknown fields, but for those of a union's objects.
  const issues = all.filter(
    (issue) =>
      issue.code !== 'unrecognized_keys' ||
      !issue.keys.every((key) => told.has([...issue.path, key].join('.'))),
  );
  for (const field of unknown.slice(0, MAX_PROBLEMS)) reportUnknown(located, field, subject);
  for (const issue of issues.slice(0, MAX_PROBLEMS)) reportIssue(located, issue, subject, misfit);
  const rest = Math.max(0, unknown.length - MAX_PROBLEMS) + Math.max(0, issues.length - MAX_PROBLEMS);
  if (rest > 0) {
    located.source.report(invalidValue, located.keyRange(['kind']), {
      severity: 'note',
      message: `and ${rest} more problems in this ${subject}`,
    });
  }
  return all.every(isTolerated);
}

/** Tells whether a value fits a schema; unknown fields and tolerated breaches do not count. */
export function fits(schema: z.ZodType, value: unknown): boolean {
  return (schema.safeParse(value).error?.issues ?? []).every(isTolerated);
}

function isTolerated(issue: z.core.$ZodIssue): boolean {
  return issue.code === 'custom' && Boolean((issue.params as Rule | undefined)?.tolerated);
}

function reportUnknown(located: LocatedValue, { path, known, strict }: UnknownField, subject: string): void {
  const key = String(path.at(-1));
  const parent = path.slice(0, -1);
  const guess = nearest(key, known);
  const at = located.keyRange(path);
  const where = `unknown field \`${short(key)}\` in ${describe(subject, parent)}`;
  const severity = strict ? 'error' : 'warning';
  if (guess === undefined) {
    const help = `known here: ${listing(known)}`;
    located.source.report(unknownField, at, { severity, message: where, help });
    return;
  }
  const renamable = textAt(located, at) === key && !located.child([...parent, guess], undefined);
  located.source.report(unknownField, at, {
    severity,
    message: `${where}, did you mean \`${guess}\`?`,
    help: `rename it to \`${guess}\``,
    ...(renamable ? { fix: replacement(located, at, guess, `rename it to \`${guess}\``, false) } : {}),
  });
}

function reportIssue(
  located: LocatedValue,
  issue: z.core.$ZodIssue,
  subject: string,
  misfit: CodeDefinition | undefined,
): void {
  const path = issue.path.filter((step) => typeof step !== 'symbol');
  if (issue.code === 'custom' && issue.params !== undefined) reportBreach(located, path, issue, subject);
  else if (issue.input === undefined) reportMissing(located, path, subject, misfit);
  else reportMisfit(located, path, issue, subject, misfit);
}

function reportMisfit(
  located: LocatedValue,
  path: Path,
  issue: z.core.$ZodIssue,
  subject: string,
  misfit: CodeDefinition | undefined,
): void {
  const where = describe(subject, path);
  const at = located.range(path);
  if (issue.code === 'invalid_value') {
    const values = issue.values.filter((value) => value !== '').map(String);
    const guess = typeof issue.input === 'string' ? nearest(issue.input, values) : undefined;
    located.source.report(misfit ?? unknownValue, at, {
      message: `${where} is ${shown(issue.input)}, but must be one of ${listing(values)}`,
      ...(guess
        ? { help: `write \`${guess}\``, fix: replacement(located, at, guess, `write \`${guess}\``, false) }
        : {}),
    });
  } else if (issue.code === 'invalid_type') {
    const written = textAt(located, at);
    const quotable = issue.expected === 'string' && /^[\w.+-]+$/.test(written) && !isEmpty(issue.input);
    const help = `quote it: \`"${written}"\``;
    located.source.report(misfit ?? wrongType, at, {
      message: `${where} must be ${TYPE_NAMES[issue.expected] ?? issue.expected}, not ${shown(issue.input)}`,
      ...(quotable ? { help, fix: replacement(located, at, `"${written}"`, help, true) } : {}),
    });
  } else {
    const general = issue.code === 'invalid_union' ? wrongType : invalidValue;
    const message = issue.message.slice(0, 1).toLowerCase() + issue.message.slice(1);
    located.source.report(misfit ?? general, at, { message: `${where} ${message}` });
  }
}

/** A rule of Picket's own schemas, which says itself what is wrong. */
function reportBreach(
  located: LocatedValue,
  path: Path,
  { message, params }: z.core.$ZodIssueCustom,
  subject: string,
): void {
  const { code, help, onKey } = params as unknown as Rule;
  located.source.report(code, onKey ? located.keyRange(path) : located.range(path), {
    message: `${describe(subject, path)}: ${message}`,
    ...(help ? { help } : {}),
  });
}

function reportMissing(
  located: LocatedValue,
  path: Path,
  subject: string,
  misfit: CodeDefinition | undefined,
): void {
  const parent = path.slice(0, -1);
  const field = String(path.at(-1));
  located.source.report(misfit ?? missingField, located.keyRange(parent.length > 0 ? parent : ['kind']), {
    message: `${describe(subject, parent)}: \`${field}\` is missing`,
    help: `add \`${field}\``,
  });
}

function replacement(located: LocatedValue, at: Range, text: string, title: string, safe: boolean): Fix {
  return { title, safe, edits: [{ span: located.source.span(at), text }] };
}

function textAt(located: LocatedValue, { start, end }: Range): string {
  return located.source.text.slice(start, end);
}

/** `NetworkPolicy.spec.ingress[0].from`; keys that are no plain words are quoted. */
function describe(subject: string, path: Path): string {
  let text = subject;
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`;
    else text += /^[A-Za-z][\w-]*$/.test(step) ? `.${short(step)}` : `[${JSON.stringify(short(step))}]`;
  }
  return text;
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

function isEmpty(value: unknown): boolean {
  return value === null || typeof value === 'object';
}

function shown(value: unknown): string {
  if (value === null) return 'empty (null)';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a mapping';
  const name = { string: 'the text', number: 'the number' }[typeof value as string] ?? 'the boolean';
  return `${name} \`${short(String(value))}\``;
}

function short(text: string): string {
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

function listing(values: readonly string[]): string {
  const some = values.slice(0, 12).map((value) => `\`${value}\``);
  return some.join(', ') + (values.length > 12 ? ', …' : '');
}

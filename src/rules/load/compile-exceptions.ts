import { comparisonOperators } from '../ast.ts';
import { rulesValidate } from './codes.ts';
import type { ExceptionDraft, ExceptionRow, ExceptionValue, RuleDraft } from './drafts.ts';
import { quoteItem } from './lists.ts';
import { JoinedText, type PlacedText, textAt } from './placed-text.ts';

const listOperators: ReadonlySet<string> = new Set(['in', 'pmatch', 'intersects']);
const operators: ReadonlySet<string> = new Set(comparisonOperators);

/**
 * Returns a rule's condition with its exceptions: `(condition) and not (…)` for each that has values. What does not fit is
 * told, and that exception left out. `hasField` says whether the source of the rule has a field of this name.
 */
export function withExceptions(rule: RuleDraft, hasField: (name: string) => boolean): PlacedText {
  const parts = exceptionTexts(rule, hasField);
  if (parts.length === 0) return rule.condition;
  const span = rule.item.at('exceptions');
  const joined = parts.flatMap((part) => [textAt(') and not (', span), part]);
  return new JoinedText([textAt('(', span), rule.condition, ...joined, textAt(')', span)], '');
}

/** Returns the exceptions as conditions, those that have values; what does not fit is told. */
export function exceptionTexts(
  draft: Pick<RuleDraft, 'item' | 'exceptions'>,
  hasField: (name: string) => boolean,
): readonly PlacedText[] {
  return draft.exceptions.flatMap((exception) => exceptionText(draft, exception, hasField));
}

function exceptionText(
  { item }: Pick<RuleDraft, 'item'>,
  exception: ExceptionDraft,
  hasField: (name: string) => boolean,
): PlacedText[] {
  const { fields, single, context, span, values } = exception;
  const fault = (message: string, at = span): PlacedText[] => {
    item.report(rulesValidate, message, at, { inner: context });
    return [];
  };
  if (fields.length === 0) return fault('Rule exception must have fields property with a list of fields');
  for (const field of fields) {
    const name = field.text.replace(/\[.*$/, '');
    if (!hasField(name) && !field.text.includes('(')) {
      const whole = { start: 0, end: field.text.length };
      return fault(`'${field.text}' is not a supported filter field`, field.at(whole));
    }
  }
  const comps = exception.comps.map(({ text }) => text);
  const known = (text: string) =>
    text.split(/\s+/).every((word) => operators.has(word) || /^(?:oneof|anyof|allof)$/.test(word));
  const unknown = exception.comps.find(({ text }) => !known(text));
  if (unknown !== undefined) {
    return fault(
      `'${unknown.text}' is not a supported comparison operator`,
      unknown.at({ start: 0, end: unknown.text.length }),
    );
  }
  if (single) {
    const [comp = 'in'] = comps;
    if (!listOperators.has(comp) && !/\s/.test(comp)) {
      return fault(
        'Rule exception with a single field must have the comparison operator in, pmatch or intersects',
      );
    }
    return singleText(exception, comp);
  }
  if (comps.length > 0 && comps.length !== fields.length)
    return fault('Fields and comps lists must have equal length');
  const odd = values.find((row) => row.values.length !== fields.length);
  if (odd !== undefined) return fault('Exception values list must have the same length as fields', odd.span);
  const rows = values.map((row) => rowText(exception, comps, row));
  return rows.length === 0
    ? []
    : [rows.length === 1 ? (rows[0] as PlacedText) : new JoinedText(rows, ' or ')];
}

/** `field in (a, b)`. */
function singleText({ fields, values }: ExceptionDraft, comp: string): PlacedText[] {
  const [field] = fields as [PlacedText];
  const cells = values.flatMap((row) => row.values.map((value) => textOf(value, row)));
  if (cells.length === 0) return [];
  const [first] = values as [ExceptionRow];
  return [
    new JoinedText(
      [field, textAt(` ${comp} (`, first.span), new JoinedText(cells, ', '), textAt(')', first.span)],
      '',
    ),
  ];
}

/** `(a = 1 and b in (2, 3))`. */
function rowText({ fields }: ExceptionDraft, comps: readonly string[], row: ExceptionRow): PlacedText {
  const cells = fields.map((field, index) => {
    const comp = comps[index] ?? '=';
    const value = row.values[index] as ExceptionValue;
    const text = textOf(value, row);
    const isList = listOperators.has(comp) || /\s/.test(comp);
    const right =
      isList && !text.text.startsWith('(')
        ? new JoinedText([textAt('(', row.span), text, textAt(')', row.span)], '')
        : text;
    return new JoinedText([field, textAt(` ${comp} `, row.span), right], '');
  });
  return new JoinedText([textAt('(', row.span), new JoinedText(cells, ' and '), textAt(')', row.span)], '');
}

function textOf(value: ExceptionValue, { span }: ExceptionRow): PlacedText {
  if (!('text' in value)) {
    if (value.length === 0) return textAt('()', span);
    return new JoinedText(
      [textAt('(', span), new JoinedText(value.map(quoted), ', '), textAt(')', span)],
      '',
    );
  }
  return value.text.startsWith('(') ? value : quoted(value);
}

function quoted(value: PlacedText): PlacedText {
  const text = quoteItem(value.text);
  return text === value.text ? value : textAt(text, value.at({ start: 0, end: value.text.length }));
}

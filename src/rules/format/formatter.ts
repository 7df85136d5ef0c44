import type { EventSource, Extract, FieldType } from '../../event/field.ts';
import { bindOperand } from '../compile/operands.ts';
import { operandType } from '../operand-type.ts';
import { parseOutput } from '../syntax/output-template.ts';
import { jsonValue, missing, printValue } from './print-value.ts';

/** An output as it is printed for events of one source. */
export interface OutputFormatter<E> {
  /** Returns the text; values that an event has not are `<NA>`. */
  text(event: E): string;
  /** Returns the values by their names in the output, each as JSON; null where the event has none. */
  fields(event: E): ReadonlyMap<string, string>;
}

interface Value<E> {
  readonly name: string;
  readonly type: FieldType;
  readonly extract: Extract<E>;
  readonly width: number | undefined;
}

/** Left out of texts: it only ever named the container once more. */
const dropped: ReadonlySet<string> = new Set(['container.info']);

/** Returns how an output is printed. It must have been checked (`loadRules` does). Throws for a template that is none. */
export function outputFormatter<E>(output: string, source: EventSource<E>): OutputFormatter<E> {
  const template = parseOutput(output);
  if ('message' in template) throw new Error(template.message);
  const parts = template.parts.map((part): string | Value<E> => {
    if (part.kind === 'text') return part.text;
    const type = operandType(part.operand, source as unknown as EventSource<never>);
    return {
      name: part.name,
      type: 'message' in type ? 'string' : type.type,
      extract: bindOperand(part.operand, source),
      width: part.width,
    };
  });
  const values = parts.filter((part): part is Value<E> => typeof part !== 'string');
  return {
    text: (event) =>
      parts
        .map((part) => {
          if (typeof part === 'string') return part;
          if (dropped.has(part.name)) return '';
          const value = part.extract(event);
          const text = value === undefined ? missing : printValue(value);
          return part.width === undefined ? text : text.slice(0, part.width).padEnd(part.width);
        })
        .join(''),
    fields: (event) =>
      new Map(values.map(({ name, type, extract }) => [name, jsonValue(type, extract(event))])),
  };
}

import type { EventSource, FieldValue } from '../../event/field.ts';
import type { Operand } from '../ast.ts';
import { bindOperand } from '../compile/operands.ts';
import { printValue } from '../format/print-value.ts';

/** Longest text that is kept of an event, in UTF-16 units: a path of the kernel fits (PATH_MAX). */
export const maxKept = 4096;

export type Value = FieldValue | readonly FieldValue[] | undefined;

/** Stands between the values of a key. Events have texts of C, which have none; a buffer's are replaced. */
const separator = '\0';

/**
 * Returns a function that gives the key of an event: the texts of its fields, so that fields of different types may be compared;
 * undefined when the event lacks one. Without fields every event has the same key.
 */
export function keyOf<E>(by: readonly Operand[], source: EventSource<E>): (event: E) => string | undefined {
  const extracts = by.map((operand) => bindOperand(operand, source));
  return (event) => {
    let key: string | undefined;
    for (const extract of extracts) {
      const text = valueText(extract(event));
      if (text === undefined) return undefined;
      const part = text.includes(separator) ? text.replaceAll(separator, '\ufffd') : text;
      key = key === undefined ? part : key + separator + part;
    }
    return key ?? '';
  };
}

/** The values of a key, for people. */
export function keyText(key: string): string {
  return key.replaceAll(separator, ', ');
}

/** A value as text, cut at {@link maxKept}; bytes one sign each, so that different ones stay different. */
export function valueText(value: Value): string | undefined {
  if (value === undefined) return undefined;
  const text =
    value instanceof Uint8Array
      ? Array.from(value.subarray(0, maxKept), (byte) => String.fromCharCode(byte)).join('')
      : printValue(value as FieldValue | readonly FieldValue[]);
  return text.length > maxKept ? text.slice(0, maxKept) : text;
}

/** A value that outlives its event: buffers and lists are copied, long ones cut. */
export function keptValue(value: Value): Value {
  if (typeof value === 'string') return value.length > maxKept ? value.slice(0, maxKept) : value;
  if (value instanceof Uint8Array) return value.slice(0, maxKept);
  return Array.isArray(value) ? value.slice(0, 64).map((one) => keptValue(one) as FieldValue) : value;
}

/** Bytes of kept values, roughly. */
export function valuesBytes(values: readonly Value[]): number {
  return values.reduce<number>((sum, value) => sum + valueBytes(value), 16);
}

function valueBytes(value: Value): number {
  if (typeof value === 'string') return 24 + 2 * value.length;
  if (value instanceof Uint8Array) return 100 + value.length;
  return Array.isArray(value) ? valuesBytes(value) : 32;
}

import { type EventSource, type Extract, type FieldValue, findField } from '../../event/field.ts';
import type { Literal, LiteralList, Operand } from '../ast.ts';
import { asciiLower, asciiUpper } from './ascii-case.ts';

type Values = FieldValue | readonly FieldValue[] | undefined;

/** Returns how an operand's value is got from an event. The operand must fit the source (`operandType`). */
export function bindOperand<E>(operand: Operand, source: Pick<EventSource<E>, 'fields'>): Extract<E> {
  if (operand.kind === 'field') {
    const found = findField(source.fields, operand.name, operand.argument);
    const bound = found?.field.bind(found.argument);
    return typeof bound === 'function' ? bound : () => undefined;
  }
  const parts = operand.arguments.map((part) => bindPart(part, source));
  const [first = () => undefined, second = () => undefined] = parts;
  switch (operand.name) {
    case 'val':
      return first;
    case 'tolower':
      return (event) => mapped(first(event), asciiLower);
    case 'toupper':
      return (event) => mapped(first(event), asciiUpper);
    case 'basename':
      return (event) => mapped(first(event), (text) => text.slice(text.lastIndexOf('/') + 1));
    case 'b64':
      return (event) => decoded(first(event));
    case 'len':
      return (event) => lengthOf(first(event));
    case 'join':
      return (event) => {
        const [separator, values] = [first(event), second(event)];
        if (separator === undefined || values === undefined) return undefined;
        return listOf(values).map(String).join(String(separator));
      };
    case 'concat':
      return (event) => {
        const values = parts.map((part) => part(event));
        return values.includes(undefined)
          ? undefined
          : values
              .flatMap((value) => listOf(value))
              .map(String)
              .join('');
      };
    default:
      return bindGetopt(parts, operand.argument);
  }
}

function bindPart<E>(
  part: Operand | Literal | LiteralList,
  source: Pick<EventSource<E>, 'fields'>,
): Extract<E> {
  if (part.kind === 'literal') {
    const { text } = part;
    return () => text;
  }
  if (part.kind === 'list') {
    const items = part.items.map((item) => bindPart(item, source));
    return (event) => items.flatMap((item) => listOf(item(event)));
  }
  return bindOperand(part, source);
}

function listOf(value: Values): readonly FieldValue[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? value : [value as FieldValue];
}

function mapped(value: Values, change: (text: string) => string): Values {
  if (value === undefined) return undefined;
  if (Array.isArray(value)) return value.map((one) => change(String(one)));
  return change(String(value));
}

/** Base64 undone (RFC 4648 §4, padding or not): bytes of bytes, text of text; undefined for what is none. */
function decoded(value: Values): Values {
  const isBytes = value instanceof Uint8Array;
  if (!isBytes && typeof value !== 'string') return undefined;
  const text = isBytes ? Array.from(value, (byte) => String.fromCharCode(byte)).join('') : value;
  try {
    const bytes = Uint8Array.from(atob(text.replace(/\0+$/, '')), (sign) => sign.charCodeAt(0));
    return isBytes ? bytes : new TextDecoder().decode(bytes);
  } catch {
    return undefined;
  }
}

/** Bytes of a text (as UTF-8) or buffer, members of a list. */
function lengthOf(value: Values): number | undefined {
  if (value === undefined) return undefined;
  if (value instanceof Uint8Array || Array.isArray(value)) return value.length;
  const text = String(value);
  return /^[\x00-\x7f]*$/.test(text) ? text.length : new TextEncoder().encode(text).length;
}

/**
 * Options of a list of words as getopt(3) reads them: `getopt(proc.args, "ab:")` gives the letters found, `[b]` the arguments
 * of one of them.
 */
function bindGetopt<E>(parts: readonly Extract<E>[], key: string | undefined): Extract<E> {
  const [words = () => undefined, letters = () => undefined] = parts;
  return (event) => {
    const given = words(event);
    const spec = letters(event);
    if (given === undefined || typeof spec !== 'string') return undefined;
    const list = Array.isArray(given) ? given.map(String) : String(given).split(/\s+/);
    const found: string[] = [];
    const values: string[] = [];
    for (let at = 0; at < list.length; at++) {
      const word = list[at] as string;
      if (word === '--') break;
      if (!/^-[^-]/.test(word)) continue;
      for (let index = 1; index < word.length; index++) {
        const letter = word.charAt(index);
        const place = spec.indexOf(letter);
        if (place < 0 || letter === ':') continue;
        found.push(letter);
        if (spec.charAt(place + 1) !== ':') continue;
        const rest = word.slice(index + 1);
        const value = rest !== '' ? rest : list[++at];
        if (letter === key && value !== undefined) values.push(value);
        break;
      }
    }
    return key === undefined ? found : values.length > 0 ? values : undefined;
  };
}

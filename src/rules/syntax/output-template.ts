import type { Operand, TextRange } from '../ast.ts';
import { parseCondition } from './parse-condition.ts';

/** A piece of an output: text as it stands, or what is asked of the event. */
export type OutputPart =
  | { readonly kind: 'text'; readonly text: string }
  | {
      readonly kind: 'value';
      readonly operand: Operand;
      /** As written, without `%` and padding: its name among the output fields. */
      readonly name: string;
      /** Least width, to which blanks are added behind. */
      readonly width: number | undefined;
      readonly at: TextRange;
    };

export interface OutputTemplate {
  readonly parts: readonly OutputPart[];
}

/** What is wrong with a template. */
export interface TemplateFault {
  readonly message: string;
  readonly at: TextRange;
}

const TOKEN = /[a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)+/iy;
const FUNCTION = /[a-z0-9]+(?=\()/y;
const WIDTH = /[0-9]{1,4}/y;

/**
 * Returns the pieces of a rule's `output`: `%field`, `%field[argument]`, `%20field` for a least width, `%tolower(field)`;
 * `%%` is a percent sign. The field's name ends where no field's name goes on.
 */
export function parseOutput(text: string): OutputTemplate | TemplateFault {
  const parts: OutputPart[] = [];
  let pending = '';
  const flush = () => {
    if (pending !== '') parts.push({ kind: 'text', text: pending });
    pending = '';
  };
  // A star in front means: print even if values are missing. That is always done.
  for (let at = text.startsWith('*') ? 1 : 0; at < text.length; ) {
    const sign = text.charAt(at);
    if (sign !== '%') {
      pending += sign;
      at++;
      continue;
    }
    if (text.charAt(at + 1) === '%') {
      pending += '%';
      at += 2;
      continue;
    }
    const found = valueAt(text, at);
    if ('message' in found) return found;
    flush();
    parts.push(found.part);
    at = found.end;
  }
  flush();
  return { parts };
}

interface FoundValue {
  readonly part: Extract<OutputPart, { kind: 'value' }>;
  readonly end: number;
}

function valueAt(text: string, start: number): TemplateFault | FoundValue {
  const width = matchAt(WIDTH, text, start + 1);
  const begin = start + 1 + (width?.length ?? 0);
  const end = matchAt(FUNCTION, text, begin) !== undefined ? closing(text, begin) : fieldEnd(text, begin);
  if (end === undefined) {
    const word = /^[^\s)]*/.exec(text.slice(begin, begin + 40))?.[0] ?? '';
    return {
      message: `invalid formatting token ${word}: it is no field`,
      at: { start, end: begin + word.length },
    };
  }
  const name = text.slice(begin, end);
  const parsed = parseCondition(`${name} exists`);
  if (!parsed.ok || parsed.condition.kind !== 'exists') {
    return {
      message: `invalid formatting token ${name}: ${parsed.ok ? 'not one field' : parsed.message}`,
      at: { start, end },
    };
  }
  const at = { start, end };
  const operand = parsed.condition.left;
  return {
    part: {
      kind: 'value',
      operand,
      name,
      width: width === undefined ? undefined : Number(width),
      at,
    },
    end,
  };
}

function fieldEnd(text: string, begin: number): number | undefined {
  const name = matchAt(TOKEN, text, begin);
  if (name === undefined) return undefined;
  const end = begin + name.length;
  if (text.charAt(end) !== '[') return end;
  const close = text.indexOf(']', end);
  return close < 0 ? undefined : close + 1;
}

/** Behind the parenthesis that closes the first one. */
function closing(text: string, begin: number): number | undefined {
  let depth = 0;
  for (let at = begin; at < text.length; at++) {
    if (text.charAt(at) === '(') depth++;
    if (text.charAt(at) === ')' && --depth === 0) return at + 1;
  }
  return undefined;
}

function matchAt(pattern: RegExp, text: string, offset: number): string | undefined {
  pattern.lastIndex = offset;
  return pattern.exec(text)?.[0];
}

import { asciiLower } from './ascii-case.ts';
import { type CodeRange, parseRegex } from './regex-syntax.ts';

/** One step of a pattern: some signs, or any number of any signs. */
type Step = { readonly kind: 'one'; readonly test: (point: number) => boolean } | { readonly kind: 'any' };

/**
 * Returns whether a whole text matches a pattern of fnmatch(3) without flags: `*` and `?` match slashes and leading dots too,
 * `[…]` is a class and `\` takes the next sign as it is. Time is bounded by the lengths' product; nothing is tried twice.
 */
export function compileGlob(pattern: string, ignoreCase = false): (text: string) => boolean {
  const fold = (text: string) => (ignoreCase ? asciiLower(text) : text);
  const plain = /^(\*?)([^*?[\]\\]*)(\*?)$/.exec(pattern);
  if (plain !== null) {
    const [, head, raw = '', tail] = plain;
    const middle = fold(raw);
    if (head && tail) return (text) => fold(text).includes(middle);
    if (head) return (text) => fold(text).endsWith(middle);
    if (tail) return (text) => fold(text).startsWith(middle);
    return (text) => fold(text) === middle;
  }
  const steps = stepsOf(fold(pattern));
  return (text) => matches(steps, fold(text));
}

function stepsOf(pattern: string): Step[] {
  const signs = Array.from(pattern);
  const steps: Step[] = [];
  for (let at = 0; at < signs.length; at++) {
    const sign = signs[at] as string;
    const bracket = sign === '[' ? classAt(signs, at) : undefined;
    if (sign === '*') {
      if (steps.at(-1)?.kind !== 'any') steps.push({ kind: 'any' });
    } else if (sign === '?') steps.push({ kind: 'one', test: () => true });
    else if (bracket !== undefined) {
      steps.push({ kind: 'one', test: bracket.test });
      at = bracket.end;
    } else {
      if (sign === '\\' && at + 1 < signs.length) at++;
      const wanted = (signs[at] as string).codePointAt(0);
      steps.push({ kind: 'one', test: (point) => point === wanted });
    }
  }
  return steps;
}

/** A class, and where its closing bracket stands; undefined when there is none: then the bracket means itself. */
function classAt(signs: readonly string[], start: number) {
  let at = start + 1;
  const isNegated = signs[at] === '!' || signs[at] === '^';
  if (isNegated) at++;
  const ranges: CodeRange[] = [];
  for (let isFirst = true; ; isFirst = false) {
    const sign = signs[at];
    if (sign === undefined) return undefined;
    if (sign === ']' && !isFirst) break;
    if (sign === '[' && signs[at + 1] === ':') {
      const end = signs.indexOf(']', at);
      const named = end < 0 ? '' : parseRegex(`[${signs.slice(at, end + 1).join('')}]`);
      if (typeof named !== 'string' && named.kind === 'set') {
        ranges.push(...named.ranges);
        at = end + 1;
        continue;
      }
    }
    const from = pointAt(signs, at);
    at = from.next;
    if (signs[at] === '-' && signs[at + 1] !== undefined && signs[at + 1] !== ']') {
      const to = pointAt(signs, at + 1);
      ranges.push({ from: from.point, to: to.point });
      at = to.next;
    } else ranges.push({ from: from.point, to: from.point });
  }
  const test = (point: number) => ranges.some(({ from, to }) => from <= point && point <= to) !== isNegated;
  return { test, end: at };
}

function pointAt(signs: readonly string[], at: number) {
  const place = signs[at] === '\\' && signs[at + 1] !== undefined ? at + 1 : at;
  return { point: (signs[place] as string).codePointAt(0) as number, next: place + 1 };
}

/** Greedy with one place to go back to: a later star makes the earlier ones settled. */
function matches(steps: readonly Step[], text: string): boolean {
  let [step, at, star, mark] = [0, 0, -1, 0];
  while (at < text.length) {
    const current = steps[step];
    if (current?.kind === 'any') {
      star = step++;
      mark = at;
      continue;
    }
    const point = text.codePointAt(at) as number;
    if (current?.kind === 'one' && current.test(point)) {
      step++;
      at += width(point);
    } else if (star >= 0) {
      step = star + 1;
      mark += width(text.codePointAt(mark) as number);
      at = mark;
    } else return false;
  }
  while (steps[step]?.kind === 'any') step++;
  return step === steps.length;
}

/** UTF-16 units of a code point. */
function width(point: number): number {
  return point > 0xffff ? 2 : 1;
}

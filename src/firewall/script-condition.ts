import type { ExpandedWord } from './script-variables.ts';

const numbers: Readonly<Record<string, (a: number, b: number) => boolean>> = {
  '-eq': (a, b) => a === b,
  '-ne': (a, b) => a !== b,
  '-lt': (a, b) => a < b,
  '-le': (a, b) => a <= b,
  '-gt': (a, b) => a > b,
  '-ge': (a, b) => a >= b,
};

/**
 * Returns what `test` or `[` says of texts and numbers (POSIX.1-2024, test); undefined for files, and for what is not
 * known. `words` stand after the name, without the closing bracket.
 */
export function evaluateTest(words: readonly ExpandedWord[]): boolean | undefined {
  if (words.some(({ known }) => !known)) return undefined;
  const texts = words.map(({ text }) => text);
  if (texts[0] === '!') {
    const inner = evaluateTest(words.slice(1));
    return inner === undefined ? undefined : !inner;
  }
  const [a = '', b = '', c = ''] = texts;
  if (texts.length === 0) return false;
  if (texts.length === 1) return a !== '';
  if (texts.length === 2) return a === '-n' ? b !== '' : a === '-z' ? b === '' : undefined;
  if (texts.length !== 3) return undefined;
  if (b === '=' || b === '==') return a === c;
  if (b === '!=') return a !== c;
  const compare = Object.hasOwn(numbers, b) ? numbers[b] : undefined;
  return compare !== undefined && /^-?\d+$/.test(a) && /^-?\d+$/.test(c)
    ? compare(Number(a), Number(c))
    : undefined;
}

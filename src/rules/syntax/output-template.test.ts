import { expect, test } from 'vitest';
import { parseOutput } from './output-template.ts';

function parts(text: string): unknown {
  const parsed = parseOutput(text);
  if ('message' in parsed) return `${parsed.at.start}-${parsed.at.end}: ${parsed.message}`;
  return parsed.parts.map((part) => (part.kind === 'text' ? part.text : { [part.name]: part.width }));
}

test.each([
  ['plain', ['plain']],
  ['a %proc.name.', ['a ', { 'proc.name': undefined }, '.']],
  ['*%evt.arg[path]%%', [{ 'evt.arg[path]': undefined }, '%']],
  ['%20proc.name|', [{ 'proc.name': 20 }, '|']],
  ['%tolower(proc.name) x', [{ 'tolower(proc.name)': undefined }, ' x']],
  ['(%proc.pname)', ['(', { 'proc.pname': undefined }, ')']],
])('%s', (text, wanted) => expect(parts(text)).toEqual(wanted));

test.each([
  ['100 % sure', '4-5: invalid formatting token : it is no field'],
  ['%nothing', '0-8: invalid formatting token nothing: it is no field'],
  ['%evt.arg[', '0-9: invalid formatting token evt.arg[: it is no field'],
])('%s', (text, wanted) => expect(parts(text)).toBe(wanted));

/**
 * Throws conditions and outputs at their parsers that are half grammar and half noise: node fuzz/rules-condition.ts
 * [--seconds N] [--seed S]. What parses must be the same when it is rendered and parsed again; patterns must be linear.
 */
import fc from 'fast-check';
import { compileGlob } from '../src/rules/compile/glob.ts';
import { compileRegex } from '../src/rules/compile/regex.ts';
import { parseOutput } from '../src/rules/syntax/output-template.ts';
import { parseCondition } from '../src/rules/syntax/parse-condition.ts';
import { renderCondition } from '../src/rules/syntax/render-condition.ts';
import { fuzz, fuzzOptions } from './support/run.ts';

const pieces = [
  'proc.name',
  'evt.arg',
  'fd.port',
  'a',
  'macro_x',
  'val(',
  'tolower(',
  'getopt(',
  'oneof',
  'anyof',
  'cat',
  '/etc/*',
  '0x1F',
  '-1e5',
  '"a b"',
  "'\\x41'",
  '[0]',
  '["k"]',
  '(',
  ')',
  ',',
  '=',
  '!=',
  '<=',
  ' in ',
  ' pmatch ',
  ' regex ',
  ' glob ',
  ' and ',
  ' or ',
  ' not ',
  ' exists',
  ' ',
  '\n',
  '\\',
  '"',
  '%',
  '%proc.name',
  '%20evt.args',
  '*',
  '{',
  '}',
  '+',
  '?',
  '|',
  '(?i)',
  '[a-z]',
  '[[:alpha:]]',
  '\\d',
  '{2,9}',
  '\u0000',
  '💥',
  '\ud800',
];
const text = fc
  .array(fc.oneof(fc.constantFrom(...pieces), fc.string({ maxLength: 6 })), { maxLength: 40 })
  .map((parts) => parts.join(''));
const subjects = ['', 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!', '/etc/passwd', '💥💥'];

fuzz(
  fuzzOptions(),
  300,
  (seed) => fc.sample(text, { seed, numRuns: 500 }),
  (one) => {
    const parsed = parseCondition(one);
    if (parsed.ok) {
      const rendered = renderCondition(parsed.condition);
      const again = parseCondition(rendered);
      if (!again.ok || renderCondition(again.condition) !== rendered)
        throw new Error(`rendered otherwise: ${rendered}`);
    } else if (parsed.at.start > one.length || parsed.at.end > one.length)
      throw new Error('a place outside the text');
    const output = parseOutput(one);
    if ('message' in output && output.at.end > one.length) throw new Error('a place outside the output');
    const [glob, regex] = [compileGlob(one), compileRegex(one)];
    for (const subject of subjects) {
      glob(subject);
      if (typeof regex === 'function') regex(subject);
    }
  },
  JSON.stringify,
);

import { expect, test } from 'vitest';
import { asciiLower, asciiUpper } from './ascii-case.ts';

test.each([
  ['Bash', 'bash', 'BASH'],
  ['', '', ''],
  // The Kelvin sign, a long s and a sharp s have ASCII letters as their other case.
  ['\u212aſß Aé', '\u212aſß aé', '\u212aſß Aé'],
  ['İStanbul', 'İstanbul', 'İSTANBUL'],
  ['😀Ab', '😀ab', '😀AB'],
])('%s', (text, lower, upper) => {
  expect(asciiLower(text)).toBe(lower);
  expect(asciiUpper(text)).toBe(upper);
});

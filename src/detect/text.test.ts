import { expect, test } from 'vitest';
import { bytesText } from './text.ts';

test.each([
  [0, '0 bytes'],
  [999, '999 bytes'],
  [1500, '1.5 kB'],
  [20e6, '20.0 MB'],
  [99.96e6, '100 MB'],
  [999.6e6, '1.0 GB'],
  [123e9, '123 GB'],
  [5e16, '50000 TB'],
])('%s is %s', (bytes, text) => {
  expect(bytesText(bytes)).toBe(text);
});

import { expect, test } from 'vitest';
import { parseListen } from './listen.ts';

test.each([
  ['127.0.0.1:8470', '127.0.0.1', 8470],
  ['8470', '127.0.0.1', 8470],
  ['[::1]:80', '::1', 80],
  ['localhost:1', 'localhost', 1],
] as const)('%s', (text, host, port) => {
  expect(parseListen(text, '--listen')).toEqual({ host, port });
});

test.each(['', 'host', '127.0.0.1:', '127.0.0.1:99999', 'a:b'])('%j is refused', (text) => {
  expect(() => parseListen(text, '--listen')).toThrow(/--listen/);
});

import { expect, test } from 'vitest';
import { readNftError } from './nft-errors.ts';

test.each([
  [
    '/dev/stdin:3:13-17: Error: Could not resolve service: Servname not supported for ai_socktype\n  tcp dport bogus accept\n            ^^^^^\n',
    {
      message: 'Could not resolve service: Servname not supported for ai_socktype',
      at: { line: 3, column: 13 },
    },
  ],
  ['Error: No such file or directory\nlist table inet picket\n', { message: 'No such file or directory' }],
  [
    'netlink: Error: cache initialization failed: Operation not permitted\n',
    { message: 'cache initialization failed: Operation not permitted' },
  ],
  ['Operation not permitted (you must be root)\n', { message: 'Operation not permitted (you must be root)' }],
  ['', { message: 'nft said nothing of it' }],
])('%j', (said, expected) => {
  expect(readNftError(said)).toEqual(expected);
});

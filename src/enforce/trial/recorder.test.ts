import { expect, test } from 'vitest';
import { numberAddress } from './frames.ts';
import { readFates } from './recorder.ts';

/** A list of the recorder's table in which the sets have these packets, and the counters three. */
function listed(sets: Readonly<Record<string, readonly number[]>>): string {
  const counters = { tracked: 3, delivered: 2, forwarded: 1 };
  return JSON.stringify({
    nftables: [
      ...Object.entries(counters).map(([name, packets]) => ({ counter: { name, packets } })),
      ...Object.entries(sets).map(([name, numbers]) => ({ set: { name, elem: numbers.map(numberAddress) } })),
    ],
  });
}

test('what became of packets, by the sets that they are in', () => {
  const fates = readFates(4, {}, listed({ is_new: [0, 1, 2], delivered: [0, 2], forwarded: [1] }));
  expect(fates).toEqual([
    { outcome: 'delivered', state: 'NEW' },
    { outcome: 'forwarded', state: 'NEW' },
    { outcome: 'delivered', state: 'NEW' },
    { outcome: 'dropped' },
  ]);
});

test('a list that lacks packets, or has one twice in the place of another, is none', () => {
  expect(readFates(4, {}, listed({ is_new: [0, 1, 2], delivered: [0], forwarded: [1] }))).toBeUndefined();
  expect(readFates(4, {}, listed({ is_new: [0, 1, 2], delivered: [0, 0], forwarded: [1] }))).toBeUndefined();
  expect(readFates(4, {}, listed({ is_new: [0, 1, 1], delivered: [0, 2], forwarded: [1] }))).toBeUndefined();
});

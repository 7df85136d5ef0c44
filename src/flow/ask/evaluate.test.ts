import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { FlowJson } from '../json.ts';
import { dimensions } from './dimension.ts';
import { evaluate } from './evaluate.ts';
import { bucketsBetween, TooManyBuckets } from './query.ts';
import { spread } from './spread.ts';

function flow(source: string, port: number, bytes: number, change: Partial<FlowJson> = {}): FlowJson {
  return {
    id: `${source}-${port}`,
    protocol: 'tcp',
    source: { address: source, port: 40_000 },
    destination: { address: '203.0.113.9', port },
    state: 'closed',
    seenBy: 'network',
    openedAt: 60_000,
    reachedDestination: true,
    preexisting: false,
    sent: { packets: 1, bytes },
    ...change,
  };
}

test('groups, sums, order and rest, worked out by hand', () => {
  const flows = [
    flow('198.51.100.1', 80, 10),
    flow('198.51.100.1', 443, 30, { received: { packets: 2, bytes: 5 } }),
    flow('198.51.100.2', 80, 100),
    flow('198.51.100.3', 80, 1, { sent: { packets: 0, bytes: 0 } }),
  ];
  const by = [dimensions.get('src')!];
  expect(evaluate(flows, { by, order: 'bytes', top: 2, distinct: ['destinations'] })).toEqual({
    groups: [
      { key: ['198.51.100.2'], flows: 1, packets: 1, bytes: 100, sent: 100, received: 0, destinations: 1 },
      { key: ['198.51.100.1'], flows: 2, packets: 4, bytes: 45, sent: 40, received: 5, destinations: 1 },
    ],
    count: 3,
    total: { flows: 4, packets: 5, bytes: 145, sent: 140, received: 5 },
    rest: { flows: 1, packets: 0, bytes: 0, sent: 0, received: 0 },
    ungrouped: 0,
    from: 'flows',
    damaged: 0,
  });
});

test('bytes of a long flow are spread over its buckets, the flow counts where it was opened', () => {
  const long = flow('198.51.100.1', 80, 90, { openedAt: 90_000, lastAt: 180_000, closedAt: 600_000 });
  const asked = { by: [], top: 1, bucket: 60_000 } as const;
  const bytes = evaluate([long], { ...asked, order: 'bytes' });
  expect(bytes.buckets).toEqual({ start: 60_000, step: 60_000, count: 3 });
  expect(bytes.groups[0]?.series).toEqual([30, 60, 0]);
  expect(evaluate([long], { ...asked, order: 'flows' }).groups[0]?.series).toEqual([1, 0, 0]);
});

test('shares are whole numbers, lie within the time and add up', () => {
  fc.assert(
    fc.property(
      fc.double({ min: 0, max: 1e9, noNaN: true }),
      fc.double({ min: 0, max: 1e7, noNaN: true }),
      fc.nat(1_000_000),
      fc.integer({ min: 1, max: 100_000 }),
      fc.integer({ min: 1, max: 50 }),
      (start, length, amount, step, most) => {
        let sum = 0;
        let shares = 0;
        spread(
          start,
          start + length,
          amount,
          step,
          (bucket, share) => {
            expect(Number.isInteger(share) && share > 0).toBe(true);
            expect(bucket + step > start && bucket <= start + length).toBe(true);
            sum += share;
            shares += 1;
          },
          most,
        );
        expect(sum).toBe(amount);
        expect(shares).toBeLessThanOrEqual(most);
      },
    ),
  );
});

test('a series has a bounded number of buckets', () => {
  expect(bucketsBetween(59_999, 60_000, 60_000)).toEqual({ start: 0, step: 60_000, count: 2 });
  expect(() => bucketsBetween(0, 1e9, 1_000)).toThrow(TooManyBuckets);
});

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Frame } from './frame.ts';
import { TickClock } from './ticks.ts';

function timeOf(ticks: bigint, resolution?: number, offset?: number): [number, number] {
  const frame = new Frame();
  new TickClock(resolution, offset).set(frame, Number(ticks >> 32n), Number(ticks & 0xffff_ffffn));
  return [frame.seconds, frame.nanoseconds];
}

test('microseconds when nothing is said; an offset in seconds', () => {
  expect(timeOf(1_700_000_000_123_456n)).toEqual([1_700_000_000, 123_456_000]);
  expect(timeOf(1_700_000_000_123_456n, 6, -1_000_000_000)).toEqual([700_000_000, 123_456_000]);
});

test('any resolution is divided exactly', () => {
  fc.assert(
    fc.property(
      fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
      fc.integer({ min: 0, max: 127 }),
      fc.boolean(),
      (ticks, exponent, isBinary) => {
        const perSecond = (isBinary ? 2n : 10n) ** BigInt(exponent);
        expect(timeOf(ticks, exponent | (isBinary ? 0x80 : 0))).toEqual([
          Number(ticks / perSecond),
          Number(((ticks % perSecond) * 1_000_000_000n) / perSecond),
        ]);
      },
    ),
    { numRuns: 20_000 },
  );
});

test('times one after the other, of one clock, are the same as each of its own', () => {
  const step = fc.oneof(
    fc.bigInt({ min: -(2n ** 34n), max: 2n ** 34n }),
    fc.bigInt({ min: -2000n, max: 2000n }),
  );
  fc.assert(
    fc.property(
      fc.bigInt({ min: 2n ** 40n, max: 2n ** 63n }),
      fc.array(step, { minLength: 2, maxLength: 30 }),
      fc.constantFrom(0, 3, 6, 9, 0x80 | 10, 0x80 | 31, 12, 0x80 | 40),
      (first, steps, resolution) => {
        const [clock, frame] = [new TickClock(resolution, -7), new Frame()];
        let ticks = first;
        for (const more of steps) {
          ticks += more;
          clock.set(frame, Number(ticks >> 32n), Number(ticks & 0xffff_ffffn));
          expect([frame.seconds, frame.nanoseconds]).toEqual(timeOf(ticks, resolution, -7));
        }
      },
    ),
    { numRuns: 2000 },
  );
});

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PageWriter, page64 } from './page.fixture.ts';
import { PageReader } from './ring-buffer.ts';

interface Seen {
  readonly time: number;
  readonly data: number[];
}

function read(
  bytes: Uint8Array,
  length = bytes.length,
): { readonly page: PageReader; readonly seen: Seen[] } {
  const page = new PageReader(page64);
  page.bytes.set(bytes);
  page.load(length);
  const seen: Seen[] = [];
  while (page.next()) {
    seen.push({
      time: page.time,
      data: [...page.bytes.subarray(page.dataOffset, page.dataOffset + page.dataLength)],
    });
  }
  return { page, seen };
}

const oneSecond = 1_000_000_000n;

describe('a ring-buffer page', () => {
  test('records in order, with the time summed up from deltas', () => {
    const { page, seen } = read(
      new PageWriter(oneSecond)
        .record(0, Uint8Array.of(1, 2, 3, 4))
        .record(1000, Uint8Array.of(5, 6, 7, 8, 9, 10, 11, 12))
        .finish(),
    );
    expect(seen).toEqual([
      { time: 1000, data: [1, 2, 3, 4] },
      { time: 1000.001, data: [5, 6, 7, 8, 9, 10, 11, 12] },
    ]);
    expect(page.undecodable).toBe(0);
    expect(page.missed).toBe(false);
  });

  test('a record too long for its header has its length in the next word', () => {
    const data = Uint8Array.from({ length: 200 }, (_, i) => i);
    expect(read(new PageWriter(0n).record(7, data).finish()).seen).toEqual([{ time: 7e-6, data: [...data] }]);
  });

  test('time extends, absolute stamps and discarded records count for those after them', () => {
    const later = 123_456_789_012_345n;
    const { seen, page } = read(
      new PageWriter(oneSecond)
        .timeExtend(5n * oneSecond)
        .record(0, Uint8Array.of(1, 0, 0, 0))
        .discarded(3_000_000, 24)
        .record(0, Uint8Array.of(2, 0, 0, 0))
        .timeStamp(later)
        .record(1_000_000, Uint8Array.of(3, 0, 0, 0))
        .finish(),
    );
    expect(seen.map(({ time }) => time)).toEqual([6000, 6003, 123_456_790.012345]);
    expect(seen.map(({ data }) => data[0])).toEqual([1, 2, 3]);
    expect(page.undecodable).toBe(0);
  });

  test('an absolute stamp keeps the page’s upper 5 bits', () => {
    const top = 0x0800_0000_0000_0000n;
    const { seen } = read(
      new PageWriter(top + 5n).timeStamp(6_000_000n).record(0, new Uint8Array(4)).finish(),
    );
    expect(seen[0]!.time).toBeCloseTo(Number(top) / 1e6 + 6, -3);
  });

  test('the rest after a null record is not read', () => {
    const writer = new PageWriter(0n)
      .record(1, new Uint8Array(8))
      .header(29, 0)
      .word(0)
      .record(1, new Uint8Array(4));
    const { seen, page } = read(writer.finish());
    expect(seen).toHaveLength(1);
    expect(page.undecodable).toBe(0);
  });

  test('nanoseconds survive a year of uptime', () => {
    const year = 31_557_600n * oneSecond;
    const { seen } = read(
      new PageWriter(year + 1n).record(1000, new Uint8Array(4)).record(1000, new Uint8Array(4)).finish(),
    );
    expect(seen[1]!.time - seen[0]!.time).toBeCloseTo(0.001, 4);
    expect(seen[0]!.time).toBeCloseTo(31_557_600_000.001, 4);
  });

  test('missed records are flagged, with or without their number at the end', () => {
    const writer = (): PageWriter => new PageWriter(0n).record(1, new Uint8Array(8));
    expect(read(writer().finish(0x8000_0000)).page.missed).toBe(true);
    const stored = read(writer().finish(0xc000_0000));
    expect(stored.page.missed).toBe(true);
    expect(stored.seen).toHaveLength(1);
    expect(stored.page.undecodable).toBe(0);
  });

  test('a page that ends early or claims more than was read is counted, not read', () => {
    const bytes = new PageWriter(0n).record(1, new Uint8Array(8)).finish();
    expect(read(bytes, 8)).toMatchObject({ seen: [], page: { undecodable: 1 } });
    expect(read(bytes, 24)).toMatchObject({ seen: [], page: { undecodable: 1 } });
    const claims = read(new PageWriter(0n).finish(5000));
    expect(claims).toMatchObject({ seen: [], page: { undecodable: 1 } });
  });

  test('a record that would end outside the page is counted; those before it stand', () => {
    for (const broken of [
      (w: PageWriter) => w.header(28, 0).word(0),
      (w: PageWriter) => w.header(0, 0).word(0xffff_ffff),
      (w: PageWriter) => w.header(0, 0).word(2),
      (w: PageWriter) => w.header(0, 0).word(64),
      (w: PageWriter) => w.header(29, 1).word(0xffff_fffd),
      (w: PageWriter) => w.header(30, 0),
    ]) {
      const { seen, page } = read(broken(new PageWriter(0n).record(1, new Uint8Array(4))).finish());
      expect(seen).toHaveLength(1);
      expect(page.undecodable).toBe(1);
    }
  });

  test('property: what was written is what is read', () => {
    const item = fc.oneof(
      fc.record({
        kind: fc.constant('data' as const),
        delta: fc.nat(0x7ff_ffff),
        words: fc.integer({ min: 1, max: 40 }),
      }),
      fc.record({
        kind: fc.constant('discarded' as const),
        delta: fc.integer({ min: 1, max: 0x7ff_ffff }),
        words: fc.integer({ min: 1, max: 20 }),
      }),
      fc.record({ kind: fc.constant('extend' as const), delta: fc.bigInt(0n, 1n << 40n) }),
      fc.record({ kind: fc.constant('stamp' as const), delta: fc.bigInt(0n, 1n << 40n) }),
    );
    fc.assert(
      fc.property(fc.bigInt(0n, 1n << 55n), fc.array(item, { maxLength: 18 }), (start, items) => {
        const writer = new PageWriter(start);
        const expected: [bigint, number][] = [];
        let now = start;
        for (const entry of items) {
          if (entry.kind === 'stamp') {
            now += entry.delta;
            writer.timeStamp(now);
            continue;
          }
          now += BigInt(entry.delta);
          if (entry.kind === 'extend') writer.timeExtend(entry.delta);
          else if (entry.kind === 'discarded') writer.discarded(entry.delta, entry.words * 4);
          else {
            writer.record(entry.delta, new Uint8Array(entry.words * 4).fill(expected.length));
            expected.push([now, entry.words * 4]);
          }
        }
        const { seen, page } = read(writer.finish());
        expect(page.undecodable).toBe(0);
        expect(seen.map(({ data }) => data.length)).toEqual(expected.map(([, length]) => length));
        for (const [i, { time, data }] of seen.entries()) {
          // After a year of uptime, doubles of milliseconds step by a few nanoseconds.
          expect(Math.abs(time - Number(expected[i]![0]) / 1e6)).toBeLessThan(2e-5);
          expect(data.every((byte) => byte === i)).toBe(true);
        }
      }),
      { numRuns: 500 },
    );
  });
});

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type CpuBuffer, Drain } from './drain.ts';
import { PageWriter, page64 } from './page.fixture.ts';
import { PageReader } from './ring-buffer.ts';

/** A CPU whose pages appear as they are pushed: each page is a list of times in milliseconds. */
class FakeCpu implements CpuBuffer {
  readonly page = new PageReader(page64);
  readonly pages: number[][] = [];
  flags = 0;

  read(): number {
    const times = this.pages.shift();
    if (!times) return 0;
    const start = Math.floor((times[0] ?? 0) * 1e6);
    const writer = new PageWriter(BigInt(start));
    let last = start;
    for (const time of times) {
      const now = Math.floor(time * 1e6);
      writer.record(now - last, Uint8Array.of(1, 0, 0, 0));
      last = now;
    }
    this.page.bytes.set(writer.finish(this.flags));
    return page64.size;
  }
}

function setUp(cpus: number, limit = Number.POSITIVE_INFINITY) {
  const buffers = Array.from({ length: cpus }, () => new FakeCpu());
  const drain = new Drain(buffers);
  const out: number[] = [];
  const sink = {
    taken: 0,
    get full() {
      return this.taken >= limit;
    },
    decode(page: PageReader) {
      this.taken++;
      out.push(page.time);
    },
  };
  return { buffers, drain, out, sink };
}

describe('merging per-CPU buffers', () => {
  test('records of several CPUs come out by time; those after the barrier wait for the next pass', () => {
    const { buffers, drain, out, sink } = setUp(2);
    buffers[0]!.pages.push([1, 4], [6, 12]);
    buffers[1]!.pages.push([2, 3, 11]);
    expect(drain.pass(10, sink)).toBe('drained');
    expect(out).toEqual([1, 2, 3, 4, 6]);
    expect(drain.holding).toBe(true);
    drain.pass(20, sink);
    expect(out).toEqual([1, 2, 3, 4, 6, 11, 12]);
    expect(drain.holding).toBe(false);
  });

  test('a CPU found empty may still deliver older records: nobody overtakes it', () => {
    const { buffers, drain, out, sink } = setUp(2);
    buffers[0]!.pages.push([5, 15]);
    drain.pass(10, sink);
    buffers[1]!.pages.push([12]);
    drain.pass(20, sink);
    expect(out).toEqual([5, 12, 15]);
  });

  test('stops when the sink is full and goes on there', () => {
    const { buffers, drain, out, sink } = setUp(2, 3);
    buffers[0]!.pages.push([1, 3, 5]);
    buffers[1]!.pages.push([2, 4, 6]);
    expect(drain.pass(10, sink)).toBe('full');
    expect(out).toEqual([1, 2, 3]);
    sink.taken = 0;
    expect(drain.pass(10, sink)).toBe('full');
    sink.taken = 0;
    expect(drain.pass(10, sink)).toBe('drained');
    expect(out).toEqual([1, 2, 3, 4, 5, 6]);
  });

  test('a time from the far future does not block its CPU', () => {
    const { buffers, drain, out, sink } = setUp(1);
    buffers[0]!.pages.push([1e9], [2]);
    drain.pass(10, sink);
    expect(out.map(Math.round)).toEqual([1e9, 2]);
  });

  test('flags of lost records are handed on once', () => {
    const { buffers, drain, sink } = setUp(2);
    buffers[1]!.flags = 0x8000_0000;
    buffers[1]!.pages.push([1]);
    drain.pass(10, sink);
    expect(drain.takeMissed()).toBe(true);
    expect(drain.takeMissed()).toBe(false);
  });

  test('property: all records come out, in order over all passes, however they are spread', () => {
    const record = fc.record({ cpu: fc.nat(3), gap: fc.nat(5), page: fc.boolean() });
    const chunk = fc.record({
      records: fc.array(record, { maxLength: 30 }),
      limit: fc.integer({ min: 1, max: 20 }),
    });
    fc.assert(
      fc.property(fc.array(chunk, { maxLength: 12 }), (chunks) => {
        const { buffers, drain, out, sink } = setUp(4, 1);
        let now = 1;
        let written = 0;
        for (const { records, limit } of chunks) {
          const pages: number[][][] = [[], [], [], []];
          for (const { cpu, gap, page } of records) {
            now += gap;
            written++;
            const mine = pages[cpu]!;
            if (page || mine.length === 0) mine.push([]);
            mine.at(-1)!.push(now);
          }
          for (const [cpu, list] of pages.entries()) buffers[cpu]!.pages.push(...list);
          // The clock at the pass is past what is committed, by the slack at most.
          sink.taken = -limit;
          drain.pass(now, sink);
          now += 1;
        }
        sink.taken = Number.NEGATIVE_INFINITY;
        drain.pass(now + 1, sink);
        expect(out).toHaveLength(written);
        expect(out).toEqual([...out].sort((x, y) => x - y));
      }),
      { numRuns: 300 },
    );
  });
});

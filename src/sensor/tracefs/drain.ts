import type { PageReader } from './ring-buffer.ts';

/** One CPU's ring buffer. */
export interface CpuBuffer {
  readonly page: PageReader;
  /** Reads the next page into `page.bytes`; returns its length, 0 when the buffer is empty. */
  read(): number;
}

/** Where the merged records go, one by one in time order. */
export interface RecordSink {
  readonly full: boolean;
  decode(page: PageReader): void;
}

/** Milliseconds. */
const farFuture = 60_000;

class Cursor {
  readonly buffer: CpuBuffer;
  /** Whether `buffer.page` stands on a record. */
  loaded = false;
  /** Time of that record; for an empty buffer the time before which nothing more can come from it. */
  time = 0;
  missed = false;

  constructor(buffer: CpuBuffer) {
    this.buffer = buffer;
  }

  /** Moves on to the next record, over page boundaries. */
  advance(barrier: number): void {
    const { page } = this.buffer;
    while (!this.loaded || !page.next()) {
      const length = this.buffer.read();
      this.loaded = length > 0;
      if (!this.loaded) {
        this.time = barrier;
        return;
      }
      page.load(length);
      this.missed ||= page.missed;
    }
    // A stamp from the far future is nonsense: waiting for it would block this CPU's buffer.
    this.time = page.time > barrier + farFuture ? 0 : page.time;
  }
}

/** How a pass ended: all records up to the barrier are through, or the sink is full and more may be waiting. */
export type PassEnd = 'drained' | 'full';

/**
 * Merges the ring buffers of all CPUs into one stream in time order, without a copy: each CPU has one page in hand
 * and the one with the oldest record goes on.
 *
 * A CPU that was found empty may still deliver records made after that moment, so newer records of other CPUs wait
 * for the next pass. That moment is the pass's start less a small slack for records that were stamped but not yet
 * committed; the delay this adds is one poll interval at most, and batches come out in order among each other too.
 */
export class Drain {
  readonly #cursors: readonly Cursor[];

  constructor(buffers: readonly CpuBuffer[]) {
    this.#cursors = buffers.map((buffer) => new Cursor(buffer));
  }

  /** Records are in hand that wait for the next pass. */
  get holding(): boolean {
    return this.#cursors.some((cursor) => cursor.loaded);
  }

  /** Pages that made no sense, over all CPUs. */
  get undecodable(): number {
    return this.#cursors.reduce((sum, cursor) => sum + cursor.buffer.page.undecodable, 0);
  }

  /** Whether the kernel has flagged lost records since the last call. */
  takeMissed(): boolean {
    let missed = false;
    for (const cursor of this.#cursors) {
      missed ||= cursor.missed;
      cursor.missed = false;
    }
    return missed;
  }

  /** Hands on all records older than `barrier` (trace clock, milliseconds), until the sink is full. */
  pass(barrier: number, sink: RecordSink): PassEnd {
    for (const cursor of this.#cursors) if (!cursor.loaded) cursor.advance(barrier);
    while (!sink.full) {
      let oldest: Cursor | undefined;
      let limit = barrier;
      for (const cursor of this.#cursors) {
        if (!oldest || cursor.time < oldest.time) {
          if (oldest && oldest.time < limit) limit = oldest.time;
          oldest = cursor;
        } else if (cursor.time < limit) {
          limit = cursor.time;
        }
      }
      if (!oldest?.loaded || oldest.time >= barrier) return 'drained';
      do {
        sink.decode(oldest.buffer.page);
        oldest.advance(barrier);
      } while (oldest.loaded && oldest.time <= limit && !sink.full);
    }
    return 'full';
  }
}

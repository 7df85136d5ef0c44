import { mkdirSync, readdirSync, unlinkSync } from 'node:fs';
import type { AlertRecord } from '../alert-record.ts';
import type { DeadLetter, Spool, SpoolItem, SpoolState } from '../spool.ts';
import { Cursor, type CursorValue } from './cursor.ts';
import { DeadLetters } from './dead-letters.ts';
import { encodeFrame } from './frame.ts';
import { Overflow } from './overflow.ts';
import { Segment } from './segment.ts';

export interface DiskSpoolOptions {
  /** The spool's own; made when it is not there. */
  readonly folder: string;
  /** Bytes of all segments; dead letters take at most an eighth of it besides. */
  readonly maxBytes: number;
  /**
   * What a power cut may cost. `each`: nothing, every record is on the disk before it counts as taken. `interval`: what
   * came since the last {@link DiskSpool.sync}. A kill of the process never costs anything: the kernel has the record.
   */
  readonly sync: 'each' | 'interval';
  /** 16 random hexadecimal digits, for a spool that is new. */
  readonly newId: string;
}

/** As parts of the whole: the oldest segment is what is dropped at once. */
const segmentsOfSpool = 16;
/** What the disk does not take waits in memory up to this many bytes. */
const overflowBytes = 2 ** 20;
const name = /^(\d{16})\.seg$/;

/**
 * A spool of append-only files. Each record has a number, a checksum and a place in `NUMBER.seg`; `cursor` has the last number
 * that is done and is written after it is. So after a kill -9 at any moment every record that is not done comes again, in
 * order, and at most the one that was on its way a second time. Two processes must not use one folder.
 */
export class DiskSpool implements Spool {
  readonly id: string;
  readonly #options: DiskSpoolOptions;
  readonly #segmentBytes: number;
  readonly #cursor: Cursor;
  readonly #deadLetters: DeadLetters;
  readonly #overflow = new Overflow(overflowBytes);
  #segments: Segment[] = [];
  #last = 0;
  #acknowledged = 0;
  #current: SpoolItem | undefined;
  /** Where the reader stands. */
  #reading: { segment: Segment; offset: number } | undefined;
  #unsynced: Segment | undefined;
  #dropped = 0;
  #deadLettered = 0;
  #diskErrors = 0;
  #lastDiskError: string | undefined;

  constructor(options: DiskSpoolOptions) {
    const { folder, maxBytes, newId } = options;
    this.#options = options;
    this.#segmentBytes = Math.floor(maxBytes / segmentsOfSpool);
    this.#cursor = new Cursor(`${folder}/cursor`);
    this.#deadLetters = new DeadLetters(folder, maxBytes / 8);
    let cursor: CursorValue | undefined;
    this.#try(() => {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      cursor = this.#cursor.read();
    });
    const names = this.#segmentNames();
    // Of a spool whose cursor is gone, what is no longer there was done, as far as anybody knows.
    this.#acknowledged = cursor?.acknowledged ?? Math.max(0, firstOf(names[0] ?? '') - 1);
    this.id = cursor?.id ?? newId;
    if (cursor === undefined)
      this.#try(() => this.#cursor.write({ id: newId, acknowledged: this.#acknowledged }));
    this.#recover(names);
  }

  append(record: AlertRecord): void {
    const sequence = ++this.#last;
    const frame = encodeFrame(sequence, Buffer.from(JSON.stringify(record)));
    if (frame.length > this.#segmentBytes) {
      this.#dropped++;
      return;
    }
    this.#makeRoom(frame.length);
    const isWritten = this.#try(() => {
      const segment = this.#writable(frame.length, sequence);
      segment.append(frame, sequence);
      this.#unsynced = segment;
      if (this.#options.sync === 'each') segment.syncNow();
    });
    if (!isWritten && this.#segments.at(-1)?.last !== sequence)
      this.#dropped += this.#overflow.put(sequence, record, frame.length);
  }

  peek(): SpoolItem | undefined {
    this.#current ??= this.#next();
    return this.#current;
  }

  acknowledge(sequence: number): void {
    const item = this.#current;
    this.#current = undefined;
    if (sequence <= this.#acknowledged) return;
    this.#acknowledged = sequence;
    if (item?.kind === 'record' && item.sequence === sequence && !this.#overflow.delete(sequence)) {
      const holder = this.#segments.find(({ first, last }) => first <= sequence && sequence <= last);
      if (holder !== undefined && holder.pending > 0) holder.pending--;
    }
    this.#try(() => this.#cursor.write({ id: this.id, acknowledged: sequence }));
    // The last one is written on until it is full: a new file for each record would cost more.
    while (this.#segments[0] !== undefined && this.#segments[0].last <= sequence) {
      // Damaged while it lay here.
      this.#dropped += this.#segments[0].pending;
      this.#segments[0].pending = 0;
      if (this.#segments.length === 1 && this.#segments[0].bytes < this.#segmentBytes / 2) break;
      this.#remove();
    }
  }

  setAside(letter: DeadLetter): void {
    this.#deadLettered++;
    this.#try(() => this.#deadLetters.add(letter));
  }

  state(): SpoolState {
    return {
      waiting: this.#overflow.size + this.#segments.reduce((sum, { pending }) => sum + pending, 0),
      waitingBytes:
        this.#overflow.bytes +
        this.#segments.reduce((sum, { pending, bytes }) => sum + (pending > 0 ? bytes : 0), 0),
      dropped: this.#dropped,
      deadLettered: this.#deadLettered,
      diskErrors: this.#diskErrors,
      ...(this.#lastDiskError !== undefined && { lastDiskError: this.#lastDiskError }),
    };
  }

  async sync(): Promise<void> {
    const segment = this.#unsynced;
    this.#unsynced = undefined;
    if (segment === undefined || this.#options.sync === 'each') return;
    await segment.sync().catch((error: Error) => this.#fail(error));
  }

  close(): void {
    this.#try(() => this.#unsynced?.syncNow());
    for (const segment of this.#segments) segment.close();
    this.#cursor.close();
  }

  #segmentNames(): string[] {
    const names: string[] = [];
    this.#try(() => names.push(...readdirSync(this.#options.folder).filter((one) => name.test(one))));
    return names.sort();
  }

  #recover(names: readonly string[]): void {
    for (const one of names) {
      const segment = new Segment(`${this.#options.folder}/${one}`, firstOf(one));
      this.#try(() => segment.recover(this.#acknowledged));
      this.#segments.push(segment);
    }
    this.#last = Math.max(this.#acknowledged, ...this.#segments.map(({ last }) => last));
    // Of an earlier life, and not announced yet.
    const pending = this.#segments.reduce((sum, segment) => sum + segment.pending, 0);
    this.#dropped = this.#last - this.#acknowledged - pending;
    while (this.#segments[0] !== undefined && this.#segments[0].pending === 0) this.#remove();
  }

  #next(): SpoolItem | undefined {
    const expected = this.#acknowledged + 1;
    if (expected > this.#last) return undefined;
    const found = this.#overflow.first();
    const onDisk = found?.sequence === expected ? undefined : this.#nextOnDisk(expected);
    const first = found !== undefined && !(onDisk && onDisk.sequence < found.sequence) ? found : onDisk;
    if (first === undefined) return { kind: 'gap', from: expected, to: this.#last };
    return first.sequence === expected
      ? { kind: 'record', ...first }
      : { kind: 'gap', from: expected, to: first.sequence - 1 };
  }

  /** The first record on disk whose number is at least `least`. The reader stays before it. */
  #nextOnDisk(least: number): { readonly sequence: number; readonly record: AlertRecord } | undefined {
    let found: { readonly sequence: number; readonly record: AlertRecord } | undefined;
    this.#try(() => {
      for (const segment of this.#segments) {
        if (segment.last < least) continue;
        let offset = this.#reading?.segment === segment ? this.#reading.offset : 0;
        for (;;) {
          const frame = segment.frame(offset);
          if (frame === undefined) break;
          if (frame.sequence >= least) {
            this.#reading = { segment, offset };
            found = { sequence: frame.sequence, record: JSON.parse(frame.payload.toString()) as AlertRecord };
            return;
          }
          offset = frame.end;
        }
      }
    });
    return found;
  }

  #makeRoom(bytes: number): void {
    let total = this.#segments.reduce((sum, segment) => sum + segment.bytes, bytes);
    while (total > this.#options.maxBytes) {
      const oldest = this.#segments[0];
      if (oldest === undefined) return;
      total -= oldest.bytes;
      const { sequence } = this.#current?.kind === 'record' ? this.#current : { sequence: 0 };
      // What is on its way is not lost: whoever sends it has it, and it stays the current one.
      const isSent = sequence >= oldest.first && sequence <= oldest.last;
      this.#dropped += Math.max(0, oldest.pending - (isSent ? 1 : 0));
      this.#remove();
    }
  }

  #writable(bytes: number, sequence: number): Segment {
    const active = this.#segments.at(-1);
    if (active !== undefined && active.bytes + bytes <= this.#segmentBytes) return active;
    const file = `${this.#options.folder}/${String(sequence).padStart(16, '0')}.seg`;
    const segment = new Segment(file, sequence);
    mkdirSync(this.#options.folder, { recursive: true, mode: 0o700 });
    this.#segments.push(segment);
    return segment;
  }

  /** Removes the oldest segment. */
  #remove(): void {
    const segment = this.#segments.shift();
    if (segment === undefined) return;
    if (this.#reading?.segment === segment) this.#reading = undefined;
    if (this.#unsynced === segment) this.#unsynced = undefined;
    segment.close();
    this.#try(() => unlinkSync(segment.path));
  }

  #try(run: () => void): boolean {
    try {
      run();
      return true;
    } catch (error) {
      this.#fail(error as Error);
      return false;
    }
  }

  #fail(error: Error): void {
    this.#diskErrors++;
    this.#lastDiskError = error.message;
  }
}

/** The number of its first record, by its name; 0 for what is none. */
function firstOf(segment: string): number {
  return Number(name.exec(segment)?.[1] ?? 0);
}

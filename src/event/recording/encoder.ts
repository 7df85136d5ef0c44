import { eventTypes, parametersOf } from '../event-types.ts';
import type { RawEvent, ThreadRecord } from '../raw-event.ts';
import type { RecordedAccount } from '../scap/lists.ts';
import type { ContainerRecord } from '../state/container.ts';
import { ByteWriter } from './byte-writer.ts';
import { chunkOf } from './chunk.ts';
import { containerText } from './container-record.ts';
import { writeEvent } from './event-record.ts';
import { coding, maxRecordBytes, recordKind } from './format.ts';
import type { LostWhere, RecordingStart } from './item.ts';
import { writeAccount, writeLost, writeStart } from './marks.ts';
import { writeThread } from './thread-record.ts';

/** Bytes of records after which a chunk is full. */
const defaultChunkBytes: number = 256 * 1024;

/** Names of the types of events and their parameters, by the numbers that events have. */
export interface TypeNames {
  readonly types: readonly string[];
  parameters(type: number): readonly string[];
}

const today: TypeNames = {
  types: eventTypes,
  parameters: (type) => parametersOf(type).map(({ name }) => name),
};

/** A chunk that is ready for a file. */
export interface EncodedChunk {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Events in it, by the names of their types. */
  readonly events: ReadonlyMap<string, number>;
}

/**
 * Writes a recording into chunks in memory. When `isFull` says so, and from time to time, `take` hands out the chunk so far.
 * Each record returns whether it was taken in: one that is larger than `maxRecordBytes` is not, nor an event of no known type.
 */
export class RecordingEncoder {
  readonly #names: TypeNames;
  readonly #chunkBytes: number;
  readonly #to: ByteWriter;
  readonly #counts: Uint32Array;
  #chunk = 0;
  #lastNumber = 0;

  constructor({
    names = today,
    chunkBytes = defaultChunkBytes,
  }: { names?: TypeNames; chunkBytes?: number } = {}) {
    this.#names = names;
    this.#chunkBytes = chunkBytes;
    this.#to = new ByteWriter(chunkBytes + 65_536);
    this.#counts = new Uint32Array(names.types.length);
  }

  /** Bytes of records that wait for `take`. */
  get size(): number {
    return this.#to.at;
  }

  get isFull(): boolean {
    return this.#to.at >= this.#chunkBytes;
  }

  /** Begins a segment: chunks are counted from 0 again. What waits must have been taken. */
  start(start: RecordingStart): boolean {
    this.#chunk = 0;
    return this.#record(recordKind.start, (to) => writeStart(to, start));
  }

  event(raw: RawEvent, number: number): boolean {
    const to = this.#to;
    const before = to.at;
    const { type } = raw;
    const known = this.#counts[type];
    if (known === undefined) return false;
    if (known === 0) this.#define(type);
    const start = to.at;
    to.u32(0);
    writeEvent(to, raw, number - this.#lastNumber);
    const length = to.at - start - 4;
    if (length > maxRecordBytes) {
      to.at = before;
      return false;
    }
    to.view.setUint32(start, (length << 8) | recordKind.event, true);
    this.#lastNumber = number;
    this.#counts[type] = known + 1;
    return true;
  }

  /** A thread that is too large is written without its environment and descriptors. */
  thread(thread: ThreadRecord): boolean {
    const { env: _, ...rest } = thread;
    return (
      this.#record(recordKind.thread, (to) => writeThread(to, thread)) ||
      this.#record(recordKind.thread, (to) => writeThread(to, { ...rest, descriptors: [] }))
    );
  }

  account(account: RecordedAccount): boolean {
    return this.#record(recordKind.account, (to) => writeAccount(to, account));
  }

  container(container: ContainerRecord): boolean {
    return this.#record(recordKind.container, (to) => to.text(containerText(container)));
  }

  lost(where: LostWhere, counts: ReadonlyMap<string, number>): boolean {
    return this.#record(recordKind.lost, (to) => writeLost(to, where, counts));
  }

  end(): boolean {
    return this.#record(recordKind.end, () => {});
  }

  /** Returns the chunk so far and begins the next; undefined when nothing waits. `pack` compresses with Zstandard. */
  take(pack?: (body: Uint8Array) => Uint8Array): EncodedChunk | undefined {
    const to = this.#to;
    if (to.at === 0) return undefined;
    const plain = to.bytes.subarray(0, to.at);
    const packed = pack?.(plain);
    const smaller = packed !== undefined && packed.length < plain.length;
    const bytes = smaller
      ? chunkOf(packed, coding.zstd, this.#chunk)
      : chunkOf(plain, coding.plain, this.#chunk);
    this.#chunk++;
    return { bytes, events: this.discard() };
  }

  /** Throws away what waits. Returns the events among it, by the names of their types. */
  discard(): ReadonlyMap<string, number> {
    const events = new Map<string, number>();
    for (const [type, count] of this.#counts.entries())
      if (count > 0) events.set(this.#names.types[type] as string, count);
    this.#counts.fill(0);
    this.#lastNumber = 0;
    this.#to.at = 0;
    return events;
  }

  #define(type: number): void {
    const parameters = this.#names.parameters(type);
    this.#record(recordKind.type, (to) => {
      to.varint(type);
      to.text(this.#names.types[type] ?? '');
      to.texts(parameters);
    });
  }

  #record(kind: number, write: (to: ByteWriter) => void): boolean {
    const to = this.#to;
    const start = to.at;
    to.u32(0);
    write(to);
    const length = to.at - start - 4;
    if (length > maxRecordBytes) {
      to.at = start;
      return false;
    }
    to.view.setUint32(start, (length << 8) | kind, true);
    return true;
  }
}

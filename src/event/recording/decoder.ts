import { ByteReader } from './byte-reader.ts';
import { type ChunkHeader, headerAt } from './chunk.ts';
import { containerOf } from './container-record.ts';
import { crc32 } from './crc32.ts';
import { readEvent, type WrittenType, writtenType } from './event-record.ts';
import { coding, formatVersion, headerLength, maxBodyBytes, recordKind } from './format.ts';
import type { RecordingItem } from './item.ts';
import { readAccount, readLost, readStart } from './marks.ts';
import { readThread } from './thread-record.ts';

/** Returns what was compressed with Zstandard, of at most so many bytes. Throws on what is none or more. */
export type Unpack = (body: Uint8Array, most: number) => Uint8Array;

/** Types that one chunk may define. */
const maxTypes = 4096;

/**
 * Reads a recording as its bytes come, in pieces of any size; holds one chunk at a time. Never throws on what the bytes hold:
 * what could not be read is among the items, at its place. Where a chunk is damaged, reading goes on at the next one.
 */
export class RecordingDecoder {
  readonly #unpack: Unpack;
  #waiting: Uint8Array = new Uint8Array();
  /** Where `#waiting` begins in the recording. */
  #offset = 0;
  /** Bytes whose checksums were tried; a file made for it could have chunks within chunks. */
  #checked = 0;
  /** Where the stretch began that is no chunk. */
  #skippedFrom: number | undefined;
  /** Number of the chunk that should come next; undefined before the first. */
  #next: number | undefined;
  #isEnded = false;

  constructor(unpack: Unpack) {
    this.#unpack = unpack;
  }

  /** Yields what is complete with these bytes, which must not change afterwards. All of it must be taken before the next call. */
  *push(bytes: Uint8Array): Generator<RecordingItem> {
    this.#waiting = this.#waiting.length === 0 ? bytes : joined(this.#waiting, bytes);
    yield* this.#chunks(false);
  }

  /** Yields what the end of the bytes shows. */
  *finish(): Generator<RecordingItem> {
    yield* this.#chunks(true);
    if (this.#waiting.length > 0) this.#skip(this.#waiting.length);
    if (this.#skippedFrom !== undefined) yield this.#skipped('it is cut off or damaged there');
    else if (this.#next === undefined) yield fault(0, 'the recording is empty');
    else if (!this.#isEnded)
      yield fault(this.#offset, 'the recording was not closed: it is being written, or its end is missing');
  }

  *#chunks(isLast: boolean): Generator<RecordingItem> {
    while (this.#waiting.length >= headerLength) {
      const header = headerAt(this.#waiting, 0);
      if (header === undefined || header.length > maxBodyBytes) {
        this.#skip(this.#nextSync());
        continue;
      }
      const whole = headerLength + header.length;
      if (this.#waiting.length < whole) {
        if (!isLast) return;
        // The last chunk is not whole; another may stand in what is there.
        this.#skip(this.#nextSync());
        continue;
      }
      const body = this.#waiting.subarray(headerLength, whole);
      this.#checked += whole;
      if (crc32(body) !== header.checksum) {
        const mayLook = this.#checked < 4 * (this.#offset + whole) + maxBodyBytes;
        this.#skip(mayLook ? this.#nextSync() : whole);
        continue;
      }
      if (this.#skippedFrom !== undefined) yield this.#skipped('they are damaged');
      yield* this.#chunk(header, body);
      this.#offset += whole;
      this.#waiting = this.#waiting.subarray(whole);
    }
  }

  /** How far it is to the next place where a chunk may begin: behind the first byte here. */
  #nextSync(): number {
    const at = this.#waiting.indexOf(0x89, 1);
    return at < 0 ? this.#waiting.length : at;
  }

  #skip(length: number): void {
    this.#skippedFrom ??= this.#offset;
    this.#offset += length;
    this.#waiting = this.#waiting.subarray(length);
  }

  #skipped(why: string): RecordingItem {
    const from = this.#skippedFrom ?? this.#offset;
    this.#skippedFrom = undefined;
    const length = this.#offset - from;
    return fault(from, `${length} byte${length === 1 ? '' : 's'} could not be read: ${why}`);
  }

  *#chunk({ version, coding: how, number }: ChunkHeader, packed: Uint8Array): Generator<RecordingItem> {
    if (number !== 0 && number !== (this.#next ?? 0)) {
      const missing = number - (this.#next ?? 0);
      yield fault(
        this.#offset,
        missing > 0
          ? `${missing} part${missing === 1 ? ' is' : 's are'} missing before this one`
          : 'this part stands behind later ones',
      );
    } else if (number === 0 && this.#next !== undefined && !this.#isEnded) {
      yield fault(this.#offset, 'the segment before this place was not closed: its end may be missing');
    }
    this.#next = number + 1;
    this.#isEnded = false;
    if (version !== formatVersion || (how !== coding.plain && how !== coding.zstd)) {
      yield fault(
        this.#offset,
        `a part in version ${version} of the format, coding ${how}: it needs a newer Picket`,
      );
      return;
    }
    let body = packed;
    if (how === coding.zstd) {
      try {
        body = this.#unpack(packed, maxBodyBytes);
      } catch (error) {
        yield fault(this.#offset, `a part cannot be unpacked: ${(error as Error).message}`);
        return;
      }
    }
    yield* this.#records(body);
  }

  *#records(body: Uint8Array): Generator<RecordingItem> {
    const types = new Map<number, WrittenType>();
    const told = new Set<string>();
    const reader = new ByteReader(body);
    let number = 0;
    const once = (message: string): RecordingItem | undefined => {
      if (told.has(message)) return undefined;
      told.add(message);
      return fault(this.#offset, message);
    };
    while (reader.at < body.length) {
      let item: RecordingItem | undefined;
      try {
        reader.end = body.length;
        const head = reader.u32();
        const end = reader.at + (head >>> 8);
        if (end > body.length) throw new RangeError('a record that is longer than its part');
        reader.end = end;
        switch (head & 0xff) {
          case recordKind.event: {
            const written = types.get(reader.varint());
            if (written === undefined) throw new RangeError('an event of a type that is not defined');
            const { step, raw, unfit } = readEvent(reader, written);
            number += step;
            if (unfit !== undefined) {
              const problem = once(
                `${written.name}: the parameter ${unfit} is not what it is by its name; left out`,
              );
              if (problem !== undefined) yield problem;
            }
            item =
              raw === undefined
                ? once(`events of type ${written.name}, which this Picket does not know, are left out`)
                : { kind: 'event', number, raw };
            break;
          }
          case recordKind.type: {
            const type = reader.varint();
            const name = reader.text();
            if (types.size < maxTypes) types.set(type, writtenType(name, reader.texts()));
            break;
          }
          case recordKind.thread:
            item = { kind: 'thread', thread: readThread(reader) };
            break;
          case recordKind.account:
            item = { kind: 'account', account: readAccount(reader) };
            break;
          case recordKind.container:
            item = { kind: 'container', container: containerOf(reader.text()) };
            break;
          case recordKind.lost:
            item = { kind: 'lost', ...readLost(reader) };
            break;
          case recordKind.start:
            item = { kind: 'start', start: readStart(reader) };
            break;
          case recordKind.end:
            this.#isEnded = true;
            item = { kind: 'end' };
            break;
          default:
            item = once(`records of kind ${head & 0xff}, which this Picket does not know, are left out`);
        }
        reader.at = end;
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
        item = once(`a record cannot be read: ${error.message}`);
        reader.at = reader.end;
      }
      if (item !== undefined) yield item;
    }
  }
}

function fault(offset: number, message: string): RecordingItem {
  return { kind: 'fault', offset, message };
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}

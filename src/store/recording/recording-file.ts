import { randomUUID } from 'node:crypto';
import { eventTypes } from '../../event/event-types.ts';
import type { RawEvent, ThreadRecord } from '../../event/raw-event.ts';
import { RecordingEncoder } from '../../event/recording/encoder.ts';
import { maxRecordBytes } from '../../event/recording/format.ts';
import type { RecordedAccount } from '../../event/scap/lists.ts';
import type { ContainerRecord } from '../../event/state/container.ts';
import { addCounts, Marks } from './marks.ts';
import { pack } from './pack.ts';
import { SegmentFile } from './segment-file.ts';

/** What was there before an event: every segment begins with it, and is complete by itself. */
export interface MachineSnapshot {
  readonly threads: Iterable<ThreadRecord>;
  readonly accounts: Iterable<RecordedAccount>;
  readonly containers: Iterable<ContainerRecord>;
}

export interface RecordingFileOptions {
  readonly path: string;
  /** Of all segments together. */
  readonly maxBytes: number;
  readonly hostname: string | undefined;
  /** E.g. `picket 0.2.0`. */
  readonly writer: string;
  /** As of the moment when it is called: before the event that comes next. */
  snapshot(): MachineSnapshot;
  /** Nanoseconds since the epoch. */
  readonly now?: () => bigint;
}

/** How a recording is doing. */
export interface RecordingStatus {
  readonly path: string;
  /** Of all segments that are there. */
  readonly bytes: number;
  readonly segments: number;
  /** Events that were written. */
  readonly events: number;
  /** Events that could not be written; the recording says so at their place. */
  readonly lost: number;
  readonly errors: number;
  readonly lastError: string | undefined;
}

/** The least that a recording may be bounded to. */
export const minRecordingBytes: number = 8 * 1024 * 1024;
/** Into how many segments the bytes are divided: one of them at most goes at once. */
const segmentCount = 8;
const chunkBytes: number = 256 * 1024;
/** Chunks of events that wait for the disk; what is more is thrown away and counted, so that reading events never waits. */
const maxWaitingBytes: number = 8 * 1024 * 1024;
/** After a failure the next try is so much later. */
const retryMs = 1_000;

interface Waiting {
  readonly bytes: Uint8Array;
  readonly events: ReadonlyMap<string, number>;
  readonly marks: Marks;
  /** The first chunk of the first segment, of a later one, or any other. */
  readonly place: 'first' | 'later' | 'within';
}

/** Writes events to files as they come, in a ring of segments: the newest bytes are kept. Nothing here throws but the constructor. */
export class RecordingFile {
  readonly #options: RecordingFileOptions;
  readonly #encoder = new RecordingEncoder({ chunkBytes });
  readonly #file: SegmentFile;
  readonly #segmentBytes: number;
  readonly #now: () => bigint;
  readonly #id = randomUUID();
  readonly #waiting: Waiting[] = [];
  /** What is to be said before the next event. */
  #unsaid = new Marks();
  /** What the chunk so far says. */
  #said = new Marks();
  #waitingBytes = 0;
  #writing: Promise<void> | undefined;
  #segment = -1;
  /** Of the newest segment, those that wait counted. */
  #size = 0;
  #mustBegin = true;
  #isPrepared = false;
  #failedAt = Number.NEGATIVE_INFINITY;
  /** Whether something of the segment could not be written: the rest of it is not either, and another one begins. */
  #isBroken = false;
  #isClosed = false;
  #events = 0;
  #lost = 0;
  #errors = 0;
  #lastError: string | undefined;

  /** Throws an Error with a message for the user where nothing can be written. */
  constructor(options: RecordingFileOptions) {
    const { path, maxBytes, now = () => BigInt(Date.now()) * 1_000_000n } = options;
    if (!(maxBytes >= minRecordingBytes))
      throw new Error(`a recording takes at least ${minRecordingBytes} bytes, not ${maxBytes}`);
    this.#options = options;
    this.#now = now;
    const largestChunk = chunkBytes + maxRecordBytes + 65_536;
    const room = Math.floor(maxBytes / segmentCount);
    this.#segmentBytes = Math.max(room - largestChunk, Math.floor(room / 2));
    this.#file = new SegmentFile(path, maxBytes, this.#segmentBytes + largestChunk);
  }

  /** Begins a segment where one is due: for who takes in an event only after it was applied to what `snapshot` tells of. */
  prepare(): void {
    if (this.#isClosed) return;
    if (this.#mustBegin && this.#isReady()) this.#begin();
    this.#isPrepared = true;
  }

  /** Takes in the event that comes next, before it is applied to what `snapshot` tells of, or after `prepare`. */
  event(raw: RawEvent, number: number): void {
    if (this.#isClosed) return;
    const isLate = this.#isPrepared && this.#mustBegin;
    this.#isPrepared = false;
    if (isLate || !this.#isReady()) {
      this.#lose(new Map([[typeName(raw), 1]]), new Marks());
      return;
    }
    if (this.#mustBegin) this.#begin();
    this.#say();
    if (!this.#encoder.event(raw, number)) this.#lose(new Map([[typeName(raw), 1]]), new Marks());
    if (this.#encoder.isFull) this.#take();
  }

  /** Says that the sensor lost events here, by the name of their type. */
  lost(counts: ReadonlyMap<string, number>): void {
    addCounts(this.#unsaid.before, counts);
  }

  /** Says what became known of a container. */
  container(container: ContainerRecord): void {
    if (this.#isClosed) return;
    this.#unsaid.containers.push(container);
    if (this.#isReady()) this.#say();
  }

  /** Hands on what was taken in so far. To be called about every second. */
  flush(): void {
    if (this.#isClosed) return;
    if (this.#isReady()) this.#say();
    this.#take();
  }

  /** Writes what is left and puts it on the disk. Idempotent. */
  async close(): Promise<void> {
    if (!this.#isClosed) {
      if (this.#segment < 0) this.#begin();
      this.#say();
      if (this.#encoder.size > 0 || !this.#mustBegin) this.#encoder.end();
      this.#hand();
      this.#isClosed = true;
    }
    await this.#writing;
    try {
      await this.#file.close();
    } catch (error) {
      this.#fail(error as Error);
    }
  }

  status(): RecordingStatus {
    return {
      path: this.#options.path,
      bytes: this.#file.bytes,
      segments: this.#file.segments,
      events: this.#events,
      lost: this.#lost,
      errors: this.#errors,
      lastError: this.#lastError,
    };
  }

  /** False for a while after something could not be written. */
  #isReady(): boolean {
    return !this.#mustBegin || !this.#isBroken || performance.now() - this.#failedAt >= retryMs;
  }

  #begin(): void {
    const { hostname, writer, snapshot } = this.#options;
    const place = this.#segment < 0 ? 'first' : 'later';
    if (this.#encoder.size > 0) {
      this.#encoder.end();
      this.#hand();
    }
    this.#mustBegin = false;
    this.#segment++;
    this.#size = 0;
    const start = { id: this.#id, segment: this.#segment, hostname, time: this.#now(), writer };
    this.#encoder.start(start);
    this.#hand(place);
    const { threads, accounts, containers } = snapshot.call(this.#options);
    const limit = this.#segmentBytes / 2;
    let leftOut = 0;
    const put = (taken: boolean) => {
      if (!taken) leftOut++;
      if (this.#encoder.isFull) this.#hand();
    };
    for (const account of accounts) if (this.#size < limit) put(this.#encoder.account(account));
    for (const container of containers) if (this.#size < limit) put(this.#encoder.container(container));
    for (const thread of threads) {
      if (this.#size < limit) put(this.#encoder.thread(thread));
      else leftOut++;
    }
    if (leftOut > 0) this.#encoder.lost('recorder', new Map([['what was there at the start', leftOut]]));
    this.#hand();
  }

  #say(): void {
    if (this.#unsaid.isEmpty) return;
    if (this.#mustBegin) this.#begin();
    this.#unsaid.write(this.#encoder);
    this.#said.add(this.#unsaid);
    this.#unsaid = new Marks();
  }

  /** Counts events that came to nothing, with what was said among them. */
  #lose(events: ReadonlyMap<string, number>, marks: Marks): void {
    for (const count of events.values()) this.#lost += count;
    addCounts(this.#unsaid.recorder, events);
    this.#unsaid.add(marks);
  }

  /** Hands on the chunk so far, or throws it away where the disk does not keep up. Begins the next segment when this one is full. */
  #take(): void {
    if (this.#waitingBytes > maxWaitingBytes) {
      const said = this.#said;
      this.#said = new Marks();
      this.#lose(this.#encoder.discard(), said);
      return;
    }
    this.#hand();
    if (this.#size < this.#segmentBytes) return;
    this.#encoder.end();
    this.#hand();
    // With the next event: what was there is to be as of before it.
    this.#mustBegin = true;
  }

  #hand(place: Waiting['place'] = 'within'): void {
    const chunk = this.#encoder.take(pack);
    if (chunk === undefined) return;
    this.#size += chunk.bytes.length;
    this.#waitingBytes += chunk.bytes.length;
    this.#waiting.push({ ...chunk, marks: this.#said, place });
    this.#said = new Marks();
    this.#writing ??= this.#writeWaiting();
  }

  async #writeWaiting(): Promise<void> {
    // What is handed over in one go is written in one go.
    await undefined;
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      await this.#write(next);
      this.#waiting.shift();
      this.#waitingBytes -= next.bytes.length;
    }
    this.#writing = undefined;
  }

  async #write({ bytes, events, marks, place }: Waiting): Promise<void> {
    if (place !== 'within') this.#isBroken = false;
    if (this.#isBroken) {
      this.#lose(events, marks);
      return;
    }
    try {
      if (place === 'later') await this.#file.rotate();
      await this.#file.write(bytes);
      for (const count of events.values()) this.#events += count;
    } catch (error) {
      this.#isBroken = true;
      this.#mustBegin = true;
      this.#failedAt = performance.now();
      this.#fail(error as Error);
      this.#lose(events, marks);
    }
  }

  #fail({ message }: Error): void {
    this.#errors++;
    this.#lastError = message;
  }
}

function typeName({ type }: RawEvent): string {
  return eventTypes[type] ?? 'unknown';
}

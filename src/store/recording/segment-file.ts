import {
  closeSync,
  constants,
  existsSync,
  fdatasync,
  ftruncateSync,
  lstatSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  write,
} from 'node:fs';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { type ClosedSegment, closedSegments, isRecordingFile, segmentPath } from './read-file.ts';

const [writeAt, sync] = [promisify(write), promisify(fdatasync)];

/** A disk that is full now and then makes many small ones. */
const maxClosed = 1000;

/**
 * The file of the newest segment, with the closed ones beside it. When it is closed it gets a number of its own behind its name, and
 * the oldest go so that the next one has room.
 */
export class SegmentFile {
  readonly path: string;
  readonly #maxBytes: number;
  readonly #room: number;
  #file: number | undefined;
  #size = 0;
  /** Whether the newest segment stands under the recording's own name. */
  #isThere = false;
  readonly #closed: { readonly path: string; readonly number: number; readonly bytes: number }[];

  /** `room`: what the newest segment may take of `maxBytes`. A recording that is there already becomes a closed segment. Throws an Error with a message for the user. */
  constructor(path: string, maxBytes: number, room: number) {
    this.path = path;
    this.#maxBytes = maxBytes;
    this.#room = room;
    this.#closed = segmentsBeside(path).map((one) => ({ ...one, bytes: statSync(one.path).size }));
    const there = lstatSync(path, { throwIfNoEntry: false });
    if (there !== undefined) {
      if (!there.isFile() || (there.size > 0 && !isRecordingFile(path)))
        throw new Error(`${path} is there and is no recording of Picket: it is left as it is`);
      this.#size = there.size;
      this.#isThere = true;
      this.#setAside();
    }
    this.#open();
  }

  /** Bytes of all segments. */
  get bytes(): number {
    return this.#closed.reduce((sum, one) => sum + one.bytes, this.#size);
  }

  get segments(): number {
    return this.#closed.length + (this.#isThere ? 1 : 0);
  }

  /** Appends; where that fails nothing of the bytes counts as written. */
  async write(bytes: Uint8Array): Promise<void> {
    if (this.#file === undefined) this.#open();
    const file = this.#file as number;
    try {
      for (let done = 0; done < bytes.length; ) {
        const { bytesWritten } = await writeAt(file, bytes, done, bytes.length - done, this.#size + done);
        done += bytesWritten;
      }
    } catch (error) {
      ftruncateSync(file, this.#size);
      throw error;
    }
    this.#size += bytes.length;
  }

  /** Puts the newest segment on the disk and closes it; the next `write` begins another. */
  async rotate(): Promise<void> {
    if (this.#file !== undefined && this.#size === 0) return;
    await this.close();
    this.#setAside();
  }

  /** Puts what was written on the disk and closes the file. Idempotent. */
  async close(): Promise<void> {
    const file = this.#file;
    if (file === undefined) return;
    this.#file = undefined;
    try {
      await sync(file);
    } finally {
      closeSync(file);
    }
  }

  #open(): void {
    const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
    // Command lines and environments may hold secrets.
    this.#file = openSync(this.path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
    this.#isThere = true;
    this.#size = 0;
  }

  /** May be tried again where it failed. */
  #setAside(): void {
    if (this.#isThere) {
      const number = (this.#closed.at(-1)?.number ?? 0) + 1;
      const closed = { path: segmentPath(this.path, number), number, bytes: this.#size };
      // Who took it away meant it.
      if (existsSync(this.path)) {
        renameSync(this.path, closed.path);
        this.#closed.push(closed);
      }
      this.#isThere = false;
      this.#size = 0;
    }
    for (
      let oldest = this.#closed[0];
      oldest && (this.#closed.length >= maxClosed || this.bytes + this.#room > this.#maxBytes);
      oldest = this.#closed[0]
    ) {
      rmSync(oldest.path, { force: true });
      this.#closed.shift();
    }
  }
}

/** Closed segments that are recordings of Picket: others of such a name are not ours to remove. */
function segmentsBeside(path: string): ClosedSegment[] {
  try {
    const found = closedSegments(path);
    const foreign = found.filter((one) => !isRecordingFile(one.path));
    if (foreign[0] !== undefined)
      throw new Error(`${foreign[0].path} is there and is no recording of Picket: it is left as it is`);
    return found;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT')
      throw new Error(`there is no folder ${dirname(path)} to record in`);
    throw error;
  }
}

import {
  closeSync,
  fdatasync,
  fdatasyncSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readSync,
  writeSync,
} from 'node:fs';
import { type Frame, frameAt } from './frame.ts';

const nothing: Buffer = Buffer.alloc(0);
/** Read at once: several records as a rule. */
const windowBytes = 64 * 1024;

/** One file of frames, written at its end and read from anywhere. */
export class Segment {
  readonly path: string;
  /** Number of its first frame; by it files are named. */
  readonly first: number;
  /** Of its last frame; one less than the first when it is empty. */
  last: number;
  /** Frames whose records are not done. */
  pending = 0;
  bytes = 0;
  #descriptor: number | undefined;
  /** What was read of it last, and from where on. */
  #content = nothing;
  #start = 0;
  #isSyncing = false;
  #isClosed = false;

  constructor(path: string, first: number) {
    this.path = path;
    this.first = first;
    this.last = first - 1;
  }

  /** Counts its frames, those above `acknowledged` as pending, and cuts off a torn end. Throws for a failing disk. */
  recover(acknowledged: number): void {
    const content = this.#read(0, fstatSync(this.#open()).size);
    for (let at = 0; ; ) {
      const found = frameAt(content, at);
      if (found === undefined) break;
      at = found.frame.end;
      this.bytes = at;
      this.last = Math.max(this.last, found.frame.sequence);
      if (found.frame.sequence > acknowledged) this.pending++;
    }
    if (this.bytes < content.length) ftruncateSync(this.#open(), this.bytes);
  }

  /** Appends a frame, wholly or not at all. Throws for a failing disk. */
  append(frame: Buffer, sequence: number): void {
    const descriptor = this.#open();
    let written = 0;
    try {
      while (written < frame.length) {
        const took = writeSync(descriptor, frame, written, frame.length - written, this.bytes + written);
        if (took === 0) throw new Error('ENOSPC: no space left on device, write');
        written += took;
      }
    } catch (error) {
      // The next frame overwrites what is left of this one, should cutting it off fail too.
      if (written > 0) ftruncateSync(descriptor, this.bytes);
      throw error;
    }
    this.bytes += frame.length;
    this.last = sequence;
    this.pending++;
  }

  /** The first sound frame at or behind an offset; its `end` is an offset too. Throws for a failing disk. */
  frame(offset: number): Frame | undefined {
    if (offset >= this.bytes) return undefined;
    const inside = offset - this.#start;
    const cached = inside >= 0 && inside < this.#content.length ? frameAt(this.#content, inside) : undefined;
    if (cached?.skipped === 0) return this.#placed(cached.frame);
    this.#load(offset, Math.min(windowBytes, this.bytes - offset));
    const found = frameAt(this.#content, 0);
    if (found?.skipped === 0) return this.#placed(found.frame);
    // A large frame, or a damage: what is behind it may be far.
    this.#load(offset, this.bytes - offset);
    const far = frameAt(this.#content, 0);
    return far && this.#placed(far.frame);
  }

  syncNow(): void {
    fdatasyncSync(this.#open());
  }

  sync(): Promise<void> {
    const descriptor = this.#open();
    this.#isSyncing = true;
    return new Promise((done, fail) =>
      fdatasync(descriptor, (error) => {
        this.#isSyncing = false;
        if (this.#isClosed) this.close();
        if (error === null) done();
        else fail(error);
      }),
    );
  }

  close(): void {
    this.#isClosed = true;
    if (this.#descriptor !== undefined && !this.#isSyncing) {
      closeSync(this.#descriptor);
      this.#descriptor = undefined;
    }
    this.#content = nothing;
  }

  #placed({ sequence, payload, end }: Frame): Frame {
    return { sequence, payload, end: this.#start + end };
  }

  #load(start: number, length: number): void {
    this.#content = this.#read(start, length);
    this.#start = start;
  }

  #read(start: number, length: number): Buffer {
    const content = Buffer.alloc(length);
    let filled = 0;
    while (filled < length) {
      const took = readSync(this.#open(), content, filled, length - filled, start + filled);
      if (took === 0) break;
      filled += took;
    }
    return content.subarray(0, filled);
  }

  #open(): number {
    if (this.#descriptor !== undefined) return this.#descriptor;
    try {
      this.#descriptor = openSync(this.path, 'r+');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      this.#descriptor = openSync(this.path, 'wx+', 0o600);
    }
    return this.#descriptor;
  }
}

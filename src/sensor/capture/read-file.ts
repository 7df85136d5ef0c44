import { type FileHandle, open } from 'node:fs/promises';
import { pipeline, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import type { FrameSink } from '../../flow/capture/frame.ts';
import { CaptureReader } from '../../flow/capture/read-capture.ts';

const chunkBytes = 1024 * 1024;

/** How far the reading of a file has come. */
export interface CaptureProgress {
  /** Bytes of the file as it is on the disk. */
  readonly bytes: number;
  /** All that it has; undefined for what is no file. */
  readonly total?: number;
  readonly frames: number;
}

export interface ReadCaptureOptions {
  /** Called after each piece of about 1 MiB. */
  readonly onProgress?: (progress: CaptureProgress) => void;
  /** Ends the reading between two pieces; what was read so far counts. */
  readonly signal?: AbortSignal;
}

/** A capture that was read to its end, or as far as it goes. */
export interface ReadCapture {
  /** Its counters, interfaces, and the first problem within. */
  readonly reader: CaptureReader;
  /** Why it could not be unpacked to its end. */
  readonly unpacking?: string;
}

/** What is pushed through, with the bytes of the file that it took so far. */
type Push = (chunk: Uint8Array, bytes: number) => void;

/**
 * Reads a capture from a file, or from standard input for `-`, packed by gzip or not at all, and gives its frames to the sink.
 * Frames are valid within the call of the sink. Throws an Error of node:fs when it cannot be opened or read; what is wrong with its content
 * is told in the result.
 */
export async function readCaptureFile(
  path: string,
  sink: FrameSink,
  { onProgress, signal }: ReadCaptureOptions = {},
): Promise<ReadCapture> {
  const reader = new CaptureReader(sink);
  let total: number | undefined;
  const push: Push = (chunk, bytes) => {
    reader.push(chunk);
    onProgress?.({ bytes, frames: reader.counters.frames, ...(total === undefined ? {} : { total }) });
  };
  const goesOn = () => !reader.hasEnded && signal?.aborted !== true;
  let unpacking: string | undefined;
  if (path === '-') unpacking = await readStream(process.stdin, push, goesOn);
  else {
    const file = await open(path);
    try {
      const stat = await file.stat();
      if (stat.isFile()) total = stat.size;
      if (total !== undefined && !isGzip((await file.read(new Uint8Array(2), 0, 2, 0)).buffer))
        await readWhole(file, push, goesOn);
      else
        unpacking = await readStream(
          file.createReadStream({ highWaterMark: chunkBytes, autoClose: false }),
          push,
          goesOn,
        );
    } finally {
      await file.close();
    }
  }
  // What was not read is not lost.
  if (signal?.aborted !== true) reader.end();
  return unpacking === undefined ? { reader } : { reader, unpacking };
}

/** While one piece is read from the disk, the one before is looked at. */
async function readWhole(file: FileHandle, push: Push, goesOn: () => boolean): Promise<void> {
  const buffers = [new Uint8Array(chunkBytes), new Uint8Array(chunkBytes)] as const;
  let position = 0;
  let next = file.read(buffers[0], 0, chunkBytes, position);
  for (let turn = 0; ; turn ^= 1) {
    const { bytesRead } = await next;
    if (bytesRead === 0) return;
    position += bytesRead;
    if (!goesOn()) return;
    next = file.read(buffers[turn ^ 1]!, 0, chunkBytes, position);
    // Where the sink throws nobody waits for it any more.
    next.catch(() => {});
    push(buffers[turn as 0 | 1].subarray(0, bytesRead), position);
  }
}

function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/** Reads what comes in pieces of any size. Returns why it could not be unpacked. */
async function readStream(source: Readable, push: Push, goesOn: () => boolean): Promise<string | undefined> {
  let bytes = 0;
  const pieces = source[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
  let head: Uint8Array = new Uint8Array(0);
  // A pipe may give less than what tells the packing.
  while (head.length < 2) {
    const { value, done } = await pieces.next();
    if (done === true) break;
    head = head.length === 0 ? value : Buffer.concat([head, value]);
  }
  async function* counted(): AsyncGenerator<Uint8Array> {
    bytes += head.length;
    if (head.length > 0) yield head;
    for (let piece = await pieces.next(); piece.done !== true; piece = await pieces.next()) {
      bytes += piece.value.length;
      yield piece.value;
    }
  }
  try {
    for await (const piece of isGzip(head) ? unpacked(counted()) : counted()) {
      if (!goesOn()) break;
      push(piece, bytes);
    }
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code?.startsWith('Z_') !== true) throw error;
    return message;
  } finally {
    source.destroy();
  }
  return undefined;
}

function unpacked(packed: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  const gunzip = createGunzip({ chunkSize: chunkBytes });
  // Whoever reads gets the error.
  pipeline(Readable.from(packed), gunzip, () => {});
  return gunzip;
}

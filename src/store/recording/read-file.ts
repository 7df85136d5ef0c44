import { closeSync, openSync, readdirSync, readSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { zstdDecompressSync } from 'node:zlib';
import { RecordingDecoder } from '../../event/recording/decoder.ts';
import { isRecording } from '../../event/recording/format.ts';
import type { RecordingItem, RecordingStart } from '../../event/recording/item.ts';

const pieceBytes: number = 1024 * 1024;

/** A decoder that unpacks what recordings hold. */
export function newDecoder(): RecordingDecoder {
  return new RecordingDecoder((body, most) => zstdDecompressSync(body, { maxOutputLength: most }));
}

/** Yields the items of one file, a piece at a time. Throws the file system's errors. */
export function* readRecordingFile(path: string, pieces: number = pieceBytes): Generator<RecordingItem> {
  const decoder = newDecoder();
  const file = openSync(path, 'r');
  try {
    for (;;) {
      const piece = new Uint8Array(pieces);
      const length = readSync(file, piece);
      if (length === 0) break;
      yield* decoder.push(piece.subarray(0, length));
    }
    yield* decoder.finish();
  } finally {
    closeSync(file);
  }
}

/** Returns how a file of a recording begins; undefined where that cannot be read. */
export function startOf(path: string): RecordingStart | undefined {
  try {
    for (const item of readRecordingFile(path, 65_536)) return item.kind === 'start' ? item.start : undefined;
  } catch {
    // As one that is damaged.
  }
  return undefined;
}

/** Tells whether a file begins as a recording of Picket does. Throws the file system's errors. */
export function isRecordingFile(path: string): boolean {
  const file = openSync(path, 'r');
  try {
    const bytes = new Uint8Array(4);
    return readSync(file, bytes) === 4 && isRecording(bytes);
  } finally {
    closeSync(file);
  }
}

/** A closed segment beside the file that is written to: `NAME.000001` and so on. */
export interface ClosedSegment {
  readonly path: string;
  readonly number: number;
}

/** Returns the closed segments of a recording by their numbers, whatever they hold. Throws the file system's errors. */
export function closedSegments(path: string): ClosedSegment[] {
  const [folder, name] = [dirname(path), basename(path)];
  return readdirSync(folder)
    .filter((one) => one.startsWith(`${name}.`) && /^\d{6,9}$/.test(one.slice(name.length + 1)))
    .map((one) => ({ path: join(folder, one), number: Number(one.slice(name.length + 1)) }))
    .sort((a, b) => a.number - b.number);
}

/** Returns where the next segment to be closed goes. */
export function segmentPath(path: string, number: number): string {
  return `${path}.${String(number).padStart(6, '0')}`;
}

/** Returns the files of the recording that `path` is the newest segment of, in their order; `path` alone where it is no other's. */
export function filesOfRecording(path: string): string[] {
  const own = startOf(path);
  if (own === undefined || own.segment === 0) return [path];
  const before = closedSegments(path).flatMap((one) => {
    const start = startOf(one.path);
    return start?.id === own.id && start.segment < own.segment
      ? [{ path: one.path, segment: start.segment }]
      : [];
  });
  return [...before.sort((a, b) => a.segment - b.segment).map((one) => one.path), path];
}

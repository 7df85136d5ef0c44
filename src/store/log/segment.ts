import { closeSync, fsyncSync, mkdirSync, openSync, readSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { crc32 } from 'node:zlib';
import type { FlowColumns } from './columns.ts';
import { DamagedColumn, decodeColumns, encodeColumns, type SegmentHeader } from './encode.ts';

/** `PKTFLOW1`, then length and checksum of the header, then the header as JSON, then the columns. */
const magic = new TextEncoder().encode('PKTFLOW1');
const prefixBytes = magic.length + 8;

/** A header larger than this is none. */
const maxHeader = 1 << 20;

/** What is read at once of a file that is opened: nearly always the whole header. */
const firstRead = 16 * 1024;

/** Writes columns into a new file. It is there whole, and on the disk, or not at all. Returns its bytes. Throws what the file system throws. */
export function writeSegment(path: string, columns: FlowColumns): number {
  const { header, parts } = encodeColumns(columns);
  const text = new TextEncoder().encode(JSON.stringify(header));
  const prefix = Buffer.alloc(prefixBytes);
  prefix.set(magic);
  prefix.writeUInt32LE(text.length, magic.length);
  prefix.writeUInt32LE(crc32(text), magic.length + 4);
  const bytes = Buffer.concat([prefix, text, ...parts]);
  const unfinished = `${path}.tmp`;
  mkdirSync(dirname(path), { recursive: true, mode: 0o750 });
  try {
    const file = openSync(unfinished, 'w', 0o640);
    try {
      for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(unfinished, path);
  } catch (error) {
    rmSync(unfinished, { force: true });
    throw error;
  }
  syncDirectory(dirname(path));
  return bytes.length;
}

/** A segment whose columns are read as they are asked for. */
export interface OpenSegment {
  readonly header: SegmentHeader;
  readonly columns: FlowColumns;
  close(): void;
}

/** Opens a segment. Throws what the file system throws, and {@link DamagedColumn} for what is no segment. */
export function openSegment(path: string): OpenSegment {
  const file = openSync(path, 'r');
  try {
    const first = readAt(file, 0, firstRead);
    if (first.length < prefixBytes || !magic.every((byte, i) => first[i] === byte))
      throw new DamagedColumn(`${path} is no segment of flows`);
    const length = first.readUInt32LE(magic.length);
    if (length > maxHeader) throw new DamagedColumn(`${path} has no header`);
    const text =
      prefixBytes + length <= first.length
        ? first.subarray(prefixBytes, prefixBytes + length)
        : readAt(file, prefixBytes, length);
    if (text.length !== length || crc32(text) !== first.readUInt32LE(magic.length + 4))
      throw new DamagedColumn(`the header of ${path} does not fit its checksum`);
    const header = JSON.parse(text.toString()) as SegmentHeader;
    if (header.version !== 1) throw new DamagedColumn(`${path} was written by a newer Picket`);
    return {
      header,
      columns: decodeColumns(header, (at, size) => readAt(file, prefixBytes + length + at, size)),
      close: () => closeSync(file),
    };
  } catch (error) {
    closeSync(file);
    throw error;
  }
}

/** Reads up to `size` bytes from `at`; fewer at the end of the file. */
function readAt(file: number, at: number, size: number): Buffer {
  const bytes = Buffer.allocUnsafe(size);
  let read = 0;
  while (read < size) {
    const got = readSync(file, bytes, read, size - read, at + read);
    if (got === 0) break;
    read += got;
  }
  return bytes.subarray(0, read);
}

/** Makes sure that a new name in the directory outlives a power cut, where the file system can say so. */
function syncDirectory(path: string): void {
  const directory = openSync(path, 'r');
  try {
    fsyncSync(directory);
  } catch {
    // Some file systems cannot; the name is then as safe as they make it.
  } finally {
    closeSync(directory);
  }
}

import { crc32 } from './crc32.ts';
import { formatVersion, headerLength, sync } from './format.ts';

/** What stands before the body of a chunk. */
export interface ChunkHeader {
  readonly version: number;
  readonly coding: number;
  readonly number: number;
  readonly length: number;
  readonly checksum: number;
}

/** Returns a body with its header. */
export function chunkOf(body: Uint8Array, coding: number, number: number): Uint8Array<ArrayBuffer> {
  const chunk = new Uint8Array(headerLength + body.length);
  const view = new DataView(chunk.buffer);
  view.setUint32(0, sync, true);
  view.setUint8(4, formatVersion);
  view.setUint8(5, coding);
  view.setUint32(8, number, true);
  view.setUint32(12, body.length, true);
  view.setUint32(16, crc32(body), true);
  view.setUint32(20, crc32(chunk, 0, 20), true);
  chunk.set(body, headerLength);
  return chunk;
}

/** Returns the header at a place with at least `headerLength` bytes; undefined where none stands, or a damaged one. */
export function headerAt(bytes: Uint8Array, at: number): ChunkHeader | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, headerLength);
  if (view.getUint32(0, true) !== sync) return undefined;
  if (view.getUint32(20, true) !== crc32(bytes, at, at + 20)) return undefined;
  return {
    version: view.getUint8(4),
    coding: view.getUint8(5),
    number: view.getUint32(8, true),
    length: view.getUint32(12, true),
    checksum: view.getUint32(16, true),
  };
}

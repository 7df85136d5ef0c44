import { crc32 } from 'node:zlib';

/**
 * Begins each frame. Its first byte stands in no UTF-8 text, so that after a damage the next frame is found without mistaking a
 * payload for one.
 */
const mark = Buffer.from([0xf5, 0x50, 0x4b, 0x31]);
const headerBytes = 20;

/** A payload with its number, as it lies in a segment: mark, length, CRC-32 of number and payload, number, payload. */
export interface Frame {
  readonly sequence: number;
  readonly payload: Buffer;
  /** Offset in the segment of the first byte behind it. */
  readonly end: number;
}

/** Returns the bytes of a frame. */
export function encodeFrame(sequence: number, payload: Buffer): Buffer {
  const frame = Buffer.alloc(headerBytes + payload.length);
  mark.copy(frame);
  frame.writeUInt32LE(payload.length, 4);
  frame.writeBigUInt64LE(BigInt(sequence), 12);
  payload.copy(frame, headerBytes);
  frame.writeUInt32LE(crc32(frame.subarray(12)), 8);
  return frame;
}

/** Returns the first sound frame at or behind `offset`, and how many bytes before it are none; undefined when none follows. */
export function frameAt(
  bytes: Buffer,
  offset: number,
): { readonly frame: Frame; readonly skipped: number } | undefined {
  for (let at = bytes.indexOf(mark, offset); at >= 0; at = bytes.indexOf(mark, at + 1)) {
    if (at + headerBytes > bytes.length) return undefined;
    const end = at + headerBytes + bytes.readUInt32LE(at + 4);
    if (end > bytes.length) continue;
    if (crc32(bytes.subarray(at + 12, end)) !== bytes.readUInt32LE(at + 8)) continue;
    const sequence = Number(bytes.readBigUInt64LE(at + 12));
    return { frame: { sequence, payload: bytes.subarray(at + headerBytes, end), end }, skipped: at - offset };
  }
  return undefined;
}

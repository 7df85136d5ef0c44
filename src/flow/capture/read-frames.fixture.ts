import type { Frame } from './frame.ts';
import { CaptureReader } from './read-capture.ts';

/** A frame that was kept. */
export interface KeptFrame {
  readonly bytes: Uint8Array;
  readonly seconds: number;
  readonly nanoseconds: number;
  readonly wireLength: number;
  readonly linkType: number;
  readonly interface: number;
}

/** Returns what a frame holds now. */
export function kept({
  bytes,
  start,
  end,
  seconds,
  nanoseconds,
  wireLength,
  linkType,
  interface: of,
}: Frame): KeptFrame {
  return { bytes: bytes.slice(start, end), seconds, nanoseconds, wireLength, linkType, interface: of };
}

/** Reads a whole capture, in pieces of these sizes, taken in turn; each is written over once it was read. */
export function readFrames(
  capture: Uint8Array,
  sizes: readonly number[] = [capture.length || 1],
): { readonly frames: readonly KeptFrame[]; readonly reader: CaptureReader } {
  const frames: KeptFrame[] = [];
  const reader = new CaptureReader((frame) => frames.push(kept(frame)));
  for (let [at, turn] = [0, 0]; at < capture.length; turn++) {
    const piece = capture.slice(at, at + sizes[turn % sizes.length]!);
    reader.push(piece);
    piece.fill(0xee);
    at += piece.length;
  }
  reader.end();
  return { frames, reader };
}

import { Frame } from '../capture/frame.ts';

/** Returns a frame in the middle of a buffer that is full of something else, of which the first bytes were captured. */
export function frameOf(
  linkType: number,
  bytes: Uint8Array | readonly number[],
  { captured = bytes.length, around = 0x45, seconds = 0 } = {},
): Frame {
  const frame = new Frame();
  frame.bytes = new Uint8Array(captured + 32).fill(around);
  frame.bytes.set(bytes.slice(0, captured), 16);
  frame.start = 16;
  frame.end = 16 + captured;
  frame.wireLength = bytes.length;
  frame.linkType = linkType;
  frame.seconds = seconds;
  return frame;
}

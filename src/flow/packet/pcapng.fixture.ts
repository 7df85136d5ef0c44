import { Frame, type FrameSink } from '../capture/frame.ts';

/** Hands on the frames of a little-endian pcapng file with times in microseconds, as mergecap writes them. */
export function readFrames(bytes: Uint8Array, sink: FrameSink): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const linkTypes: number[] = [];
  const frame = new Frame();
  for (let at = 0; at + 12 <= bytes.length; at += view.getUint32(at + 4, true)) {
    const type = view.getUint32(at, true);
    if (type === 1) linkTypes.push(view.getUint16(at + 8, true));
    if (type !== 6) continue;
    frame.interface = view.getUint32(at + 8, true);
    const micros = view.getUint32(at + 12, true) * 2 ** 32 + view.getUint32(at + 16, true);
    frame.seconds = Math.floor(micros / 1e6);
    frame.nanoseconds = (micros % 1e6) * 1000;
    frame.bytes = bytes;
    frame.start = at + 28;
    frame.end = frame.start + view.getUint32(at + 20, true);
    frame.wireLength = view.getUint32(at + 24, true);
    frame.linkType = linkTypes[frame.interface]!;
    sink(frame);
  }
}

import type { Decoding } from '../decoding.ts';
import { DropReason } from '../drop-reason.ts';
import type { Step } from '../step.ts';

/** Reads both ports, which all protocols that have them begin with, and tells whether they are there. */
export function readPorts({ bytes, at, end, packet }: Decoding): boolean {
  if (at + 4 > end) return false;
  packet.sourcePort = (bytes[at]! << 8) | bytes[at + 1]!;
  packet.destinationPort = (bytes[at + 2]! << 8) | bytes[at + 3]!;
  return true;
}

/** Says that the payload begins `headerLength` bytes from here, and moves there. */
export function payloadBehind(decoding: Decoding, headerLength: number): void {
  const { end, wireEnd, packet } = decoding;
  const start = decoding.at + headerLength;
  packet.payloadStart = Math.min(start, end);
  packet.payloadEnd = end;
  packet.payloadLength = start < wireEnd ? wireEnd - start : 0;
  decoding.at = packet.payloadStart;
}

/** Says that the header does not hold or was not captured, so that nobody knows where the payload begins. */
export function noPayload({ end, packet }: Decoding): void {
  packet.transportWhole = false;
  packet.payloadStart = end;
  packet.payloadEnd = end;
  packet.payloadLength = 0;
}

/** Remembers what a first fragment says, its transport having been read; does nothing for others. */
export function rememberFragment(decoding: Decoding): void {
  const { at, packet, wireEnd } = decoding;
  if (!packet.moreFragments || decoding.isAgain) return;
  const { fragmentProtocol, fragmentStart, fragments } = decoding;
  fragments.first(packet, fragmentProtocol, wireEnd - fragmentStart, wireEnd - at);
}

/** Reads a protocol that has no ports: all behind IP is payload. */
export function plain(decoding: Decoding): Step {
  rememberFragment(decoding);
  payloadBehind(decoding, 0);
  return DropReason.Decoded;
}

import type { Decoding } from '../decoding.ts';
import { DropReason } from '../drop-reason.ts';
import type { Step } from '../step.ts';
import { noPayload, payloadBehind, readPorts, rememberFragment } from './transport.ts';

/** Reads the header of a TCP segment (RFC 9293 §3.1); options are passed over. */
export function tcp(decoding: Decoding): Step {
  const { bytes, at, end, packet } = decoding;
  if (!readPorts(decoding)) return DropReason.Transport;
  if (packet.moreFragments) rememberFragment(decoding);
  if (at + 16 > end) {
    noPayload(decoding);
    return DropReason.Decoded;
  }
  packet.tcpSequence =
    ((bytes[at + 4]! << 24) | (bytes[at + 5]! << 16) | (bytes[at + 6]! << 8) | bytes[at + 7]!) >>> 0;
  packet.tcpAcknowledgement =
    ((bytes[at + 8]! << 24) | (bytes[at + 9]! << 16) | (bytes[at + 10]! << 8) | bytes[at + 11]!) >>> 0;
  packet.tcpFlags = ((bytes[at + 12]! & 1) << 8) | bytes[at + 13]!;
  packet.tcpWindow = (bytes[at + 14]! << 8) | bytes[at + 15]!;
  const headerLength = (bytes[at + 12]! >> 4) << 2;
  if (headerLength < 20 || at + headerLength > decoding.wireEnd) noPayload(decoding);
  else payloadBehind(decoding, headerLength);
  return DropReason.Decoded;
}

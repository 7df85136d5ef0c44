import type { Decoding } from '../decoding.ts';
import { DropReason } from '../drop-reason.ts';
import type { Step } from '../step.ts';
import { hasIcmpId, hasIcmpv6Id } from './icmp-id.ts';
import { readQuote } from './quote.ts';
import { noPayload, payloadBehind, rememberFragment } from './transport.ts';

/** Reads the header of an ICMP message (RFC 792), and the packet that an error quotes. */
export function icmp(decoding: Decoding): Step {
  const { bytes, at } = decoding;
  if (!readType(decoding)) return DropReason.Transport;
  const type = bytes[at]!;
  if (hasIcmpId(type)) readId(decoding);
  finish(decoding, at);
  const isError = type === 3 || type === 4 || type === 5 || type === 11 || type === 12;
  if (isError) readQuote(decoding, at + 8);
  return DropReason.Decoded;
}

/** Reads the header of an ICMPv6 message (RFC 4443 §2.1), and the packet that an error quotes. */
export function icmpv6(decoding: Decoding): Step {
  const { bytes, at } = decoding;
  if (!readType(decoding)) return DropReason.Transport;
  const type = bytes[at]!;
  if (hasIcmpv6Id(type)) readId(decoding);
  finish(decoding, at);
  const isError = type >= 1 && type <= 4;
  if (isError) readQuote(decoding, at + 8);
  return DropReason.Decoded;
}

function readType({ bytes, at, end, packet }: Decoding): boolean {
  if (at + 2 > end) return false;
  packet.icmpType = bytes[at]!;
  packet.icmpCode = bytes[at + 1]!;
  return true;
}

function readId({ bytes, at, end, packet }: Decoding): void {
  if (at + 6 <= end) packet.icmpId = (bytes[at + 4]! << 8) | bytes[at + 5]!;
}

/** All messages have a header of eight bytes, or none that is told apart from the payload. */
function finish(decoding: Decoding, at: number): void {
  rememberFragment(decoding);
  if (at + 8 > decoding.wireEnd) noPayload(decoding);
  else payloadBehind(decoding, 8);
  if (at + 8 > decoding.end) decoding.packet.transportWhole = false;
}

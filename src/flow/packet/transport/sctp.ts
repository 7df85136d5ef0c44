import type { Decoding } from '../decoding.ts';
import { DropReason } from '../drop-reason.ts';
import type { Step } from '../step.ts';
import { noPayload, payloadBehind, readPorts, rememberFragment } from './transport.ts';

/** Reads the common header of SCTP (RFC 9260 §3.1). */
export function sctp(decoding: Decoding): Step {
  const { at, packet, wireEnd } = decoding;
  if (!readPorts(decoding)) return DropReason.Transport;
  if (packet.moreFragments) rememberFragment(decoding);
  if (at + 12 > wireEnd) noPayload(decoding);
  else payloadBehind(decoding, 12);
  return DropReason.Decoded;
}

/** Reads the generic header of DCCP (RFC 4340 §5.1), whose length with options counts words of four bytes. */
export function dccp(decoding: Decoding): Step {
  const { bytes, at, end, packet, wireEnd } = decoding;
  if (!readPorts(decoding)) return DropReason.Transport;
  if (packet.moreFragments) rememberFragment(decoding);
  const length = at + 5 > end ? 0 : bytes[at + 4]! * 4;
  if (length < 12 || at + length > wireEnd) noPayload(decoding);
  else payloadBehind(decoding, length);
  return DropReason.Decoded;
}

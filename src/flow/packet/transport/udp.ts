import type { Decoding } from '../decoding.ts';
import { DropReason } from '../drop-reason.ts';
import { Layer, type Step } from '../step.ts';
import { noPayload, payloadBehind, readPorts, rememberFragment } from './transport.ts';

/** Reads the header of a UDP datagram (RFC 768), and says whether its ports are those of a tunnel. */
export function udp(decoding: Decoding): Step {
  const { bytes, at, end, packet } = decoding;
  if (!readPorts(decoding)) return DropReason.Transport;
  if (packet.moreFragments) rememberFragment(decoding);
  if (at + 6 > end) {
    noPayload(decoding);
    return DropReason.Decoded;
  }
  // 0 is for jumbograms (RFC 2675 §4) and what a card cuts into segments; of a fragment the length is that of the whole.
  const length = (bytes[at + 4]! << 8) | bytes[at + 5]!;
  if ((length !== 0 && length < 8) || at + 8 > decoding.wireEnd) {
    noPayload(decoding);
    return DropReason.Decoded;
  }
  if (length !== 0) decoding.limit(length);
  payloadBehind(decoding, 8);
  return tunnelOfPorts(packet.sourcePort, packet.destinationPort);
}

/** Reads the header of UDP-Lite (RFC 3828 §3.1), which says nothing of the length. */
export function udpLite(decoding: Decoding): Step {
  const { at, packet, wireEnd } = decoding;
  if (!readPorts(decoding)) return DropReason.Transport;
  if (packet.moreFragments) rememberFragment(decoding);
  if (at + 8 > wireEnd) noPayload(decoding);
  else payloadBehind(decoding, 8);
  return DropReason.Decoded;
}

/**
 * Returns who reads the tunnel that the ports of UDP name, or {@link DropReason.Decoded} for none. Where one is named by the port that it is sent to, only that counts: the other is chosen for spreading load (RFC 7348 §5, RFC 8926
 * §3.3). GTP-U, Teredo, CAPWAP and L2TP answer from their port.
 */
export function tunnelOfPorts(source: number, destination: number): Step {
  switch (destination) {
    case 4789:
    case 8472:
      return Layer.Vxlan;
    case 6081:
      return Layer.Geneve;
    case 2152:
      return Layer.GtpU;
    case 3544:
      return Layer.Teredo;
    case 5247:
      return Layer.Capwap;
    case 1701:
      return Layer.L2tp;
  }
  switch (source) {
    case 2152:
      return Layer.GtpU;
    case 3544:
      return Layer.Teredo;
    case 5247:
      return Layer.Capwap;
    case 1701:
      return Layer.L2tp;
  }
  return DropReason.Decoded;
}

import type { Frame } from '../../flow/capture/frame.ts';
import type { Packet as FlowPacket, QuotedPacket } from '../../flow/packet/packet.ts';
import { type Address, type Family, ipv4, ipv6 } from '../../net/address.ts';
import { Protocol } from '../../net/protocol.ts';
import { hasPorts } from '../packet.ts';
import type { Ends, TcpHeader, WirePacket } from './wire-packet.ts';

/** Returns a packet that was decoded from a frame, without its tunnels, as the simulation takes it. */
export function wireOf(packet: FlowPacket, frame: Frame): WirePacket {
  const { hasQuote, quoted, ipLength, ttl, fragmentId } = packet;
  const isEthernet = frame.linkType === 1 && frame.end - frame.start >= 14;
  return {
    ...endsOf(packet),
    time: packet.seconds * 1000 + packet.nanoseconds / 1e6,
    length: ipLength,
    hopLimit: ttl,
    ...(packet.protocol === Protocol.Tcp && packet.transportWhole && { tcp: tcpOf(packet, frame) }),
    ...(hasQuote && { quoted: endsOf(quoted) }),
    ...(fragmentId >= 0 && { isFragment: true as const }),
    ...(isEthernet && {
      hardwareSource: hardwareAt(frame, frame.start + 6),
      packetType: packetTypeAt(frame),
    }),
  };
}

function endsOf(packet: FlowPacket | QuotedPacket): Ends {
  const { protocol, sourcePort, destinationPort, icmpType, icmpCode, icmpId } = packet;
  const family = packet.family as Family;
  return {
    family,
    protocol,
    source: addressOf(packet.source, family),
    destination: addressOf(packet.destination, family),
    ...(hasPorts(protocol) && { sourcePort, port: destinationPort }),
    ...(icmpType >= 0 && { icmpType, icmpCode, icmpId }),
  };
}

function tcpOf(packet: FlowPacket, frame: Frame): TcpHeader {
  const { tcpFlags, tcpSequence, tcpAcknowledgement, tcpWindow, payloadLength } = packet;
  const scale = (tcpFlags & 2) === 0 ? undefined : scaleOf(packet, frame);
  return {
    flags: tcpFlags & 255,
    sequence: tcpSequence,
    acknowledgement: tcpAcknowledgement,
    window: tcpWindow,
    payload: payloadLength,
    ...(scale !== undefined && { scale }),
  };
}

/** The window scale option (RFC 7323 §2.2) of a header that ends where the payload begins. */
function scaleOf(
  { payloadStart, sourcePort, destinationPort }: FlowPacket,
  { bytes, start }: Frame,
): number | undefined {
  for (let words = 5; words <= 15; words++) {
    const at = payloadStart - 4 * words;
    if (at < start) return undefined;
    const isHeader =
      bytes[at + 12]! >>> 4 === words &&
      ((bytes[at]! << 8) | bytes[at + 1]!) === sourcePort &&
      ((bytes[at + 2]! << 8) | bytes[at + 3]!) === destinationPort;
    if (isHeader) return scaleAmong(bytes, at + 20, payloadStart);
  }
  return undefined;
}

function scaleAmong(bytes: Uint8Array, from: number, to: number): number | undefined {
  for (let at = from; at < to; ) {
    const kind = bytes[at]!;
    if (kind === 0) return undefined;
    const length = kind === 1 ? 1 : (bytes[at + 1] ?? 0);
    if (kind !== 1 && length < 2) return undefined;
    if (kind === 3 && length === 3 && at + 2 < to) return bytes[at + 2];
    at += length;
  }
  return undefined;
}

function addressOf(lanes: Uint32Array, family: Family): Address {
  return family === 4 ? ipv4(lanes[3]!) : ipv6(lanes[0]!, lanes[1]!, lanes[2]!, lanes[3]!);
}

function hardwareAt({ bytes }: Frame, at: number): string {
  return Array.from(bytes.subarray(at, at + 6), (byte) => byte.toString(16).padStart(2, '0')).join(':');
}

function packetTypeAt({ bytes, start }: Frame): 'unicast' | 'broadcast' | 'multicast' {
  if ((bytes[start]! & 1) === 0) return 'unicast';
  return bytes.subarray(start, start + 6).every((byte) => byte === 255) ? 'broadcast' : 'multicast';
}

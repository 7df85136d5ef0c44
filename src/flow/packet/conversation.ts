import type { Packet } from './packet.ts';

/** Makes a packet one of which nothing is known yet but VLANs and tunnel. */
export function clearConversation(packet: Packet): void {
  packet.family = 0;
  packet.protocol = 0;
  packet.sourcePort = 0;
  packet.destinationPort = 0;
  packet.ipLength = 0;
  packet.ttl = 0;
  packet.tcpFlags = 0;
  packet.tcpSequence = 0;
  packet.tcpAcknowledgement = 0;
  packet.tcpWindow = 0;
  packet.icmpType = -1;
  packet.icmpCode = 0;
  packet.icmpId = 0;
  packet.hasQuote = false;
  packet.payloadStart = 0;
  packet.payloadEnd = 0;
  packet.payloadLength = 0;
  packet.transportWhole = true;
  packet.fragmentId = -1;
  packet.fragmentOffset = 0;
  packet.moreFragments = false;
}

/** Copies the four lanes of an address. */
export function copyAddress(from: Uint32Array, to: Uint32Array): void {
  to[0] = from[0]!;
  to[1] = from[1]!;
  to[2] = from[2]!;
  to[3] = from[3]!;
}

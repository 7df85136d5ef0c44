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

/** Copies all that is not of the frame: the conversation, its VLANs and its tunnel. */
export function copyConversation(from: Packet, to: Packet): void {
  to.family = from.family;
  copyAddress(from.source, to.source);
  copyAddress(from.destination, to.destination);
  to.protocol = from.protocol;
  to.sourcePort = from.sourcePort;
  to.destinationPort = from.destinationPort;
  to.ipLength = from.ipLength;
  to.ttl = from.ttl;
  to.tcpFlags = from.tcpFlags;
  to.tcpSequence = from.tcpSequence;
  to.tcpAcknowledgement = from.tcpAcknowledgement;
  to.tcpWindow = from.tcpWindow;
  to.icmpType = from.icmpType;
  to.icmpCode = from.icmpCode;
  to.icmpId = from.icmpId;
  to.hasQuote = from.hasQuote;
  if (from.hasQuote) copyQuote(from, to);
  to.payloadStart = from.payloadStart;
  to.payloadEnd = from.payloadEnd;
  to.payloadLength = from.payloadLength;
  to.transportWhole = from.transportWhole;
  to.fragmentId = from.fragmentId;
  to.fragmentOffset = from.fragmentOffset;
  to.moreFragments = from.moreFragments;
  for (let i = 0; i < from.vlanCount; i++) to.vlans[i] = from.vlans[i]!;
  to.vlanCount = from.vlanCount;
  to.tunnel = from.tunnel;
  to.tunnelId = from.tunnelId;
  to.outerFamily = from.outerFamily;
  copyAddress(from.outerSource, to.outerSource);
  copyAddress(from.outerDestination, to.outerDestination);
}

function copyQuote({ quoted: from }: Packet, { quoted: to }: Packet): void {
  to.family = from.family;
  copyAddress(from.source, to.source);
  copyAddress(from.destination, to.destination);
  to.protocol = from.protocol;
  to.sourcePort = from.sourcePort;
  to.destinationPort = from.destinationPort;
  to.icmpType = from.icmpType;
  to.icmpCode = from.icmpCode;
  to.icmpId = from.icmpId;
}

/** Copies the four lanes of an address. */
export function copyAddress(from: Uint32Array, to: Uint32Array): void {
  to[0] = from[0]!;
  to[1] = from[1]!;
  to[2] = from[2]!;
  to[3] = from[3]!;
}

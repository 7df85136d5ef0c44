import type { Packet } from './packet.ts';

/** All that a packet says, without what it leaves behind of earlier ones; places in the frame are told from `shift` on. */
export function saidBy(packet: Packet, shift = 0): unknown {
  const { outerSource, outerDestination, vlans, payloadStart, payloadEnd, wireLength, ...rest } = packet;
  return {
    ...rest,
    source: [...packet.source],
    destination: [...packet.destination],
    outer: packet.outerFamily === 0 ? [] : [...outerSource, ...outerDestination],
    quoted: packet.hasQuote ? packet.quoted : undefined,
    vlans: [...vlans.subarray(0, packet.vlanCount)],
    wireLength: wireLength - shift,
    payload: [payloadStart - shift, payloadEnd - shift],
  };
}

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Frame } from '../capture/frame.ts';
import { DropReason } from './drop-reason.ts';
import { frameOf } from './frame.fixture.ts';
import { Packet, type QuotedPacket } from './packet.ts';
import {
  type Built,
  type BuiltConversation,
  type BuiltQuote,
  PacketBuilder,
} from './packet-builder.fixture.ts';
import { PacketDecoder } from './packet-decoder.ts';

const seeds = fc.integer({ min: 0, max: 2 ** 31 });
const times = { numRuns: 2000 };

const text = (lanes: Uint32Array): string => [...lanes].join('.');
const lanesOf = (address: Uint8Array): Uint32Array => {
  const view = new DataView(address.buffer, address.byteOffset, address.length);
  return address.length === 4
    ? Uint32Array.of(0, 0, 0, view.getUint32(0))
    : Uint32Array.from({ length: 4 }, (_, i) => view.getUint32(4 * i));
};

function endsOf({ family, source, destination, protocol }: BuiltConversation): string {
  return `${family} ${text(lanesOf(source))} > ${text(lanesOf(destination))} ${protocol}`;
}

function ends({ family, source, destination, protocol }: Packet | QuotedPacket): string {
  return `${family} ${text(source)} > ${text(destination)} ${protocol}`;
}

function quoteOf({ quoted }: Packet): string {
  const { sourcePort, destinationPort, icmpType, icmpCode, icmpId } = quoted;
  return `${ends(quoted)} ${[sourcePort, destinationPort]} ${[icmpType, icmpCode, icmpId]}`;
}

function expectedQuote({ conversation, icmp = [-1, 0, 0] }: BuiltQuote): string {
  return `${endsOf(conversation)} ${conversation.ports} ${icmp}`;
}

/** All that the packet should be. */
function expectBuilt(packet: Packet, frame: Frame, built: Built): void {
  const [inner, tunnel] = [built.conversations[0]!, built.tunnels[0]];
  const outer = tunnel && built.conversations[tunnel.conversations];
  const [flags, sequence, acknowledgement, window] = built.tcp ?? [0, 0, 0, 0];
  const [icmpType, icmpCode, icmpId] = built.icmp ?? [-1, 0, 0];
  const found = {
    ends: ends(packet),
    ports: [packet.sourcePort, packet.destinationPort],
    ttl: packet.ttl,
    ipLength: packet.ipLength,
    tcp: [packet.tcpFlags, packet.tcpSequence, packet.tcpAcknowledgement, packet.tcpWindow],
    icmp: [packet.icmpType, packet.icmpCode, packet.icmpId],
    quote: packet.hasQuote ? quoteOf(packet) : undefined,
    whole: packet.transportWhole,
    fragmentId: packet.fragmentId,
    payload: [...frame.bytes.subarray(packet.payloadStart, packet.payloadEnd)],
    payloadLength: packet.payloadLength,
    vlans: [...packet.vlans.subarray(0, packet.vlanCount)],
    tunnel: packet.tunnel,
    tunnelId: packet.tunnelId,
    outer:
      packet.outerFamily === 0
        ? undefined
        : `${packet.outerFamily} ${text(packet.outerSource)} > ${text(packet.outerDestination)}`,
  };
  expect(found).toEqual({
    ends: endsOf(inner),
    ports: [...inner.ports],
    ttl: inner.ttl,
    ipLength: inner.ipLength,
    tcp: [flags, sequence, acknowledgement, window],
    icmp: [icmpType, icmpCode, icmpId],
    quote: built.quote && expectedQuote(built.quote),
    whole: true,
    fragmentId: -1,
    payload: [...built.payload],
    payloadLength: built.payload.length,
    vlans: built.vlans.slice(0, 4),
    tunnel: tunnel?.kind,
    tunnelId: tunnel?.id ?? -1,
    outer: outer && `${outer.family} ${text(lanesOf(outer.source))} > ${text(lanesOf(outer.destination))}`,
  });
}

describe('packets that were built', () => {
  const packet = new Packet();

  test('are decoded to what was built, in whatever layers', () => {
    const decoder = new PacketDecoder();
    fc.assert(
      fc.property(seeds, fc.integer({ min: 0, max: 3 }), (seed, tunnels) => {
        const { linkType, built } = new PacketBuilder(seed).frame(tunnels);
        const frame = frameOf(linkType, built.bytes);
        expect(decoder.decode(frame, packet)).toBe(DropReason.Decoded);
        expectBuilt(packet, frame, built);
      }),
      times,
    );
    expect(decoder.counts.slice(1).every((count) => count === 0)).toBe(true);
    expect(decoder.outerCounts.every((count) => count === 0)).toBe(true);
    expect(decoder.brokenTransports).toBe(0);
  });

  test('give their outer conversation when tunnels stay closed', () => {
    const decoder = new PacketDecoder({ tunnels: false });
    fc.assert(
      fc.property(seeds, (seed) => {
        const { linkType, built } = new PacketBuilder(seed).frame(2);
        expect(decoder.decode(frameOf(linkType, built.bytes), packet)).toBe(DropReason.Decoded);
        const outermost = built.conversations.at(-1)!;
        expect([ends(packet), packet.sourcePort, packet.destinationPort]).toEqual([
          endsOf(outermost),
          ...outermost.ports,
        ]);
      }),
      times,
    );
  });

  test('cut anywhere give a reason, or one of their conversations with what was captured of it', () => {
    const decoder = new PacketDecoder();
    let frames = 0;
    fc.assert(
      fc.property(seeds, fc.double({ min: 0, max: 1, noNaN: true }), (seed, part) => {
        const { linkType, built } = new PacketBuilder(seed).frame(2);
        const captured = Math.floor(part * built.bytes.length);
        const frame = frameOf(linkType, built.bytes, { captured });
        const reason = decoder.decode(frame, packet);
        frames++;
        // What stands behind the captured bytes in the buffer is of another frame.
        const other = new Packet();
        const around = frameOf(linkType, built.bytes, { captured, around: 0x21 });
        expect(new PacketDecoder({ fragments: { capacity: 1 } }).decode(around, other)).toBe(reason);
        if (reason === DropReason.Decoded)
          expect({ ...other, outerSource: 0, outerDestination: 0, quoted: 0, vlans: 0 }).toEqual({
            ...packet,
            ...{ outerSource: 0, outerDestination: 0, quoted: 0, vlans: 0 },
          });
        expect(decoder.counts.reduce((sum, count) => sum + count)).toBe(frames);
        if (reason !== DropReason.Decoded) return;
        const at = built.conversations.findIndex((one) => endsOf(one) === ends(packet));
        const conversation = built.conversations[at];
        expect(conversation, ends(packet)).toBeDefined();
        expect([packet.sourcePort, packet.destinationPort]).toEqual([...conversation!.ports]);
        expect(packet.ipLength).toBe(conversation!.ipLength);
        if (built.tcp && at === 0 && packet.protocol === 6)
          expect([0, built.tcp[0]]).toContain(packet.tcpFlags);
        expect(packet.payloadStart).toBeLessThanOrEqual(packet.payloadEnd);
        expect(packet.payloadEnd).toBeLessThanOrEqual(frame.end);
      }),
      times,
    );
  });
});

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { frameOf } from './frame.fixture.ts';
import { Packet } from './packet.ts';
import { PacketBuilder } from './packet-builder.fixture.ts';
import { PacketDecoder } from './packet-decoder.ts';
import { UsualFrames } from './usual-frames.ts';

/** Two tags that only tell a priority: nothing of the packet changes, and the frame is left to the layers. */
const priorities = Uint8Array.of(0x81, 0, 0x20, 0, 0x81, 0, 0x40, 0);
const macs = 12;

/** The packet that is decoded and why not, but for places in the frame, which are told from `shift` on. */
function decode(bytes: Uint8Array, captured: number, shift: number): unknown {
  const packet = new Packet();
  const reason = new PacketDecoder().decode(frameOf(1, bytes, { captured }), packet);
  if (reason !== 0) return { reason };
  const { outerSource, outerDestination, vlans, payloadStart, payloadEnd, wireLength, ...rest } = packet;
  return {
    reason,
    ...rest,
    outer: packet.outerFamily === 0 ? [] : [...outerSource, ...outerDestination],
    quoted: packet.hasQuote ? packet.quoted : undefined,
    vlans: [...vlans.subarray(0, packet.vlanCount)],
    wireLength: wireLength - shift,
    payload: [payloadStart - shift, payloadEnd - shift],
  };
}

test('frames read at once give the packet that the layers give, whole, cut or damaged', () => {
  let usual = 0;
  const reader = new UsualFrames();
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 2 ** 31 }),
      fc.double({ min: 0.2, max: 1, noNaN: true }),
      fc.array(fc.tuple(fc.nat({ max: 60 }), fc.nat({ max: 255 })), { maxLength: 2 }),
      (seed, part, damages) => {
        const { linkType, built } = new PacketBuilder(seed).frame(0);
        fc.pre(linkType === 1 && built.bytes.length > macs);
        const bytes = Uint8Array.from(built.bytes);
        for (const [at, value] of damages) if (at >= macs && at < bytes.length) bytes[at] = value;
        const captured = Math.max(macs, Math.floor(part * bytes.length));
        const tagged = new Uint8Array(bytes.length + priorities.length);
        tagged.set(bytes.subarray(0, macs));
        tagged.set(priorities, macs);
        tagged.set(bytes.subarray(macs), macs + priorities.length);
        expect(decode(bytes, captured, 0)).toEqual(
          decode(tagged, captured + priorities.length, priorities.length),
        );
        if (reader.read(frameOf(1, bytes, { captured }), new Packet())) usual++;
      },
    ),
    { numRuns: 5000 },
  );
  expect(usual).toBeGreaterThan(50);
});

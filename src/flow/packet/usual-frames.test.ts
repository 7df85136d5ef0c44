import fc from 'fast-check';
import { expect, test } from 'vitest';
import { frameOf } from './frame.fixture.ts';
import { Packet } from './packet.ts';
import { PacketDecoder } from './packet-decoder.ts';
import { saidBy } from './said.fixture.ts';
import { UsualFrames } from './usual-frames.ts';

/** Two tags that only tell a priority: nothing of the packet changes, and the frame is left to the layers. */
const priorities = Uint8Array.of(0x81, 0, 0x20, 0, 0x81, 0, 0x40, 0);
const macs = 12;
/** Bytes that mean something: versions, lengths of headers, protocols. */
const telling = fc.constantFrom(
  0,
  1,
  4,
  6,
  8,
  17,
  20,
  40,
  0x40,
  0x45,
  0x46,
  0x50,
  0x60,
  0xf0,
  0x81,
  0x86,
  0xdd,
);

const seldom = fc.nat({ max: 9 }).map((number) => number === 0);

/** A frame as {@link UsualFrames} reads them, of random bytes where nothing depends on them. */
function usualFrame(
  random: Uint8Array,
  kind: { isV6: boolean; isTcp: boolean; vlan: number; payload: number; isUntold: boolean; fragment: number },
): Uint8Array {
  const bytes = Uint8Array.from({ length: 14 + 4 + 40 + 20 + 40 }, (_, i) => random[i % random.length]!);
  const view = new DataView(bytes.buffer);
  let at = macs;
  if (kind.vlan >= 0) {
    view.setUint32(at, (0x8100 << 16) | kind.vlan);
    at += 4;
  }
  view.setUint16(at, kind.isV6 ? 0x86dd : 0x0800);
  at += 2;
  const length = (kind.isTcp ? 20 : 8) + kind.payload;
  const protocol = kind.isTcp ? 6 : 17;
  if (kind.isV6) {
    bytes[at] = 0x60;
    view.setUint16(at + 4, kind.isUntold ? 0 : length);
    bytes[at + 6] = protocol;
    at += 40;
  } else {
    bytes[at] = 0x45;
    view.setUint16(at + 2, kind.isUntold ? 0 : 20 + length);
    view.setUint16(at + 6, kind.fragment);
    bytes[at + 9] = protocol;
    at += 20;
  }
  if (kind.isTcp) bytes[at + 12] = 0x50 | (bytes[at + 12]! & 0x0f);
  else view.setUint16(at + 4, length);
  return bytes.subarray(0, at + length);
}

/** The packet that is decoded and why not, but for places in the frame, which are told from `shift` on. */
function decode(bytes: Uint8Array, captured: number, shift: number): unknown {
  const packet = new Packet();
  const reason = new PacketDecoder().decode(frameOf(1, bytes, { captured }), packet);
  return { reason, said: reason === 0 ? saidBy(packet, shift) : undefined };
}

test('frames read at once give the packet that the layers give, whole, cut or damaged', () => {
  let [frames, usual] = [0, 0];
  const reader = new UsualFrames();
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 30, maxLength: 30 }),
      fc.record({
        isV6: fc.boolean(),
        isTcp: fc.boolean(),
        vlan: fc.constantFrom(-1, 0, 1, 0x2fff),
        payload: fc.nat({ max: 40 }),
        isUntold: seldom,
        fragment: fc.constantFrom(0, 0x4000, 0x4000, 0x4000, 0x8000, 0x2000, 0x0001),
      }),
      fc.oneof(fc.constant(1), fc.double({ min: 0.2, max: 1, noNaN: true })),
      fc.array(fc.tuple(fc.integer({ min: macs, max: 70 }), fc.oneof(fc.nat({ max: 255 }), telling)), {
        maxLength: 2,
      }),
      (random, kind, part, damages) => {
        const bytes = usualFrame(random, kind);
        for (const [at, value] of damages) if (at < bytes.length) bytes[at] = value;
        const captured = Math.max(macs, Math.floor(part * bytes.length));
        const tagged = new Uint8Array(bytes.length + priorities.length);
        tagged.set(bytes.subarray(0, macs));
        tagged.set(priorities, macs);
        tagged.set(bytes.subarray(macs), macs + priorities.length);
        expect(decode(bytes, captured, 0)).toEqual(
          decode(tagged, captured + priorities.length, priorities.length),
        );
        frames++;
        if (reader.read(frameOf(1, bytes, { captured }), new Packet())) usual++;
      },
    ),
    { numRuns: 5000 },
  );
  expect(usual).toBeGreaterThan(frames / 4);
  expect(frames - usual).toBeGreaterThan(frames / 8);
});

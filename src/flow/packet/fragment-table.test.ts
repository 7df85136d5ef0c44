import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FragmentTable } from './fragment-table.ts';
import { fragment, fragmented } from './fragments.fixture.ts';
import { frameOf } from './frame.fixture.ts';
import { Packet } from './packet.ts';
import { Chance, join, u16, u32 } from './packet-builder.fixture.ts';
import { PacketDecoder } from './packet-decoder.ts';

const packet = new Packet();
const udp = [...u16(5000), ...u16(53), ...u16(100), 0, 0];
const tcp = [...u16(5000), ...u16(443), ...u32(1), ...u32(2), 0x50, 2, ...u16(1000), 0, 0, 0, 0];
const text = (lanes: Uint32Array): string => [...lanes].join('.');

/** Ports of a fragment, or of what it is part of. */
function portsOf(decoder: PacketDecoder, bytes: Uint8Array, seconds = 0): [number, number] {
  expect(decoder.decode(frameOf(101, bytes, { seconds }), packet)).toBe(0);
  return [packet.sourcePort, packet.destinationPort];
}

describe('fragments', () => {
  test('are of the conversation of the first one, in whatever order they come behind it', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0 }), (seed) => {
        const chance = new Chance(seed);
        const decoder = new PacketDecoder({ fragments: { seed } });
        const datagrams = Array.from({ length: 20 }, (_, i) =>
          fragmented(chance, chance.yes() ? 4 : 6, i >> 1, 1 + (i & 1)),
        );
        const all = datagrams.flatMap(({ ports, fragments }) => fragments.map((bytes) => ({ ports, bytes })));
        for (let i = all.length - 1; i > 0; i--) {
          const other = chance.below(i + 1);
          [all[i], all[other]] = [all[other]!, all[i]!];
        }
        // What was seen of each datagram, kept without bounds.
        const seen = new Map<string, readonly [number, number]>();
        const expected = { first: 0, found: 0, unknown: 0 };
        for (const { ports, bytes } of all) {
          const found = portsOf(decoder, bytes);
          const key = `${text(packet.source)} ${packet.fragmentId} ${packet.family}`;
          if (packet.fragmentId < 0 || packet.fragmentOffset === 0) {
            expect(found).toEqual([...ports]);
            seen.set(key, ports);
            if (packet.moreFragments) expected.first++;
          } else {
            expect(found).toEqual([...(seen.get(key) ?? [0, 0])]);
            expect(packet.transportWhole).toBe(false);
            expected[seen.has(key) ? 'found' : 'unknown']++;
          }
        }
        expect(decoder.fragmentCounters).toMatchObject({
          ...expected,
          ...{ overlapping: 0, repeated: 0, evicted: 0, tiny: 0 },
        });
      }),
      { numRuns: 200 },
    );
  });

  test('of a ping have its type and identifier', () => {
    const decoder = new PacketDecoder();
    const echo = [8, 0, 0, 0, 0x12, 0x34, 0, 1, 1, 2, 3, 4, 5, 6, 7, 8];
    portsOf(decoder, fragment(4, 9, 0, true, echo, { protocol: 1 }));
    portsOf(decoder, fragment(4, 9, 16, false, [1, 2, 3], { protocol: 1 }));
    expect([packet.icmpType, packet.icmpId, packet.payloadLength]).toEqual([8, 0x1234, 3]);
  });

  test('of IPv6 are found whatever next header they say; authentication headers of IPv4 stand in the first only', () => {
    const decoder = new PacketDecoder();
    const options = [17, 0, 1, 4, 0, 0, 0, 0];
    portsOf(decoder, fragment(6, 9, 0, true, [...options, ...udp, ...Array(8).fill(1)], { protocol: 60 }));
    expect(portsOf(decoder, fragment(6, 9, 24, false, [1, 2], { protocol: 60 }))).toEqual([5000, 53]);
    expect(packet.protocol).toBe(17);
    const authentication = [17, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2];
    portsOf(decoder, fragment(4, 9, 0, true, [...authentication, ...udp, 1, 2, 3, 4], { protocol: 51 }));
    expect(portsOf(decoder, fragment(4, 9, 24, false, [1, 2], { protocol: 51 }))).toEqual([5000, 53]);
    expect(decoder.fragmentCounters).toMatchObject({ found: 2, overlapping: 0 });
  });

  test('are forgotten after their time, by the clock of packets', () => {
    const decoder = new PacketDecoder({ fragments: { seconds: 30 } });
    portsOf(decoder, fragment(4, 9, 0, true, [...udp, ...Array(8).fill(1)]), 1000);
    expect(portsOf(decoder, fragment(4, 9, 16, true, [1]), 1030)).toEqual([5000, 53]);
    expect(portsOf(decoder, fragment(4, 9, 16, true, [1]), 1031)).toEqual([0, 0]);
    // A capture that was merged carelessly goes back in time.
    expect(portsOf(decoder, fragment(4, 9, 16, true, [1]), 970)).toEqual([5000, 53]);
    expect(portsOf(decoder, fragment(4, 9, 16, true, [1]), 969)).toEqual([0, 0]);
  });

  test('of VLANs and tunnels are kept apart', () => {
    const decoder = new PacketDecoder();
    const tagged = (vlan: number, bytes: Uint8Array) =>
      frameOf(1, join(Array(12).fill(2), [0x81, 0, ...u16(vlan), 8, 0], bytes));
    decoder.decode(tagged(5, fragment(4, 9, 0, true, [...udp, ...Array(8).fill(1)])), packet);
    decoder.decode(tagged(6, fragment(4, 9, 16, false, [1])), packet);
    expect(packet.destinationPort).toBe(0);
    decoder.decode(tagged(5, fragment(4, 9, 16, false, [1])), packet);
    expect(packet.destinationPort).toBe(53);
  });

  test('an identification that comes again is another datagram', () => {
    const decoder = new PacketDecoder();
    portsOf(decoder, fragment(4, 9, 0, true, [...udp, ...Array(8).fill(1)]));
    portsOf(decoder, fragment(4, 9, 0, true, [...u16(6000), ...udp.slice(2), ...Array(8).fill(1)]));
    expect(portsOf(decoder, fragment(4, 9, 16, false, [1]))).toEqual([6000, 53]);
    expect(decoder.fragmentCounters).toMatchObject({ first: 2, repeated: 0 });
  });
});

describe('attacks by fragments are counted', () => {
  test.each<[what: string, offset: number, length: number, expected: object]>([
    ['one that reaches into the first (RFC 5722)', 16, 16, { overlapping: 1, repeated: 0 }],
    ['one within the first: teardrop', 8, 8, { overlapping: 1, repeated: 0 }],
    ['one behind the first', 24, 16, { overlapping: 0, repeated: 0 }],
  ])('%s', (_, offset, length, expected) => {
    const decoder = new PacketDecoder();
    portsOf(decoder, fragment(4, 9, 0, true, [...udp, ...Array(16).fill(1)]));
    portsOf(decoder, fragment(4, 9, offset, true, Array(length).fill(2)));
    expect(decoder.fragmentCounters).toMatchObject({ found: 1, ...expected });
  });

  test('the same again is only repeated, as by a mirror of two ports', () => {
    const decoder = new PacketDecoder();
    const pieces = [
      fragment(4, 9, 0, true, [...udp, ...Array(16).fill(1)]),
      fragment(4, 9, 24, false, Array(16).fill(2)),
    ];
    for (const bytes of [...pieces, ...pieces]) portsOf(decoder, bytes);
    expect(decoder.fragmentCounters).toMatchObject({ first: 2, found: 2, overlapping: 0, repeated: 2 });
  });

  test('many fragments in order are no overlap, however many', () => {
    const decoder = new PacketDecoder();
    portsOf(decoder, fragment(4, 9, 0, true, [...udp, ...Array(8).fill(1)]));
    for (let at = 16; at < 60_000; at += 16) portsOf(decoder, fragment(4, 9, at, true, Array(16).fill(2)));
    expect(decoder.fragmentCounters).toMatchObject({ found: 3749, overlapping: 0, repeated: 0 });
    portsOf(decoder, fragment(4, 9, 56_008, true, Array(16).fill(2)));
    expect(decoder.fragmentCounters.overlapping).toBe(1);
  });

  test('a first one without the flags of TCP, and one that would overwrite them (RFC 1858)', () => {
    const decoder = new PacketDecoder();
    expect(portsOf(decoder, fragment(4, 9, 0, true, tcp.slice(0, 8), { protocol: 6 }))).toEqual([5000, 443]);
    expect([packet.tcpFlags, packet.transportWhole]).toEqual([0, false]);
    expect(portsOf(decoder, fragment(4, 9, 8, false, tcp.slice(8), { protocol: 6 }))).toEqual([5000, 443]);
    expect(decoder.fragmentCounters.tiny).toBe(2);
  });
});

describe('a flood of first fragments', () => {
  test('takes no more memory, and what it pushes out is counted', () => {
    const decoder = new PacketDecoder({ fragments: { capacity: 64, seed: 5 } });
    const held = decoder.stateBytes;
    for (let id = 0; id < 5000; id++)
      portsOf(decoder, fragment(6, id, 0, true, [...u16(id), ...udp.slice(2), ...Array(8).fill(1)]));
    expect(decoder.stateBytes).toBe(held);
    expect(decoder.fragmentCounters).toMatchObject({ first: 5000, evicted: 5000 - 64 });
    for (let id = 4936; id < 5000; id++)
      expect(portsOf(decoder, fragment(6, id, 16, false, [1]))[0]).toBe(id);
    expect(portsOf(decoder, fragment(6, 4935, 16, false, [1]))).toEqual([0, 0]);
  });

  test('does not push out what is in use at once', () => {
    const decoder = new PacketDecoder({ fragments: { capacity: 8 } });
    const first = fragment(4, 1, 0, true, [...udp, ...Array(8).fill(1)], { host: 9 });
    portsOf(decoder, first);
    for (let id = 0; id < 40; id++) {
      portsOf(decoder, fragment(4, id, 0, true, [...udp, ...Array(8).fill(1)]));
      expect(portsOf(decoder, fragment(4, 1, 16 + 8 * id, true, Array(8).fill(1), { host: 9 }))).toEqual([
        5000, 53,
      ]);
    }
  });

  test('what is out of its time is replaced without being counted as evicted', () => {
    const table = new FragmentTable({ capacity: 4, seconds: 1 });
    Object.assign(packet, { family: 4, moreFragments: true, vlanCount: 0, tunnelId: -1, nanoseconds: 0 });
    for (let id = 0; id < 40; id++) {
      Object.assign(packet, { fragmentId: id, seconds: id * 10 });
      table.first(packet, 17, 16, 16);
    }
    expect([table.size, table.counters.evicted, table.counters.first]).toEqual([4, 0, 40]);
  });
});

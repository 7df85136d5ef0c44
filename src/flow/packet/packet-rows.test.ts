import fc from 'fast-check';
import { expect, test } from 'vitest';
import { frameOf } from './frame.fixture.ts';
import { Packet } from './packet.ts';
import { PacketBuilder } from './packet-builder.fixture.ts';
import { PacketDecoder } from './packet-decoder.ts';
import { PacketRows } from './packet-rows.ts';
import { saidBy } from './said.fixture.ts';

test('packets come back from rows as they were written, in their order', () => {
  const decoder = new PacketDecoder();
  const kinds = { wide: 0, quotes: 0, tunnels: 0, fragments: 0 };
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer({ min: 0, max: 2 ** 31 }), fc.nat({ max: 3 }), fc.nat({ max: 0xff })), {
        minLength: 1,
        maxLength: 20,
      }),
      (seeds) => {
        let rows = new PacketRows(new ArrayBuffer(2 * 26 * 4));
        const said: unknown[] = [];
        for (const [seed, tunnels, damage] of seeds) {
          const { linkType, built } = new PacketBuilder(seed).frame(tunnels);
          const bytes = Uint8Array.from(built.bytes);
          // Fragments and other oddities come from damage.
          bytes[damage % bytes.length]! ^= damage;
          const frame = frameOf(linkType, bytes, { seconds: 2 ** 33 + seed });
          frame.nanoseconds = seed % 1e9;
          frame.interface = seed & 0xffff;
          const packet = new Packet();
          if (decoder.decode(frame, packet) !== 0) continue;
          expect(rows.write(packet)).toBe(true);
          said.push(saidBy(packet));
          if (packet.hasQuote) kinds.quotes++;
          if (packet.tunnel !== undefined) kinds.tunnels++;
          if (packet.fragmentId >= 0) kinds.fragments++;
          if (rows.rows > said.length) kinds.wide++;
        }
        rows = new PacketRows(rows.buffer, rows.rows);
        const packet = new Packet();
        const found: unknown[] = [];
        for (let row = 0; row < rows.rows; ) {
          row = rows.read(row, packet);
          found.push(structuredClone(saidBy(packet)));
        }
        expect(found).toEqual(said.map((one) => structuredClone(one)));
      },
    ),
    { numRuns: 1000 },
  );
  for (const [kind, count] of Object.entries(kinds)) expect(count, kind).toBeGreaterThan(20);
});

test('a fragment and the largest numbers keep them', () => {
  const rows = new PacketRows();
  const packet = new Packet();
  Object.assign(packet, {
    ...{ family: 6, protocol: 17, ttl: 255, seconds: 2 ** 40, nanoseconds: 999_999_999 },
    ...{ ipLength: 2 ** 32 + 39, payloadLength: 2 ** 32 - 1, wireLength: 2 ** 32 - 1, interface: 70_000 },
    ...{ fragmentId: 2 ** 32 - 1, fragmentOffset: 65_528, moreFragments: true, transportWhole: false },
    ...{ sourcePort: 65_535, destinationPort: 65_534, tcpFlags: 0x1ff, tcpWindow: 65_535 },
    ...{ tcpSequence: 2 ** 32 - 1, tcpAcknowledgement: 2 ** 31, tunnel: 'gre', tunnelId: 2 ** 32 - 1 },
  });
  expect(rows.write(packet)).toBe(true);
  const found = new Packet();
  expect(rows.read(0, found)).toBe(rows.rows);
  expect(saidBy(found)).toEqual(saidBy(packet));
  packet.family = 0;
  expect(rows.write(packet)).toBe(false);
});

import { type Chance, join, u16, u32 } from './packet-builder.fixture.ts';

/** A datagram of UDP in pieces. */
export interface BuiltDatagram {
  readonly family: 4 | 6;
  readonly id: number;
  readonly ports: readonly [number, number];
  /** Each with its IP header; raw IP. */
  readonly fragments: readonly Uint8Array[];
}

/** One fragment of UDP or TCP between two hosts: payload at an offset. */
export function fragment(
  family: 4 | 6,
  id: number,
  offset: number,
  more: boolean,
  payload: readonly number[] | Uint8Array,
  { host = 1, protocol = 17 } = {},
): Uint8Array {
  if (family === 4) {
    const flags = (more ? 0x2000 : 0) | (offset >> 3);
    const lengths = [...u16(20 + payload.length), ...u16(id), ...u16(flags)];
    return join([0x45, 0, ...lengths, 64, protocol, 0, 0, 198, 18, 0, host, 198, 19, 0, 1], payload);
  }
  const address = [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
  const header = [0x60, 0, 0, 0, ...u16(8 + payload.length), 44, 64, ...address, host, ...address, 200];
  return join(header, [protocol, 0, ...u16(offset | (more ? 1 : 0)), ...u32(id)], payload);
}

/** Returns a datagram cut into pieces at random. */
export function fragmented(chance: Chance, family: 4 | 6, id: number, host: number): BuiltDatagram {
  const payload = chance.bytes(40 + chance.below(400));
  const ports = [20_000 + chance.below(30_000), 20_000 + chance.below(30_000)] as const;
  const datagram = join([...u16(ports[0]), ...u16(ports[1]), ...u16(8 + payload.length), 0, 0], payload);
  const fragments: Uint8Array[] = [];
  for (let at = 0; at < datagram.length; ) {
    const end = at + 8 * (1 + chance.below(12));
    const more = end < datagram.length;
    fragments.push(fragment(family, id, at, more, datagram.subarray(at, end), { host }));
    at = end;
  }
  return { family, id, ports, fragments };
}

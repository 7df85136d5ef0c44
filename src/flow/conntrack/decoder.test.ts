import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Address, formatAddress, ipv4, ipv6 } from '../../net/address.ts';
import { ConntrackDecoder } from './decoder.ts';
import { ConntrackEntry, type ConntrackTuple, EntryKind, Status, TcpTrack } from './entry.ts';
import { control, type EntrySpec, entryMessage, type TupleSpec } from './message.fixture.ts';

/** All that a decoder told, entries as copies. */
function read(...messages: readonly Uint8Array[]) {
  const entries: ConntrackEntry[] = [];
  const events: string[] = [];
  const decoder = new ConntrackDecoder({
    entry(entry) {
      const copy = new ConntrackEntry();
      const { original, reply, ...rest } = entry;
      Object.assign(copy, rest);
      for (const [to, from] of [
        [copy.original, original],
        [copy.reply, reply],
      ] as const) {
        const { source, destination, ...numbers } = from;
        Object.assign(to, numbers);
        to.source.set(source);
        to.destination.set(destination);
      }
      entries.push(copy);
    },
    dumped: (sequence, interrupted) =>
      void events.push(`dumped ${sequence}${interrupted ? ' interrupted' : ''}`),
    refused: (sequence, errno) => void events.push(`refused ${sequence} ${errno}`),
    overrun: () => void events.push('overrun'),
  });
  for (const message of messages) decoder.decode(message, 0, message.length);
  const counters = decoder.counters();
  const dropped = Object.values(counters.dropped).reduce((sum, count) => sum + count, 0);
  expect(counters.entries + counters.control + counters.others + dropped).toBe(counters.messages);
  expect(counters.entries).toBe(entries.length);
  return { entries, events, counters };
}

const address = (family: number, lanes: Uint32Array): string =>
  formatAddress(family === 4 ? ipv4(lanes[3]!) : ipv6(lanes[0]!, lanes[1]!, lanes[2]!, lanes[3]!));
const ends = (family: number, tuple: ConntrackTuple): string =>
  `${address(family, tuple.source)} ${tuple.sourcePort} ${address(family, tuple.destination)} ${tuple.destinationPort}`;

/** As Linux 6.18 sent them. */
const kernel = {
  newTcp:
    'd000000000010006000000000000000002000000340001801400018008000100c633640208000200cb0071021c000280050001000600000006000200bcd200000600030000500000340002801400018008000100cb00710208000200cb0071011c0002800500010006000000060002000050000006000300bcd2000008000c009ffca1c008000300000001980800070000000078300004802c0001800500010001000000050002000a0000000500030000000000060004000300000006000500000000000c001b0018ecb3a4c3e2f8c5',
  assured:
    'd000000000010000000000000000000002000000340001801400018008000100c633640208000200cb0071021c000280050001000600000006000200bcd200000600030000500000340002801400018008000100cb00710208000200cb0071011c0002800500010006000000060002000050000006000300bcd2000008000c009ffca1c0080003000000019e0800070000069780300004802c0001800500010003000000050002000a000000050003000a000000060004002300000006000500230000000c001b0018ecb3a4c3e4c8e1',
  refused:
    '0401000002010000000000000000000002000000340001801400018008000100c633640208000200cb0071021c000280050001000600000006000200867e00000600030000510000340002801400018008000100cb00710208000200cb0071011c0002800500010006000000060002000051000006000300867e000008000c007d9b9efd080003000000039808000700000000781c0009800c00010000000000000000010c000200000000000000003c1c000a800c00010000000000000000010c00020000000000000000281c0014800c00010018ecb3a4cafc461c0c00020018ecb3a4cafcd206100004800c00018005000100080000000c001b0018ecb3a4cafcd260',
  ping6:
    'e00000000001000600000000000000000a000000540001802c0001801400030020010db80001000000000000000000021400040020010db800020000000000000000000224000280050001003a00000006000700628a000005000800800000000500090000000000540002802c0001801400030020010db80002000000000000000000021400040020010db800010000000000000000000224000280050001003a00000006000700628a00000500080081000000050009000000000008000c00a02530a30800030000000188080007000000001e0c001b0018ecb3a4cb4bb592',
  done: '14000000030002004d0000006d62000000000000',
};
const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex, 'hex'));

describe('messages of a real kernel', () => {
  test('TCP behind NAT, made', () => {
    const { entries } = read(bytes(kernel.newTcp));
    const entry = entries[0]!;
    expect(ends(4, entry.original)).toBe('198.51.100.2 48338 203.0.113.2 80');
    expect(ends(4, entry.reply)).toBe('203.0.113.2 80 203.0.113.1 48338');
    expect(entry).toMatchObject({
      kind: EntryKind.New,
      family: 4,
      hasReply: true,
      id: 2684133824,
      timeout: 120,
      tcpState: TcpTrack.SynSent,
      tcpOriginal: 3,
      tcpReply: 0,
      status: 0x198,
      originalPackets: -1,
      start: -1,
      mark: -1,
      zone: -1,
      helper: undefined,
    });
    expect(entry.status & Status.SourceNat).toBeTruthy();
    expect(entry.original.protocol).toBe(6);
    expect(entry.eventAt).toBeCloseTo(1796007871656.4255, 3);
  });

  test('TCP that has become established', () => {
    const { entries } = read(bytes(kernel.assured));
    expect(entries[0]).toMatchObject({ kind: EntryKind.Update, tcpState: 3, timeout: 432000 });
    expect(entries[0]!.status & Status.Assured).toBeTruthy();
  });

  test('TCP that was refused, removed', () => {
    const { entries } = read(bytes(kernel.refused));
    expect(entries[0]).toMatchObject({
      kind: EntryKind.Destroy,
      tcpState: TcpTrack.Close,
      timeout: 120,
      originalPackets: 1,
      originalBytes: 60,
      replyPackets: 1,
      replyBytes: 40,
    });
    expect(entries[0]!.start).toBeCloseTo(1796007871775.5244, 3);
    expect(entries[0]!.stop).toBeCloseTo(1796007871775.56, 3);
  });

  test('ICMPv6', () => {
    const { original, reply } = read(bytes(kernel.ping6)).entries[0]!;
    expect(ends(6, original)).toBe('2001:db8:1::2 0 2001:db8:2::2 0');
    expect(original).toMatchObject({ protocol: 58, icmpType: 128, icmpCode: 0, icmpId: 25226 });
    expect(reply).toMatchObject({ protocol: 58, icmpType: 129, icmpId: 25226 });
  });

  test('the end of a dump', () => {
    expect(read(bytes(kernel.done)).events).toEqual(['dumped 77']);
  });
});

test('control messages', () => {
  const { events, counters } = read(
    control.done(3),
    control.done(4, 0x12),
    control.error(5, 1),
    control.error(6, 0),
    control.overrun(),
  );
  expect(events).toEqual(['dumped 3', 'dumped 4 interrupted', 'refused 5 1', 'refused 6 0', 'overrun']);
  expect(counters.control).toBe(5);
});

test('several messages in one piece; what is no entry is passed over', () => {
  const other = bytes(kernel.newTcp);
  other[5] = 2; // An expectation.
  const all = [bytes(kernel.newTcp), other, bytes(kernel.ping6), bytes(kernel.done)];
  const { entries, events, counters } = read(Uint8Array.from(all.flatMap((one) => [...one])));
  expect(entries.map(({ family }) => family)).toEqual([4, 6]);
  expect(events).toEqual(['dumped 77']);
  expect(counters.others).toBe(1);
});

describe('what is wrong is dropped, with a reason', () => {
  const change = (at: number, value: number) => {
    const message = bytes(kernel.newTcp);
    message[at] = value;
    return message;
  };
  test.each([
    ['header', bytes(kernel.newTcp).subarray(0, 12)],
    ['length', bytes(kernel.newTcp).subarray(0, 100)],
    ['length', change(0, 8)],
    ['body', Uint8Array.from([16, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])],
    ['body', Uint8Array.from([16, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])],
    ['family', change(16, 7)],
    // The original tuple reaches beyond the message; an address of three bytes; no original tuple.
    ['attribute', change(21, 0xff)],
    ['attribute', change(28, 7)],
    ['tuple', change(22, 99)],
  ])('%s', (reason, message) => {
    const { counters, entries } = read(message);
    expect(entries).toEqual([]);
    expect(counters.dropped).toMatchObject({ [reason]: 1 });
  });
});

const addresses = (family: 4 | 6): fc.Arbitrary<Address> => {
  const lane = fc.nat(0xffff_ffff);
  return family === 4
    ? lane.map(ipv4)
    : fc.tuple(lane, lane, lane, lane).map(([a, b, c, d]) => ipv6(a, b, c, d));
};
const port = fc.nat(0xffff);
const tuples = (family: 4 | 6): fc.Arbitrary<TupleSpec> =>
  fc.oneof(
    fc.record({
      source: addresses(family),
      destination: addresses(family),
      protocol: fc.constantFrom(6, 17, 132, 136, 47),
      sourcePort: port,
      destinationPort: port,
    }),
    fc.record({
      source: addresses(family),
      destination: addresses(family),
      protocol: fc.constant(family === 4 ? 1 : 58),
      icmp: fc.record({ type: fc.nat(255), code: fc.nat(255), id: port }),
    }),
    fc.record({ source: addresses(family), destination: addresses(family), protocol: fc.nat(255) }),
  );
const counter = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const specs: fc.Arbitrary<EntrySpec> = fc.constantFrom<4 | 6>(4, 6).chain((family) =>
  fc.record(
    {
      kind: fc.nat(3),
      original: tuples(family),
      reply: tuples(family),
      status: fc.nat(0x7fff_ffff),
      tcpState: fc.nat(9),
      timeout: fc.nat(0x7fff_ffff),
      mark: fc.nat(0xffff_ffff),
      zone: port,
      id: fc.nat(0xffff_ffff),
      counters: fc.tuple(counter, counter, counter, counter),
      start: fc.bigInt({ min: 0n, max: 2n ** 62n }),
      eventAt: fc.bigInt({ min: 0n, max: 2n ** 62n }),
      helper: fc.constantFrom('ftp', 'sip', 'snmp_trap'),
    },
    { requiredKeys: ['kind', 'original'] },
  ),
);

test('what is written is read (property)', () => {
  const saturated = (value: bigint) => Math.min(2 ** 53, Number(value));
  const sameTuple = (family: number, tuple: ConntrackTuple, spec: TupleSpec) => {
    expect(ends(family, tuple)).toBe(
      `${formatAddress(spec.source)} ${spec.sourcePort ?? 0} ${formatAddress(spec.destination)} ${spec.destinationPort ?? 0}`,
    );
    expect(tuple.protocol).toBe(spec.protocol);
    expect(tuple.icmpType).toBe(spec.icmp?.type ?? -1);
    expect(tuple.icmpCode).toBe(spec.icmp?.code ?? 0);
    expect(tuple.icmpId).toBe(spec.icmp?.id ?? 0);
  };
  fc.assert(
    fc.property(specs, (spec) => {
      const entry = read(entryMessage(spec)).entries[0]!;
      const { family } = spec.original.source;
      sameTuple(family, entry.original, spec.original);
      expect(entry.hasReply).toBe(spec.reply !== undefined);
      if (spec.reply) sameTuple(family, entry.reply, spec.reply);
      const { counters } = spec;
      expect(entry).toMatchObject({
        kind: spec.kind,
        family,
        status: spec.status ?? -1,
        tcpState: spec.tcpState ?? -1,
        timeout: spec.timeout ?? -1,
        mark: spec.mark ?? -1,
        zone: spec.zone ?? -1,
        id: spec.id ?? 0,
        originalPackets: counters ? saturated(counters[0]) : -1,
        originalBytes: counters ? saturated(counters[1]) : -1,
        replyPackets: counters ? saturated(counters[2]) : -1,
        replyBytes: counters ? saturated(counters[3]) : -1,
        helper: spec.helper,
      });
      for (const [time, told] of [
        [entry.start, spec.start],
        [entry.eventAt, spec.eventAt],
      ] as const) {
        if (told === undefined) expect(time).toBe(-1);
        else expect(Math.abs(time - Number(told / 1000n) / 1000)).toBeLessThan(0.01);
      }
    }),
  );
});

test('pieces of messages and changed bytes never throw (property)', () => {
  fc.assert(
    fc.property(
      fc.array(specs, { minLength: 1, maxLength: 3 }),
      fc.array(fc.tuple(fc.nat(400), fc.nat(255)), { maxLength: 6 }),
      fc.nat(600),
      (some, changes, cut) => {
        const all = Uint8Array.from(some.flatMap((spec) => [...entryMessage(spec)])).subarray(0, 600 - cut);
        for (const [at, value] of changes) if (at < all.length) all[at] = value;
        read(all);
      },
    ),
  );
});

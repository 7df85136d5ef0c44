import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readFrames } from './read-frames.fixture.ts';
import {
  block,
  eight,
  interfaceBlock,
  joined,
  packetBlock,
  pcapHeader,
  pcapRecord,
  sectionBlock,
  simpleBlock,
  statisticsBlock,
  ticksOf,
  type WrittenFrame,
  writePcap,
} from './write-capture.fixture.ts';

const data = (length: number, value = 7) => new Uint8Array(length).fill(value);
const one: WrittenFrame = {
  bytes: data(60),
  seconds: 1_700_000_000,
  nanoseconds: 123_456_000,
  wireLength: 1514,
};

const frames = fc
  .array(
    fc.record({
      bytes: fc.uint8Array({ maxLength: 200 }),
      seconds: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
      nanoseconds: fc.integer({ min: 0, max: 999_999 }).map((micro) => micro * 1000),
      more: fc.integer({ min: 0, max: 100_000 }),
    }),
    { maxLength: 12 },
  )
  .map((list) => list.map(({ more, ...frame }) => ({ ...frame, wireLength: frame.bytes.length + more })));
const sizes = fc.array(fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 400 })), {
  minLength: 1,
  maxLength: 5,
});

function addsUp(reader: ReturnType<typeof readFrames>['reader'], pushed: number): void {
  const { records, frames, described, skipped, dropped, bytes, unreadBytes } = reader.counters;
  const lost = Object.values(dropped).reduce((sum, count) => sum + count, 0);
  expect(records).toBe(frames + described + skipped + lost);
  expect(bytes + unreadBytes).toBe(pushed);
}

describe('pcap', () => {
  test.each(['micro', 'nano', 'modified'] as const)('%s seconds, both byte orders', (resolution) => {
    for (const isBig of [false, true]) {
      const frame = { ...one, nanoseconds: resolution === 'nano' ? 123_456_789 : 123_456_000 };
      const { frames: read, reader } = readFrames(
        writePcap([frame, { ...frame, seconds: 5 }], { isBig, resolution }),
      );
      expect(read).toEqual([
        { ...frame, linkType: 1, interface: 0 },
        { ...frame, seconds: 5, linkType: 1, interface: 0 },
      ]);
      expect(reader.problem).toBeUndefined();
      expect(reader.counters).toMatchObject({ frames: 2, capturedBytes: 120, wireBytes: 3028, described: 1 });
    }
  });

  test('the length of a frame check sequence is no part of the link type', () => {
    expect(readFrames(writePcap([one], { linkType: 0x4400_0071 })).frames[0]?.linkType).toBe(0x71);
  });

  test('versions: 2.4 and before, no others', () => {
    expect(readFrames(writePcap([one], { version: [2, 3] })).frames).toHaveLength(1);
    const { frames: read, reader } = readFrames(writePcap([one], { version: [3, 0] }));
    expect(read).toEqual([]);
    expect(reader.problem).toEqual({
      reason: 'version',
      offset: 0,
      message: 'a capture of version 3.0, where 2.4 is known',
    });
    expect(reader.counters).toMatchObject({ bytes: 0, unreadBytes: 100, records: 1 });
  });

  test('before version 2.3 the length on the wire comes first, in 2.3 it may', () => {
    // What the writer takes for the captured length is written first.
    const reversed = (version: readonly [number, number]) => {
      const file = writePcap([{ bytes: data(1514), wireLength: 60 }], { version });
      return file.subarray(0, 24 + 16 + 60);
    };
    for (const version of [
      [2, 2],
      [2, 3],
      [543, 0],
    ] as const) {
      const [frame] = readFrames(reversed(version)).frames;
      expect([frame?.bytes.length, frame?.wireLength]).toEqual([60, 1514]);
    }
  });

  test('more captured than there was on the wire: as long as captured, and counted', () => {
    const { frames: read, reader } = readFrames(writePcap([{ ...one, wireLength: 10 }]));
    expect(read[0]).toMatchObject({ wireLength: 60 });
    expect(reader.counters.longerThanWire).toBe(1);
  });

  test('fractions beyond a second are carried', () => {
    const { frames: read } = readFrames(writePcap([{ ...one, seconds: 3, nanoseconds: 2_500_000_000 }]));
    expect(read[0]).toMatchObject({ seconds: 5, nanoseconds: 500_000_000 });
  });

  test('a length that cannot be ends the reading, and it is told where', () => {
    const good = pcapRecord(one);
    const bad = pcapRecord(one);
    bad.set([0xff, 0xff, 0xff, 0x7f], 8);
    const file = joined([pcapHeader(), good, bad, good]);
    const { frames: read, reader } = readFrames(file);
    expect(read).toHaveLength(1);
    expect(reader.hasEnded).toBe(true);
    expect(reader.problem).toEqual({
      reason: 'length',
      offset: 24 + good.length,
      message: 'a record of 2147483647 bytes',
    });
    addsUp(reader, file.length);
    expect(reader.counters.unreadBytes).toBe(2 * good.length);
  });

  test('a capture that is cut off gives what is whole of it', () => {
    const file = writePcap([one, one]);
    for (const length of [file.length - 1, file.length - 60, file.length - 75]) {
      const { frames: read, reader } = readFrames(file.subarray(0, length), [7]);
      expect(read).toHaveLength(1);
      expect(reader.problem).toMatchObject({ reason: 'cut-off', offset: 24 + 76 });
      addsUp(reader, length);
    }
  });

  test.each([
    ['nothing', new Uint8Array(0)],
    ['two bytes', Uint8Array.of(0xd4, 0xc3)],
    ['a text', new TextEncoder().encode('no capture at all')],
  ])('%s is no capture', (_, bytes) => {
    const { reader } = readFrames(bytes);
    expect(reader.problem?.reason).toBe('not-a-capture');
    addsUp(reader, bytes.length);
  });

  test('frames are places in the piece that was pushed', async () => {
    const { CaptureReader } = await import('./read-capture.ts');
    const file = writePcap([one, one]);
    const seen: boolean[] = [];
    const reader = new CaptureReader((frame) => seen.push(frame.bytes === file));
    reader.push(file);
    expect(seen).toEqual([true, true]);
  });

  test('any pieces, byte order and resolution give the same frames', () => {
    fc.assert(
      fc.property(
        frames,
        sizes,
        fc.boolean(),
        fc.constantFrom('micro', 'nano', 'modified'),
        (list, cut, isBig, resolution) => {
          const file = writePcap(list, { isBig, resolution });
          const { frames: read, reader } = readFrames(file, cut);
          expect(read).toEqual(list.map((frame) => ({ ...frame, linkType: 1, interface: 0 })));
          expect(reader.problem).toBeUndefined();
          addsUp(reader, file.length);
        },
      ),
    );
  });
});

describe('pcapng', () => {
  test('sections of both byte orders, several interfaces: numbered over all of them', () => {
    const file = joined([
      sectionBlock(false),
      interfaceBlock({ name: 'eth0' }),
      interfaceBlock({ name: 'tun0', linkType: 101, resolution: 9, snapLength: 96 }),
      packetBlock({ ...one, interface: 1 }, ticksOf(one.seconds!, 5, 1_000_000_000n)),
      packetBlock({ ...one, interface: 0 }, ticksOf(one.seconds!, 5000, 1_000_000n)),
      sectionBlock(true),
      interfaceBlock({ name: 'any', linkType: 276 }, true),
      packetBlock(one, ticksOf(one.seconds!, 7000, 1_000_000n), { isBig: true }),
    ]);
    const { frames: read, reader } = readFrames(file);
    expect(read.map(({ linkType, interface: of, nanoseconds }) => [linkType, of, nanoseconds])).toEqual([
      [101, 1, 5],
      [1, 0, 5000],
      [276, 2, 7000],
    ]);
    expect(read.every(({ seconds, wireLength }) => seconds === one.seconds && wireLength === 1514)).toBe(
      true,
    );
    expect(
      reader.interfaces.map(({ name, linkType, snapLength, section }) => [
        name,
        linkType,
        snapLength,
        section,
      ]),
    ).toEqual([
      ['eth0', 1, 0, 0],
      ['tun0', 101, 96, 0],
      ['any', 276, 0, 1],
    ]);
    addsUp(reader, file.length);
  });

  test('obsolete and simple packets; a simple one has the time of the one before', () => {
    const file = joined([
      sectionBlock(),
      interfaceBlock({ snapLength: 40 }),
      packetBlock(one, ticksOf(9, 1000, 1_000_000n), { isObsolete: true, lost: 3 }),
      simpleBlock(data(40), 900),
      simpleBlock(data(21)),
      packetBlock(one, 0n, { isObsolete: true, lost: 0xffff }),
    ]);
    const { frames: read, reader } = readFrames(file);
    expect(read.map(({ bytes, seconds, wireLength }) => [bytes.length, seconds, wireLength])).toEqual([
      [60, 9, 1514],
      [40, 9, 900],
      [21, 9, 21],
      [60, 0, 1514],
    ]);
    expect(reader.interfaces[0]?.lost).toBe(3);
  });

  test('losses: statistics tell them in all, packets since the one before', () => {
    const file = joined([
      sectionBlock(),
      interfaceBlock(),
      interfaceBlock(),
      packetBlock({ ...one, interface: 1 }, 0n, { list: [[4, eight(4n)]] }),
      packetBlock({ ...one, interface: 1 }, 0n, {
        list: [
          [2, data(4)],
          [4, eight(5n)],
        ],
      }),
      statisticsBlock(0, [[5, eight(10n)]]),
      statisticsBlock(0, [
        [4, eight(999n)],
        [5, eight(12n)],
        [7, eight(2n ** 33n)],
      ]),
    ]);
    const { reader } = readFrames(file);
    expect(reader.interfaces.map(({ lost }) => lost)).toEqual([12 + 2 ** 33, 9]);
  });

  test('blocks of other kinds are passed over', () => {
    const file = joined([
      sectionBlock(),
      block(4, data(400)),
      interfaceBlock(),
      block(0x8000_0001, data(200_000)),
      block(10, data(0)),
      packetBlock(one, 0n),
    ]);
    for (const cut of [[file.length], [1], [4093, 12]]) {
      const { frames: read, reader } = readFrames(file, cut);
      expect(read).toHaveLength(1);
      expect(reader.counters).toMatchObject({ skipped: 3, described: 2 });
      addsUp(reader, file.length);
    }
  });

  test('packets of interfaces that were not described, and blocks that lie, are dropped alone', () => {
    const short = packetBlock({ ...one, bytes: data(8) }, 0n);
    short[20] = 200;
    const file = joined([
      sectionBlock(),
      packetBlock(one, 0n),
      block(1, data(4)),
      interfaceBlock({ linkType: 147 }),
      packetBlock({ ...one, interface: 1 }, 0n),
      packetBlock({ ...one, interface: 2 }, 0n),
      packetBlock({ ...one, interface: 0 }, 0n),
      short,
      block(6, data(8)),
      statisticsBlock(7, []),
    ]);
    const { frames: read, reader } = readFrames(file);
    expect(read.map(({ linkType }) => linkType)).toEqual([147]);
    expect(reader.counters.dropped).toMatchObject({ interface: 5, content: 2 });
    expect(reader.problem).toEqual({
      reason: 'interface',
      offset: 28,
      message: 'a block of an interface that was not described',
    });
    addsUp(reader, file.length);
  });

  test.each([
    ['a length that is no multiple of 4', (bytes: Uint8Array) => bytes.set([93], 4), 'length'],
    ['a length below the smallest', (bytes: Uint8Array) => bytes.set([8], 4), 'length'],
    ['a length beyond all measure', (bytes: Uint8Array) => bytes.set([0, 0, 0, 0x7f], 4), 'length'],
    ['another length at the end', (bytes: Uint8Array) => bytes.set([0], bytes.length - 4), 'trailer'],
  ] as const)('%s ends the reading', (_, damage, reason) => {
    const damaged = packetBlock(one, 0n);
    damage(damaged);
    const file = joined([
      sectionBlock(),
      interfaceBlock(),
      packetBlock(one, 0n),
      damaged,
      packetBlock(one, 0n),
    ]);
    const { frames: read, reader } = readFrames(file);
    expect(read).toHaveLength(1);
    expect(reader.problem).toMatchObject({ reason, offset: 28 + 20 + 92 });
    addsUp(reader, file.length);
  });

  test('a block that is passed over and says another length at its end', () => {
    const damaged = block(99, data(40));
    damaged[damaged.length - 4] = 1;
    const file = joined([sectionBlock(), damaged, interfaceBlock()]);
    for (const cut of [[file.length], [3]]) {
      const { reader } = readFrames(file, cut);
      expect(reader.problem).toMatchObject({ reason: 'trailer', offset: 28 });
      addsUp(reader, file.length);
    }
  });

  test('a section of another version or byte order ends the reading', () => {
    const file = joined([sectionBlock(), sectionBlock(true, [2, 0])]);
    expect(readFrames(file).reader.problem).toMatchObject({ reason: 'version', offset: 28 });
    expect(readFrames(sectionBlock(false, [1, 2])).reader.problem).toBeUndefined();
    const unknown = sectionBlock();
    unknown[8] = 0;
    expect(readFrames(unknown).reader.problem).toMatchObject({ reason: 'not-a-capture', offset: 0 });
  });

  test('options that do not fit into their block are counted, the block counts', () => {
    const damaged = packetBlock(one, 0n, { list: [[2, data(4)]] });
    damaged[28 + 60 + 2] = 200;
    const { frames: read, reader } = readFrames(joined([sectionBlock(), interfaceBlock(), damaged]));
    expect(read).toHaveLength(1);
    expect(reader.counters.damagedOptions).toBe(1);
    expect(reader.problem).toMatchObject({ reason: 'options', offset: 48 });
  });

  test('a capture cut off within a block that is passed over', () => {
    const file = joined([sectionBlock(), block(99, data(400))]);
    const { reader } = readFrames(file.subarray(0, 200), [50]);
    expect(reader.problem).toMatchObject({ reason: 'cut-off', offset: 28 });
    addsUp(reader, 200);
  });

  test('interfaces are bounded over all sections', () => {
    const most = 65_536;
    const pair = joined([sectionBlock(), interfaceBlock(), packetBlock(one, 0n)]);
    const { frames: read, reader } = readFrames(joined(Array.from({ length: most + 2 }, () => pair)));
    expect(read).toHaveLength(most);
    expect(reader.interfaces).toHaveLength(most);
    expect(reader.counters.dropped).toMatchObject({ 'too-many-interfaces': 2, interface: 2 });
  });

  test('any pieces, byte order and resolution give the same frames', () => {
    const resolutions = [undefined, 6, 9, 0x80 | 20, 0x80 | 30] as const;
    fc.assert(
      fc.property(
        frames,
        sizes,
        fc.boolean(),
        fc.constantFrom(...resolutions),
        (list, cut, isBig, resolution) => {
          const perSecond =
            resolution === undefined
              ? 1_000_000n
              : resolution & 0x80
                ? 2n ** BigInt(resolution & 0x7f)
                : 10n ** BigInt(resolution);
          const file = joined([
            sectionBlock(isBig),
            interfaceBlock(resolution === undefined ? {} : { resolution }, isBig),
            ...list.map((frame) =>
              packetBlock(frame, ticksOf(frame.seconds, frame.nanoseconds, perSecond), { isBig }),
            ),
          ]);
          const { frames: read, reader } = readFrames(file, cut);
          expect(reader.problem).toBeUndefined();
          addsUp(reader, file.length);
          for (const [index, frame] of list.entries()) {
            const found = read[index]!;
            // Powers of 2 do not meet every microsecond.
            const off = frame.nanoseconds - found.nanoseconds;
            expect(off).toBeGreaterThanOrEqual(0);
            expect(off).toBeLessThanOrEqual(Number(1_000_000_000n / perSecond) + 1);
            if ((resolution ?? 0) < 0x80) expect(off).toBe(0);
            expect({ ...found, nanoseconds: 0 }).toEqual({
              ...frame,
              nanoseconds: 0,
              linkType: 1,
              interface: 0,
            });
          }
          expect(read).toHaveLength(list.length);
        },
      ),
    );
  });
});

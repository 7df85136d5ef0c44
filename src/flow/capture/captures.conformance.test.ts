import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, expect, test } from 'vitest';
import type { CaptureReader } from './read-capture.ts';
import { type KeptFrame, readFrames } from './read-frames.fixture.ts';
import {
  eight,
  interfaceBlock,
  joined,
  packetBlock,
  sectionBlock,
  simpleBlock,
  statisticsBlock,
  ticksOf,
  writePcap,
} from './write-capture.fixture.ts';

const shared = process.env.PICKET_SHARED ?? fileURLToPath(new URL('../../../../shared', import.meta.url));
const data = join(shared, 'data/flow');
const run = promisify(execFile);
const hasTshark = await run('tshark', ['-v']).then(
  () => true,
  () => false,
);
const noTshark = hasTshark ? undefined : 'needs tshark';
const skip = noTshark ?? (existsSync(data) ? undefined : `needs ${data}`);
const folder = mkdtempSync(join(tmpdir(), 'picket-captures-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** LINKTYPE by the number that Wireshark has for it (wiretap/wtap.h). */
const linkTypes: Readonly<Record<string, number>> = {
  1: 1,
  7: 101,
  15: 0,
  25: 113,
  130: 229,
  129: 228,
  97: 192,
  210: 276,
};

/** What tshark says of each frame: time, bytes on the wire, bytes captured, link type, interface. */
async function tshark(file: string): Promise<string[]> {
  const fields = ['time_epoch', 'len', 'cap_len', 'encap_type', 'interface_id'];
  const { stdout } = await run(
    'tshark',
    [
      '-n',
      '-r',
      file,
      '-T',
      'fields',
      '-E',
      'separator=,',
      ...fields.flatMap((field) => ['-e', `frame.${field}`]),
    ],
    { maxBuffer: 1 << 26 },
  );
  return stdout
    .trim()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [time, length, captured, encapsulation, of] = line.split(',');
      return [time, length, captured, linkTypes[encapsulation!] ?? `encapsulation ${encapsulation}`, of].join(
        ' ',
      );
    });
}

/** The same of what was read; tshark counts interfaces within their section, and only in pcapng. */
function ours(frames: readonly KeptFrame[], { interfaces }: CaptureReader, isPcapng: boolean): string[] {
  return frames.map(({ seconds, nanoseconds, wireLength, bytes, linkType, interface: of }) => {
    const time = `${seconds}.${String(nanoseconds).padStart(9, '0')}`;
    const first = interfaces.findIndex(({ section }) => section === interfaces[of]!.section);
    return [time, wireLength, bytes.length, linkType, isPcapng ? of - first : ''].join(' ');
  });
}

function capturesBelow(path: string): string[] {
  return readdirSync(path, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.pcap(ng)?$/.test(name) && statSync(join(path, name)).isFile())
    .sort();
}

/** A frame of an overflown time and length, which tshark prints as negative and as the largest integer. */
const overflown = 'packet/fuzz-2021-06-07-c6c72a0a56.pcap';

test.skipIf(skip)(
  `every stored capture has the frames that tshark finds in it${skip ? `: ${skip}` : ''}`,
  async () => {
    const names = capturesBelow(data);
    expect(names.length).toBeGreaterThan(140);
    let count = 0;
    const check = async (name: string) => {
      const bytes = new Uint8Array(readFileSync(join(data, name)));
      const { frames, reader } = readFrames(bytes, [1 + (bytes.length % 4099)]);
      count += frames.length;
      expect(reader.problem, name).toBeUndefined();
      if (name === overflown) {
        expect(frames).toMatchObject([
          { seconds: 1_953_631_157 + 4293, nanoseconds: 562_680_000, wireLength: 4_093_509_168 },
        ]);
        return;
      }
      const isPcapng = bytes[0] === 0x0a;
      expect(ours(frames, reader, isPcapng), name).toEqual(await tshark(join(data, name)));
    };
    const work = async () => {
      for (let name = names.pop(); name !== undefined; name = names.pop()) await check(name);
    };
    await Promise.all([work(), work()]);
    expect(count).toBeGreaterThan(10_000);
  },
  180_000,
);

const frame = (length: number, more = 0) => ({
  bytes: Uint8Array.from({ length }, (_, index) => (index * 7) & 0xff),
  wireLength: length + more,
});
const [second, nano] = [1_700_000_000, 123_456_789];
const made: readonly (readonly [name: string, bytes: Uint8Array])[] = [
  ...(['micro', 'nano', 'modified'] as const).flatMap((resolution) =>
    [false, true].map(
      (isBig) =>
        [
          `pcap, ${resolution}, ${isBig ? 'big' : 'little'}`,
          writePcap(
            [60, 0, 1, 1500].map((length) => ({ ...frame(length, 9), seconds: second, nanoseconds: nano })),
            {
              isBig,
              resolution,
              linkType: resolution === 'micro' ? 0x1400_0071 : 1,
              snapLength: isBig ? 0 : 65_535,
            },
          ),
        ] as const,
    ),
  ),
  ...[false, true].map(
    (isBig) =>
      [
        `pcapng, resolutions and offsets, ${isBig ? 'big' : 'little'}`,
        joined([
          sectionBlock(isBig),
          ...[0, 3, 6, 9, 0x80 | 10, 0x80 | 20, 0x80 | 30].flatMap((resolution, index) => [
            interfaceBlock({ resolution, offset: BigInt(index * 1000), name: `if${index}` }, isBig),
            packetBlock(
              { ...frame(61), interface: index },
              ticksOf(
                second,
                nano,
                resolution & 0x80 ? 2n ** BigInt(resolution & 0x7f) : 10n ** BigInt(resolution),
              ),
              { isBig },
            ),
          ]),
          interfaceBlock({ offset: -1_000_000_000n }, isBig),
          packetBlock({ ...frame(61), interface: 7 }, ticksOf(second, nano, 1_000_000n), { isBig }),
        ]),
      ] as const,
  ),
  [
    'pcapng, sections of both byte orders',
    joined([
      sectionBlock(false),
      interfaceBlock({ snapLength: 96 }),
      interfaceBlock({ linkType: 101 }),
      packetBlock({ ...frame(60), interface: 1 }, ticksOf(second, nano, 1_000_000n)),
      sectionBlock(true),
      interfaceBlock({ linkType: 276 }, true),
      packetBlock(frame(60), ticksOf(second, nano, 1_000_000n), {
        isBig: true,
        list: [[4, eight(1n, true)]],
      }),
      statisticsBlock(0, [[5, eight(3n, true)]], true),
      packetBlock(frame(60, 30), ticksOf(second, nano, 1_000_000n), { isBig: true, isObsolete: true }),
    ]),
  ],
];

test.skipIf(noTshark).each(made)(
  `tshark finds the same frames in what tests write: %s${noTshark ?? ''}`,
  async (name, bytes) => {
    const path = join(folder, 'made');
    writeFileSync(path, bytes);
    const { frames, reader } = readFrames(bytes, [13]);
    expect(reader.problem).toBeUndefined();
    expect(frames.length).toBeGreaterThan(2);
    const found = await tshark(path);
    expect(ours(frames, reader, name.startsWith('pcapng'))).toEqual(found);
  },
);

test.skipIf(noTshark)(`simple packets are as long as tshark says${noTshark ?? ''}`, async () => {
  const bytes = joined([
    sectionBlock(),
    interfaceBlock({ snapLength: 64 }),
    simpleBlock(frame(64).bytes, 1500),
    simpleBlock(frame(33).bytes),
  ]);
  const path = join(folder, 'simple');
  writeFileSync(path, bytes);
  const { frames, reader } = readFrames(bytes);
  expect(ours(frames, reader, true).map((line) => line.replace(/^\S+/, ''))).toEqual(
    (await tshark(path)).map((line) => line.replace(/^\S*/, '')),
  );
});

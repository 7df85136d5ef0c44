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

/** The same of what was read; `interfaceOf` says what tshark calls an interface. */
function ours(frames: readonly KeptFrame[], interfaceOf: (number: number) => number | ''): string[] {
  return frames.map(({ seconds, nanoseconds, wireLength, bytes, linkType, interface: of }) => {
    const time = `${seconds}.${String(nanoseconds).padStart(9, '0')}`;
    return [time, wireLength, bytes.length, linkType, interfaceOf(of)].join(' ');
  });
}

/** tshark counts interfaces within their section. */
function inSection({ interfaces }: CaptureReader): (number: number) => number {
  return (of) => of - interfaces.findIndex(({ section }) => section === interfaces[of]!.section);
}

function capturesBelow(path: string): string[] {
  return readdirSync(path, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.pcap(ng)?$/.test(name) && statSync(join(path, name)).isFile())
    .sort();
}

/** A frame of an overflown time and length, which tshark prints as negative and as the largest integer. */
const overflown = 'packet/fuzz-2021-06-07-c6c72a0a56.pcap';

test.skipIf(skip)(
  `every stored capture has the frames that Wireshark finds in it${skip ? `: ${skip}` : ''}`,
  async () => {
    const names = capturesBelow(data);
    expect(names.length).toBeGreaterThan(140);
    const paths = names.map((name) => join(data, name));
    // All in one, one behind the other, as tshark takes long to start; capinfos says how many are whose.
    const merged = join(folder, 'merged');
    const others = paths.filter((_, index) => names[index] !== overflown);
    await run('mergecap', ['-a', '-I', 'none', '-w', merged, ...others]);
    const found = await tshark(merged);
    const counts = (await run('capinfos', ['-T', '-r', '-M', '-c', ...paths])).stdout.trim().split('\n');
    let [next, interfaces] = [0, 0];
    for (const [index, name] of names.entries()) {
      const bytes = new Uint8Array(readFileSync(paths[index]!));
      const { frames, reader } = readFrames(bytes, [1 + (bytes.length % 4099)]);
      expect(reader.problem, name).toBeUndefined();
      expect(`${paths[index]}\t${frames.length}`).toBe(counts[index]);
      if (name === overflown) {
        expect(frames).toMatchObject([
          { seconds: 1_953_631_157 + 4293, nanoseconds: 562_680_000, wireLength: 4_093_509_168 },
        ]);
        continue;
      }
      const first = interfaces;
      expect(
        ours(frames, (of) => first + of),
        name,
      ).toEqual(found.slice(next, next + frames.length));
      next += frames.length;
      interfaces += reader.interfaces.length;
    }
    expect(next).toBe(found.length);
  },
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
    expect(ours(frames, name.startsWith('pcapng') ? inSection(reader) : () => '')).toEqual(found);
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
  expect(ours(frames, inSection(reader)).map((line) => line.replace(/^\S+/, ''))).toEqual(
    (await tshark(path)).map((line) => line.replace(/^\S*/, '')),
  );
});

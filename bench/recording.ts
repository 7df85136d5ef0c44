/**
 * Recordings of system events: node bench/recording.ts [--quick]. What an openat event as the sensor gives it costs to write, beside
 * JSON.stringify of the same events in the same run, with the ways to pack that were weighed; and to read.
 */
import { constants, deflateRawSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { eventTypeNumber } from '../src/event/event-types.ts';
import type { RawEvent } from '../src/event/raw-event.ts';
import { RecordingDecoder } from '../src/event/recording/decoder.ts';
import { RecordingEncoder } from '../src/event/recording/encoder.ts';
import { Dice } from '../src/segmentation/generate.oracle.ts';
import { type Contender, compare, quick } from './measure.ts';

const count = quick ? 20_000 : 200_000;
const type = eventTypeNumber('openat') as number;
const paths = [
  '/etc/ld.so.cache',
  '/lib/x86_64-linux-gnu/libc.so.6',
  '/usr/lib/locale/locale-archive',
  '/proc/self/status',
  '/var/log/app/current.log',
  '/home/app/.cache/state.json',
  '/srv/data/0001/segment',
  '/usr/share/zoneinfo/UTC',
];
const dice = new Dice(1);
const events: RawEvent[] = Array.from({ length: count }, (_, index) => {
  const path = dice.chance(0.2) ? `/srv/data/${dice.below(100_000)}/segment` : dice.pick(paths);
  const [fd, inode] = [3 + dice.below(60), 1_000_000 + dice.below(100_000)];
  return {
    type,
    time: 1_700_000_000_000_000_000n + BigInt(index) * 10_000n + BigInt(dice.below(9_999)),
    cpu: index % 4,
    tid: 1000 + dice.below(300),
    params: [fd, -100, path, dice.pick([1, 4097, 6]), 0, 64_769, inode],
    observed: {
      descriptor: { fd: -1, type: 'file', name: path, device: 64_769, inode },
      bases: [undefined, undefined, '/srv'],
    },
  };
});

/** Writes all events; returns their bytes. */
function written(pack?: (body: Uint8Array) => Uint8Array, keep?: Uint8Array[]): number {
  const encoder = new RecordingEncoder();
  let bytes = 0;
  const take = () => {
    const chunk = encoder.take(pack);
    bytes += chunk?.bytes.length ?? 0;
    if (chunk !== undefined) keep?.push(chunk.bytes);
  };
  for (const [index, raw] of events.entries()) {
    encoder.event(raw, index + 1);
    if (encoder.isFull) take();
  }
  take();
  return bytes;
}

const zstd = (level: number) => (body: Uint8Array) =>
  zstdCompressSync(body, { params: { [constants.ZSTD_c_compressionLevel]: level } });
const ways: readonly (readonly [name: string, run: () => number])[] = [
  ['written, not packed', () => written()],
  ['written, Zstandard 1 (as it is done)', () => written(zstd(1))],
  ['written, Zstandard 3', () => written(zstd(3))],
  ['written, deflate 1', () => written((body) => deflateRawSync(body, { level: 1 }))],
  [
    'JSON.stringify',
    () =>
      events.reduce(
        (sum, raw) =>
          sum + JSON.stringify(raw, (_, value) => (typeof value === 'bigint' ? `${value}` : value)).length,
        0,
      ),
  ],
  [
    'JSON.stringify, the time as a number',
    () => events.reduce((sum, raw) => sum + JSON.stringify({ ...raw, time: Number(raw.time) }).length, 0),
  ],
];
const chunks: Uint8Array[] = [];
written(zstd(1), chunks);
const contenders: Contender[] = ways.map(([name, run]) => ({ name, operations: count, run }));
contenders.push({
  name: 'read',
  operations: count,
  run: () => {
    const decoder = new RecordingDecoder((body, most) => zstdDecompressSync(body, { maxOutputLength: most }));
    let read = 0;
    for (const chunk of chunks) for (const item of decoder.push(chunk)) if (item.kind === 'event') read++;
    if (read !== count) throw new Error(`${read} of ${count} events read`);
    return read;
  },
});
await compare(`${count} openat events`, contenders);
for (const [name, run] of ways) console.log(`  ${name}: ${(run() / count).toFixed(1)} bytes an event`);

/** Fuzzes the reader of Picket's own recordings and all fields over what it reads: node fuzz/recording.ts [--seconds 600] [--seed n]. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gunzipSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { eventTypes, parametersOf } from '../src/event/event-types.ts';
import type { RawValue } from '../src/event/raw-event.ts';
import { chunkOf, headerAt } from '../src/event/recording/chunk.ts';
import { RecordingDecoder } from '../src/event/recording/decoder.ts';
import { RecordingEncoder } from '../src/event/recording/encoder.ts';
import { headerLength } from '../src/event/recording/format.ts';
import { RecordedMachine } from '../src/event/recording/recorded-machine.ts';
import { readScap } from '../src/event/scap/read-scap.ts';
import { scapItems } from '../src/event/scap/scap-items.ts';
import { syscallSource } from '../src/event/syscall-source.ts';
import { Dice } from '../src/segmentation/generate.oracle.ts';
import { fuzz, fuzzOptions } from './support/run.ts';

const shared = process.env.PICKET_SHARED ?? fileURLToPath(new URL('../../shared', import.meta.url));
const folder = `${shared}/data/falco/captures`;
const start = { id: 'fuzz', segment: 0, hostname: 'edge', time: 1n, writer: 'fuzz' };

const extracts = [...syscallSource.fields.values()].flatMap((field) => {
  const bound = field.bind(field.argument?.required === true ? '1' : undefined);
  return typeof bound === 'function' ? [bound] : [];
});

/** A value of any kind, whatever the parameter wants. */
function anyValue(dice: Dice): RawValue | undefined {
  const end = {
    address: { family: 4 as const, a: 0, b: 0, c: 0, d: dice.below(2 ** 32) },
    port: dice.below(65_536),
  };
  return dice.pick<RawValue | undefined>([
    undefined,
    dice.below(200) - 100,
    BigInt(dice.below(2 ** 31)) << 32n,
    `/tmp/${dice.below(100)}`,
    new Uint8Array(dice.below(40)),
    { kind: 'inet', source: end, destination: end },
    { kind: 'unix', source: 1n, destination: 2n, path: '/run/x' },
    { kind: 'inet', ...end },
    { kind: 'unix', path: '/run/y' },
    [{ fd: 1, flags: 2 }],
  ]);
}

/** Bodies of chunks: of real captures, and of events that are made up. */
const captures = existsSync(folder)
  ? readdirSync(folder).map((name) => bodiesOf(new Uint8Array(gunzipSync(readFileSync(`${folder}/${name}`)))))
  : [];

function bodiesOf(capture: Uint8Array): Uint8Array[] {
  const encoder = new RecordingEncoder({ chunkBytes: 4096 });
  const bodies: Uint8Array[] = [];
  for (const item of scapItems(readScap(capture), 'fuzz')) {
    if (item.kind === 'start') encoder.start(item.start);
    if (item.kind === 'thread') encoder.thread(item.thread);
    if (item.kind === 'account') encoder.account(item.account);
    if (item.kind === 'event') encoder.event(item.raw, item.number);
    if (encoder.isFull) bodies.push((encoder.take() as { bytes: Uint8Array }).bytes.slice(headerLength));
  }
  return bodies;
}

function madeUp(dice: Dice): Uint8Array[] {
  const encoder = new RecordingEncoder();
  encoder.start(start);
  encoder.account({ kind: 'user', id: 0, name: 'root' });
  encoder.container({ id: '0123456789ab', labels: { a: 'b' }, startTime: 5n });
  for (let count = 0; count < 40; count++) {
    const type = dice.below(eventTypes.length);
    const params = parametersOf(type).map(() => anyValue(dice));
    const descriptor = { fd: 3, type: 'file', name: '/x', device: 1, inode: 2 } as const;
    const observed = { descriptor, bases: ['/srv'], session: dice.below(9) };
    encoder.event({ type, time: BigInt(count), cpu: 0, tid: dice.below(80), params, observed }, count + 1);
  }
  encoder.lost('before', new Map([['openat', 3]]));
  return [(encoder.take() as { bytes: Uint8Array }).bytes.slice(headerLength)];
}

function spoiled(dice: Dice, bytes: Uint8Array, most: number): Uint8Array {
  const copy = bytes.slice(0, dice.chance(0.1) ? dice.below(bytes.length + 1) : bytes.length);
  if (copy.length > 0)
    for (let changes = dice.below(most); changes > 0; changes--)
      copy[dice.below(copy.length)] = dice.below(256);
  return copy;
}

/** Recordings whose bodies are damaged under right checksums, and then some bytes of the whole. */
function* damaged(seed: number): Generator<Uint8Array> {
  const dice = new Dice(seed);
  for (let count = 0; count < 20; count++) {
    const bodies = captures.length > 0 && dice.chance(0.5) ? dice.pick(captures).slice(0, 8) : madeUp(dice);
    const chunks = bodies.map((body, index) => {
      const inside = spoiled(dice, body, dice.chance(0.7) ? 4 : 40);
      return dice.chance(0.3)
        ? chunkOf(zstdCompressSync(inside), 1, index)
        : chunkOf(inside, dice.chance(0.05) ? dice.below(4) : 0, index);
    });
    const whole = new Uint8Array(Buffer.concat(chunks));
    yield dice.chance(0.5) ? whole : spoiled(dice, whole, 6);
  }
}

fuzz(
  fuzzOptions(),
  2000,
  damaged,
  (bytes) => {
    const decoder = new RecordingDecoder((body, most) => zstdDecompressSync(body, { maxOutputLength: most }));
    const machine = new RecordedMachine({ threads: 50, descriptors: 20 });
    let events = 0;
    const take = (items: ReturnType<RecordingDecoder['push']>) => {
      for (const item of items) {
        if (item.kind === 'fault' && !(item.offset >= 0 && item.offset <= bytes.length))
          throw new Error('a place outside the file');
        const event = machine.take(item);
        if (event !== undefined && events++ < 200) for (const extract of extracts) extract(event);
      }
    };
    const half = bytes.length >> 1;
    take(decoder.push(bytes.slice(0, half)));
    take(decoder.push(bytes.slice(half)));
    take(decoder.finish());
    if (bytes.length >= headerLength) headerAt(bytes, 0);
  },
  (bytes) => Buffer.from(bytes).toString('base64').slice(0, 2000),
);

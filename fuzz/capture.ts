/**
 * Throws damaged captures, stored and generated, in pieces of any size at the reader: node fuzz/capture.ts [--seconds N] [--seed S].
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Frame } from '../src/flow/capture/frame.ts';
import { CaptureReader } from '../src/flow/capture/read-capture.ts';
import {
  block,
  eight,
  interfaceBlock,
  joined,
  packetBlock,
  sectionBlock,
  simpleBlock,
  statisticsBlock,
  writePcap,
} from '../src/flow/capture/write-capture.fixture.ts';
import { Dice } from '../src/segmentation/generate.oracle.ts';
import { fuzz, fuzzOptions } from './support/run.ts';

const shared = process.env.PICKET_SHARED ?? fileURLToPath(new URL('../../shared', import.meta.url));
const folder = join(shared, 'data/flow');
const stored = existsSync(folder)
  ? readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.pcap(ng)?$/.test(name))
      .map((name) => new Uint8Array(readFileSync(join(folder, name))))
  : [];

interface Case {
  readonly bytes: Uint8Array;
  readonly seed: number;
}

function generated(dice: Dice): Uint8Array {
  const isBig = dice.chance(0.5);
  const frame = () => ({
    bytes: new Uint8Array(dice.below(200)),
    seconds: dice.below(2 ** 31),
    wireLength: dice.below(2000),
    interface: dice.below(3),
  });
  const several = <T>(make: () => T): T[] => Array.from({ length: dice.below(8) }, make);
  if (dice.chance(0.4)) {
    const resolution = dice.pick(['micro', 'nano', 'modified'] as const);
    return writePcap(several(frame), { isBig, resolution, version: [2, dice.below(6)] });
  }
  const ticks = () => BigInt(dice.below(2 ** 31)) * BigInt(dice.below(2 ** 31));
  const makers = [
    () => sectionBlock(isBig),
    () =>
      interfaceBlock({ resolution: dice.below(256), offset: ticks(), snapLength: dice.below(100) }, isBig),
    () =>
      packetBlock(frame(), ticks(), {
        isBig,
        isObsolete: dice.chance(0.3),
        list: [[4, eight(ticks(), isBig)]],
      }),
    () => simpleBlock(new Uint8Array(dice.below(90)), dice.below(90), isBig),
    () => statisticsBlock(dice.below(3), [[dice.below(9), eight(ticks(), isBig)]], isBig),
    () => block(dice.below(12), new Uint8Array(4 * dice.below(300)), isBig),
  ];
  return joined([sectionBlock(isBig), interfaceBlock({}, isBig), ...several(() => dice.pick(makers)())]);
}

function* cases(seed: number): Generator<Case> {
  const dice = new Dice(seed);
  for (let count = 0; count < 50; count++) {
    const whole = stored.length > 0 && dice.chance(0.5) ? dice.pick(stored) : generated(dice);
    const bytes = whole.slice(
      0,
      dice.chance(0.3) ? dice.below(whole.length) : Math.min(whole.length, 20_000),
    );
    // Lengths and types are what it reads first.
    const within = dice.chance(0.5) ? Math.min(bytes.length, 120) : bytes.length;
    for (let changes = dice.below(6); changes > 0 && within > 0; changes--)
      bytes[dice.below(within)] = dice.chance(0.3) ? 0xff : dice.below(256);
    if (dice.chance(0.2) && bytes.length > 0) {
      const start = dice.below(bytes.length);
      bytes.copyWithin(start, Math.min(bytes.length, start + dice.below(64)));
    }
    yield { bytes, seed: seed * 50 + count };
  }
}

/** Reads it all; returns a number that depends on every frame. */
function read(bytes: Uint8Array, size: () => number): string {
  let sum = 0;
  const check = (frame: Frame) => {
    const { start, end, nanoseconds, wireLength } = frame;
    if (start < 0 || end < start || end > frame.bytes.length)
      throw new Error(`a frame from ${start} to ${end}`);
    if (!(nanoseconds >= 0 && nanoseconds < 1e9)) throw new Error(`${nanoseconds} nanoseconds`);
    if (wireLength < end - start) throw new Error('shorter on the wire than captured');
    if (reader.interfaces[frame.interface] === undefined) throw new Error('of no interface');
    for (let at = start; at < end; at++) sum = (Math.imul(sum, 31) + frame.bytes[at]!) | 0;
    sum = (Math.imul(sum, 31) + frame.seconds + nanoseconds + wireLength + frame.interface) | 0;
  };
  const reader: CaptureReader = new CaptureReader(check);
  for (let at = 0; at < bytes.length; ) {
    const piece = bytes.slice(at, at + size());
    reader.push(piece);
    piece.fill(0xee);
    at += piece.length;
  }
  reader.end();
  const { counters, problem } = reader;
  const { records, frames, described, skipped, dropped } = counters;
  const lost = Object.values(dropped).reduce((all, count) => all + count, 0);
  if (records !== frames + described + skipped + lost)
    throw new Error(`records: ${JSON.stringify(counters)}`);
  if (counters.bytes + counters.unreadBytes !== bytes.length)
    throw new Error(`bytes: ${JSON.stringify(counters)}`);
  if (problem && (problem.offset < 0 || problem.offset > bytes.length))
    throw new Error('a place outside the file');
  if (lost > 0 && problem === undefined) throw new Error('a loss without a reason');
  return JSON.stringify([sum, frames, described, skipped, dropped, counters.bytes, problem]);
}

fuzz(
  fuzzOptions(),
  1000,
  cases,
  ({ bytes, seed }) => {
    const dice = new Dice(seed);
    const most = dice.pick([3, 40, 3000]);
    const [whole, pieces] = [read(bytes, () => bytes.length), read(bytes, () => 1 + dice.below(most))];
    if (whole !== pieces) throw new Error(`in one piece ${whole}, in pieces ${pieces}`);
  },
  ({ bytes }) => Buffer.from(bytes).toString('base64').slice(0, 2000),
);

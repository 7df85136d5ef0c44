/**
 * Throws damaged captures at the reader, and what it reads at the tables and fields: node fuzz/scap.ts [--seconds N] [--seed S].
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { readScap } from '../src/event/scap/read-scap.ts';
import { SystemState } from '../src/event/state/system-state.ts';
import { syscallSource } from '../src/event/syscall-source.ts';
import { Dice } from '../src/segmentation/generate.oracle.ts';
import { fuzz, fuzzOptions } from './support/run.ts';

const shared = process.env.PICKET_SHARED ?? fileURLToPath(new URL('../../shared', import.meta.url));
const folder = `${shared}/data/falco/captures`;
const captures = existsSync(folder)
  ? readdirSync(folder).map((name) => new Uint8Array(gunzipSync(readFileSync(`${folder}/${name}`))))
  : [smallest()];

/** A section header alone, where no capture is at hand. */
function smallest(): Uint8Array {
  const bytes = new Uint8Array(28);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0x0a0d0d0a, true);
  view.setUint32(4, 28, true);
  view.setUint32(8, 0x1a2b3c4d, true);
  view.setUint32(24, 28, true);
  return bytes;
}

const extracts = [...syscallSource.fields.values()].flatMap((field) => {
  const bound = field.bind(field.argument?.required === true ? '1' : undefined);
  return typeof bound === 'function' ? [bound] : [];
});

/** A capture with some bytes changed, a stretch left out, or its end cut off. */
function* damaged(seed: number): Generator<Uint8Array> {
  const dice = new Dice(seed);
  for (let count = 0; count < 20; count++) {
    const whole = dice.pick(captures);
    const bytes = whole.slice(0, dice.chance(0.3) ? dice.below(whole.length) : whole.length);
    for (let changes = dice.below(30); changes > 0; changes--)
      bytes[dice.below(bytes.length)] = dice.below(256);
    if (dice.chance(0.2)) {
      const start = dice.below(bytes.length);
      bytes.copyWithin(start, Math.min(bytes.length, start + dice.below(64)));
    }
    yield bytes;
  }
}

fuzz(
  fuzzOptions(),
  2000,
  damaged,
  (bytes) => {
    const { threads, events, faults } = readScap(bytes);
    for (const { offset } of faults)
      if (offset < 0 || offset > bytes.length) throw new Error('a place outside the file');
    const state = new SystemState(
      { userName: () => undefined, groupName: () => undefined },
      { threads: 50, descriptors: 20 },
    );
    for (const thread of threads) state.seed(thread);
    for (const { raw, number } of events.slice(0, 200)) {
      const event = state.apply(raw, number);
      for (const extract of extracts) extract(event);
    }
    if (state.threadCount > 50) throw new Error('the table of threads is not bounded');
  },
  (bytes) => Buffer.from(bytes).toString('base64').slice(0, 2000),
);

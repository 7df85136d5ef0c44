/**
 * Damages the files of a spool between its lives: node fuzz/spool.ts [--seconds N] [--seed S]. What comes out must be what was
 * put in, in order, with gaps that join on; and all of it, each once, as long as nothing is damaged.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { alert } from '../src/output/alert.fixture.ts';
import { DiskSpool } from '../src/output/disk/disk-spool.ts';
import { fuzz, fuzzOptions } from './support/run.ts';

/** The largest fits into no segment. */
const paddings = [0, 100, 1_000, 5_000];
const damage = fc.constantFrom('flip', 'cut', 'grow', 'empty', 'remove', 'garbage', 'double');
const part = fc.double({ min: 0, max: 0.999, noNaN: true });
const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('append' as const),
      count: fc.nat(30),
      padding: fc.constantFrom(...paddings),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('take' as const), count: fc.nat(30) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('reopen' as const), isClosed: fc.boolean() }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('damage' as const), how: damage, file: part, at: part }),
  },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

function damaged(bytes: Buffer, how: string, at: number): Buffer | undefined {
  const place = Math.floor(bytes.length * at);
  switch (how) {
    case 'remove':
      return undefined;
    case 'flip':
      if (bytes.length > 0) bytes[place] = (bytes[place] as number) ^ (1 << (place % 8));
      return bytes;
    case 'cut':
      return bytes.subarray(0, place);
    case 'grow':
      return Buffer.concat([bytes, Buffer.alloc(place, 0xf5)]);
    case 'garbage':
      return bytes.fill(0xf5, place, Math.min(bytes.length, place + 200));
    case 'double':
      return Buffer.concat([bytes, bytes.subarray(place)]);
    default:
      return Buffer.alloc(0);
  }
}

function run(steps: readonly Step[]): void {
  const folder = mkdtempSync(join(tmpdir(), 'picket-fuzz-spool-'));
  const open = () => new DiskSpool({ folder, maxBytes: 60_000, sync: 'interval', newId: '0011223344556677' });
  let spool = open();
  let [appended, given, lost, done, isExact] = [0, 0, 0, 0, true];
  /** The last number that came out in this life, or at all while nothing is damaged. */
  let last = 0;
  const take = (): boolean => {
    const item = spool.peek();
    if (item === undefined) return false;
    const [from, to] = item.kind === 'gap' ? [item.from, item.to] : [item.sequence, item.sequence];
    if (done > 0 && from !== done + 1) throw new Error(`${from} follows ${done}`);
    if (to < from) throw new Error(`a gap from ${from} to ${to}`);
    if (item.kind === 'gap') lost += to - from + 1;
    else {
      const n = Number(item.record.id.split('-')[1]);
      const all = paddings.map((padding) => alert(n, { padding }));
      const expected = all.find(({ text }) => text === item.record.text);
      if (n > appended || n <= last || JSON.stringify(expected) !== JSON.stringify(item.record))
        throw new Error(`${item.record.id} comes after ${last} of ${appended}`);
      [last, given] = [n, given + 1];
    }
    spool.acknowledge(to);
    done = to;
    return true;
  };
  try {
    for (const one of steps) {
      if (one.do === 'append') {
        // A number that is nowhere on the disk ends with its life.
        isExact &&= one.padding < 5_000;
        for (let n = 0; n < one.count; n++) spool.append(alert(++appended, { padding: one.padding }));
      } else if (one.do === 'take') for (let n = 0; n < one.count && take(); n++);
      else {
        if (one.do === 'damage' || one.isClosed) spool.close();
        if (one.do === 'damage') {
          const names = readdirSync(folder).sort();
          const path = join(folder, names[Math.floor(names.length * one.file)] as string);
          const bytes = damaged(readFileSync(path), one.how, one.at);
          if (bytes === undefined) rmSync(path);
          else writeFileSync(path, bytes);
          [isExact, last, done] = [false, 0, 0];
        }
        spool = open();
      }
    }
    while (take());
    const { waiting, waitingBytes, diskErrors, lastDiskError } = spool.state();
    if (waiting !== 0 || waitingBytes !== 0) throw new Error(`${waiting} wait, ${waitingBytes} bytes`);
    if (diskErrors > 0) throw new Error(lastDiskError);
    if (isExact && given + lost !== appended) throw new Error(`${given} and ${lost} lost of ${appended}`);
  } finally {
    spool.close();
    rmSync(folder, { recursive: true });
  }
}

fuzz(
  fuzzOptions(),
  2_000,
  (seed) => fc.sample(fc.array(step, { maxLength: 12 }), { seed, numRuns: 50 }),
  run,
  JSON.stringify,
);

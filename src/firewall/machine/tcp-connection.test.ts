import { describe, expect, test } from 'vitest';
import { TcpConnection } from './tcp-connection.ts';
import type { TcpHeader } from './wire-packet.ts';

/** One segment: who sends it (`>` the one who began), flags, numbers; and what becomes of it. */
type Line = readonly [
  from: '>' | '<',
  flags: number,
  sequence: number,
  acknowledgement: number,
  more: Partial<TcpHeader>,
  verdict: string,
];

function follow(lines: readonly Line[]): void {
  const header = ([, flags, sequence, acknowledgement, more]: Line): TcpHeader => ({
    flags,
    sequence,
    acknowledgement,
    window: 1000,
    payload: 0,
    ...more,
  });
  const connection = TcpConnection.begunBy(header(lines[0]!), true)!;
  let hasAnswered = false;
  const verdicts = lines.map((line) => {
    const verdict = connection.take(header(line), line[0] === '<', hasAnswered);
    if (line[0] === '<' && verdict !== 'invalid') hasAnswered = true;
    return verdict;
  });
  expect(verdicts).toEqual(lines.map((line) => line[5]));
}

// Sequences on which the kernel and an earlier reading of it differed.
describe('as the kernel has it', () => {
  test('of a connection that is taken up in its middle, what is out of the window says nothing', () => {
    follow([
      ['>', 24, 3_367_411_398, 157_003_005, { payload: 32 }, 'belongs'],
      ['>', 16, 3_367_411_430, 157_403_005, {}, 'belongs'],
      ['<', 24, 157_003_005, 3_367_411_430, { payload: 18 }, 'belongs'],
      ['>', 24, 3_367_411_430, 157_003_023, { payload: 52 }, 'belongs'],
      ['<', 20, 157_003_100, 3_367_411_482, {}, 'belongs'],
    ]);
  });

  test('a reset that may be old counts after a stray SYN, since its number says nothing then', () => {
    follow([
      ['>', 2, 100, 0, {}, 'belongs'],
      ['<', 18, 500, 101, {}, 'belongs'],
      ['>', 16, 101, 501, {}, 'belongs'],
      ['>', 2, 90_000, 0, {}, 'ignored'],
      ['>', 4, 150, 501, {}, 'belongs'],
      ['>', 2, 200_000, 0, {}, 'reopened'],
    ]);
  });

  test('a reset of a stray answer belongs, unless a SYN that belongs came between', () => {
    const lines: readonly Line[] = [
      ['>', 2, 1_863_910_923, 0, { payload: 4 }, 'belongs'],
      ['<', 24, 125_271_504, 672_311_393, { payload: 31 }, 'ignored'],
    ];
    follow([...lines, ['>', 20, 672_311_542, 125_271_535, {}, 'belongs']]);
    follow([
      ...lines,
      ['>', 2, 1_988_504_971, 0, {}, 'belongs'],
      ['>', 20, 672_311_542, 125_271_535, {}, 'invalid'],
    ]);
  });

  test('a FIN out of the window counts as the last segment, so that a SYN behind it is no new beginning', () => {
    const lines: readonly Line[] = [
      ['>', 2, 203_796_727, 0, {}, 'belongs'],
      ['<', 18, 3_534_552_139, 203_796_728, {}, 'belongs'],
      ['>', 16, 203_796_728, 3_534_552_140, {}, 'belongs'],
      ['<', 24, 3_534_552_140, 203_796_728, { payload: 35 }, 'belongs'],
      ['>', 20, 203_796_728, 3_534_552_175, {}, 'belongs'],
    ];
    follow([...lines, ['>', 2, 843_638_832, 0, {}, 'reopened']]);
    follow([
      ...lines,
      ['>', 17, 943_602_648, 0, { payload: 15 }, 'invalid'],
      ['>', 2, 843_638_832, 0, {}, 'ignored'],
    ]);
  });

  test('where both have sent a SYN, a reset that acknowledges nothing belongs to the last one', () => {
    follow([
      ['>', 2, 3_872_273_327, 0, {}, 'belongs'],
      ['<', 2, 1_561_338_465, 0, {}, 'belongs'],
      ['>', 20, 94_754_647, 3_872_273_328, {}, 'invalid'],
      ['>', 20, 94_754_647, 0, {}, 'belongs'],
    ]);
  });

  test('a reset with the number that a challenge asked for belongs, whatever it acknowledges', () => {
    follow([
      ['>', 2, 1_863_910_923, 0, {}, 'belongs'],
      ['<', 16, 125_271_504, 672_311_393, {}, 'ignored'],
      ['>', 20, 672_311_393, 77, {}, 'belongs'],
    ]);
  });

  test('who answers a new SYN of a connection taken up in its middle stays free', () => {
    follow([
      ['>', 24, 979_867_191, 4_029_781_009, { payload: 4 }, 'belongs'],
      ['>', 2, 3_630_768_868, 0, { scale: 2 }, 'ignored'],
      ['<', 18, 774_806_297, 3_630_768_869, { scale: 2 }, 'belongs'],
      ['>', 16, 3_630_768_869, 774_806_298, {}, 'belongs'],
      ['<', 16, 774_806_298, 3_631_168_887, {}, 'belongs'],
      ['>', 16, 3_635_768_887, 774_806_298, {}, 'invalid'],
    ]);
  });

  test('a reset without acknowledgement resets nothing that was let through', () => {
    follow([
      ['>', 2, 3_872_273_327, 0, { window: 22_593 }, 'belongs'],
      ['>', 2, 3_687_483_326, 0, { window: 29_378, scale: 4 }, 'belongs'],
      ['<', 20, 0, 3_687_483_327, { window: 31_599 }, 'ignored'],
      ['>', 4, 94_754_647, 0, { payload: 16 }, 'invalid'],
    ]);
  });

  test('a later SYN with a higher number begins anew, and its window counts', () => {
    follow([
      ['>', 194, 1_768_579_797, 0, { window: 262, payload: 15 }, 'belongs'],
      ['>', 2, 1_042_652_080, 0, { window: 2072, scale: 7 }, 'belongs'],
      ['<', 18, 3_847_401_932, 1_042_652_081, { window: 7755, scale: 7 }, 'ignored'],
      ['<', 24, 3_847_401_933, 1_042_652_081, { window: 12_351, payload: 28 }, 'ignored'],
      ['>', 2, 2_961_540_341, 0, { window: 22_830 }, 'belongs'],
      ['<', 20, 3_847_402_038, 1_042_652_088, { window: 9731 }, 'ignored'],
    ]);
  });
});

import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { alert } from '../alert.fixture.ts';
import type { Spool } from '../spool.ts';
import { DiskSpool } from './disk-spool.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'picket-spool-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const open = (maxBytes = 2 ** 20, where = folder) =>
  new DiskSpool({ folder: where, maxBytes, sync: 'interval', newId: '0011223344556677' });

/** Takes out everything: numbers of alerts, and `-n` for a gap of n. */
function all(spool: Spool): number[] {
  const found: number[] = [];
  for (let item = spool.peek(); item !== undefined; item = spool.peek()) {
    if (item.kind === 'gap') found.push(item.from - item.to - 1);
    else found.push(Number(item.record.id.split('-')[1]));
    spool.acknowledge(item.kind === 'gap' ? item.to : item.sequence);
  }
  return found;
}
const numbers = (count: number, from = 1) => Array.from({ length: count }, (_, index) => from + index);
const segments = (where = folder) => readdirSync(where).filter((name) => name.endsWith('.seg'));

test('gives back what was put in, in order, and the same one until it is acknowledged', () => {
  const spool = open();
  for (const n of numbers(1000)) spool.append(alert(n));
  expect(spool.peek()).toBe(spool.peek());
  expect(spool.peek()).toMatchObject({ sequence: 1, record: alert(1) });
  expect(spool.state()).toMatchObject({ waiting: 1000, dropped: 0, diskErrors: 0 });
  expect(all(spool)).toEqual(numbers(1000));
  expect(spool.state()).toMatchObject({ waiting: 0, waitingBytes: 0, dropped: 0 });
});

test('another life goes on where the one before was, without a word of goodbye', () => {
  const first = open();
  for (const n of numbers(100)) first.append(alert(n));
  for (const n of numbers(40)) {
    first.peek();
    first.acknowledge(n);
  }
  const second = open();
  expect(second.id).toBe(first.id);
  expect(second.state().waiting).toBe(60);
  second.append(alert(101));
  expect(all(second)).toEqual(numbers(61, 41));
  const third = open();
  third.append(alert(102));
  expect(third.peek()).toMatchObject({ sequence: 102 });
});

test('stays within its bytes: the oldest go, are counted, and come out as one gap', () => {
  const spool = open(100_000);
  for (const n of numbers(1000)) spool.append(alert(n));
  const { waiting, dropped } = spool.state();
  expect(waiting + dropped).toBe(1000);
  expect(segments().reduce((sum, name) => sum + statSync(join(folder, name)).size, 0)).toBeLessThan(100_000);
  expect(all(spool)).toEqual([-dropped, ...numbers(waiting, dropped + 1)]);
  expect(spool.state()).toMatchObject({ waiting: 0, dropped });
});

test('what is on its way is not dropped', () => {
  const spool = open(100_000);
  spool.append(alert(1));
  const sent = spool.peek();
  for (const n of numbers(999, 2)) spool.append(alert(n));
  expect(spool.peek()).toBe(sent);
  const { waiting, dropped } = spool.state();
  expect(all(spool)).toEqual([1, -dropped, ...numbers(waiting, dropped + 2)]);
});

test('a dropped stretch of an earlier life is still announced', () => {
  const first = open(100_000);
  for (const n of numbers(1000)) first.append(alert(n));
  const { dropped, waiting } = first.state();
  const second = open(100_000);
  expect(second.state()).toMatchObject({ dropped, waiting });
  expect(all(second)[0]).toBe(-dropped);
});

test('an alert larger than a segment is a gap', () => {
  const spool = open(100_000);
  spool.append(alert(1));
  spool.append(alert(2, { padding: 10_000 }));
  spool.append(alert(3));
  expect(spool.state()).toMatchObject({ waiting: 2, dropped: 1 });
  expect(all(spool)).toEqual([1, -1, 3]);
});

describe('damage', () => {
  const fill = () => {
    const spool = open();
    for (const n of numbers(50)) spool.append(alert(n));
    spool.close();
    return join(folder, segments()[0] as string);
  };

  test('a torn end is cut off', () => {
    const path = fill();
    truncateSync(path, statSync(path).size - 7);
    const spool = open();
    spool.append(alert(51));
    expect(all(spool)).toEqual(numbers(49).concat(51));
  });

  test('garbage behind the end is cut off', () => {
    appendFileSync(fill(), Buffer.alloc(5000, 0xf5));
    expect(all(open())).toEqual(numbers(50));
  });

  test('a flipped bit costs one record, which is announced', () => {
    const path = fill();
    const bytes = readFileSync(path);
    const at = bytes.indexOf('shell number 20');
    bytes[at] = (bytes[at] as number) ^ 1;
    writeFileSync(path, bytes);
    const spool = open();
    expect(spool.state()).toMatchObject({ waiting: 49, dropped: 1 });
    expect(all(spool)).toEqual([...numbers(19), -1, ...numbers(30, 21)]);
  });

  test('without a cursor everything comes again', () => {
    fill();
    const spool = open();
    spool.peek();
    spool.acknowledge(1);
    spool.close();
    writeFileSync(join(folder, 'cursor'), 'nonsense');
    expect(all(open())).toEqual(numbers(50));
  });

  test('without a cursor nothing that was done long ago counts as lost', () => {
    const spool = open(100_000);
    for (const n of numbers(100)) spool.append(alert(n));
    for (const n of numbers(60)) {
      spool.peek();
      spool.acknowledge(n);
    }
    spool.close();
    rmSync(join(folder, 'cursor'));
    const again = open(100_000);
    expect(again.state().dropped).toBe(0);
    const found = all(again);
    expect(found[0]).toBeGreaterThan(1);
    expect(found[0]).toBeLessThanOrEqual(61);
    expect(found).toEqual(numbers(101 - (found[0] as number), found[0]));
  });

  test('one bad slot of the cursor leaves the other', () => {
    fill();
    const spool = open();
    for (const n of [1, 2, 3]) {
      spool.peek();
      spool.acknowledge(n);
    }
    spool.close();
    const bytes = readFileSync(join(folder, 'cursor'));
    bytes[30] = (bytes[30] as number) ^ 1;
    writeFileSync(join(folder, 'cursor'), bytes);
    expect([3, 4]).toContain(all(open())[0]);
  });
});

test('a folder that cannot be: records wait in memory, and it is told', () => {
  writeFileSync(join(folder, 'file'), '');
  const spool = open(2 ** 20, join(folder, 'file', 'spool'));
  for (const n of numbers(10)) spool.append(alert(n));
  expect(spool.state()).toMatchObject({
    waiting: 10,
    dropped: 0,
    lastDiskError: expect.stringMatching(/ENOTDIR/),
  });
  expect(all(spool)).toEqual(numbers(10));
});

test.skipIf(process.getuid?.() !== 0)(
  'a full disk: told, counted, in order, and over when there is room',
  () => {
    const disk = join(folder, 'disk');
    mkdirSync(disk);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'picket-test', disk]);
    try {
      const spool = open(2 ** 20, join(disk, 'spool'));
      for (const n of numbers(5)) spool.append(alert(n));
      try {
        writeFileSync(join(disk, 'ballast'), Buffer.alloc(2 ** 20));
      } catch {
        // Until it is full.
      }
      for (const n of numbers(100, 6)) spool.append(alert(n));
      expect(spool.state()).toMatchObject({
        waiting: 105,
        dropped: 0,
        lastDiskError: expect.stringMatching(/ENOSPC/),
      });
      const { diskErrors } = spool.state();
      rmSync(join(disk, 'ballast'));
      for (const n of numbers(10, 106)) spool.append(alert(n));
      expect(spool.state().diskErrors).toBe(diskErrors);
      expect(all(spool)).toEqual(numbers(115));
      spool.close();
    } finally {
      execFileSync('umount', [disk]);
    }
  },
);

test('dead letters are lines of JSON in two files at most', () => {
  const spool = open(80_000);
  for (const n of numbers(100)) spool.setAside({ at: 0, reason: 'http answered 400', record: alert(n) });
  expect(spool.state()).toMatchObject({ deadLettered: 100, diskErrors: 0 });
  const [first] = readFileSync(join(folder, 'dead.jsonl'), 'utf8').split('\n');
  expect(JSON.parse(first as string)).toMatchObject({
    reason: 'http answered 400',
    alert: { rule: 'Shell' },
  });
  expect(
    statSync(join(folder, 'dead.jsonl')).size + statSync(join(folder, 'dead.old.jsonl')).size,
  ).toBeLessThan(10_000);
});

test('files are for their owner alone', () => {
  const spool = open(2 ** 20, join(folder, 'own'));
  spool.append(alert(1));
  expect(statSync(join(folder, 'own')).mode & 0o77).toBe(0);
  for (const name of readdirSync(join(folder, 'own')))
    expect(statSync(join(folder, 'own', name)).mode & 0o77).toBe(0);
});

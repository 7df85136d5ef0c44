import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PortSet } from './port-set.ts';

/** Ports near both ends, where off-by-one errors would show, and in the middle. */
const port = fc.oneof(
  fc.nat(12),
  fc.integer({ min: 65523, max: 65535 }),
  fc.integer({ min: 8000, max: 8012 }),
);
const watched = [...Array(14).keys()].flatMap((i) => [i, 65522 + i, 7999 + i]);

const anyModel = fc.array(fc.tuple(port, port), { maxLength: 5 }).map((ends) => {
  const ranges = ends.map(([x, y]) => [Math.min(x, y), Math.max(x, y)] as const);
  return {
    set: ranges.reduce((set, [from, to]) => set.union(PortSet.range(from, to)), PortSet.empty),
    has: (value: number) => ranges.some(([from, to]) => from <= value && value <= to),
  };
});
const expectMembers = (set: PortSet, isMember: (value: number) => boolean) => {
  expect(watched.filter((value) => set.contains(value))).toEqual(watched.filter(isMember));
};

describe('algebra', () => {
  test('member by member', () => {
    fc.assert(
      fc.property(anyModel, anyModel, (x, y) => {
        expectMembers(x.set, x.has);
        expectMembers(x.set.union(y.set), (value) => x.has(value) || y.has(value));
        expectMembers(x.set.intersect(y.set), (value) => x.has(value) && y.has(value));
        expectMembers(x.set.subtract(y.set), (value) => x.has(value) && !y.has(value));
        expectMembers(x.set.complement(), (value) => !x.has(value));
      }),
      { numRuns: 300 },
    );
  });

  test('size, ranges and relations count every port', () => {
    const everyPort = [...Array(65536).keys()];
    fc.assert(
      fc.property(anyModel, anyModel, (x, y) => {
        const members = everyPort.filter(x.has);
        expect(x.set.size).toBe(members.length);
        expect(x.set.first()).toBe(members[0]);
        expect(x.set.isEmpty).toBe(members.length === 0);
        expect(x.set.isAll).toBe(members.length === 65536);
        const listed = x.set.ranges().flatMap(({ from, to }) => everyPort.slice(from, to + 1));
        expect(listed).toEqual(members);
        const starts = members.filter((value) => value === 0 || !x.has(value - 1));
        expect(x.set.ranges().map(({ from }) => from)).toEqual(starts);
        expect(x.set.covers(y.set)).toBe(everyPort.every((value) => !y.has(value) || x.has(value)));
        expect(x.set.overlaps(y.set)).toBe(members.some(y.has));
        expect(x.set.equals(y.set)).toBe(everyPort.every((value) => x.has(value) === y.has(value)));
      }),
      { numRuns: 20 },
    );
  });

  test('De Morgan and double complement', () => {
    fc.assert(
      fc.property(anyModel, anyModel, ({ set: x }, { set: y }) => {
        expect(x.union(y).complement().equals(x.complement().intersect(y.complement()))).toBe(true);
        expect(x.complement().complement().equals(x)).toBe(true);
        expect(x.union(x.complement()).isAll).toBe(true);
      }),
    );
  });
});

describe('text', () => {
  test.each([
    ['80', '80'],
    ['8000-8100,443, 80', '80,443,8000-8100'],
    ['80,81,82', '80-82'],
    ['0-65535', '0-65535'],
    ['1 - 2', '1-2'],
    ['65535', '65535'],
    ['00080', '80'],
    ['none', 'none'],
  ])('%s is %s', (text, canonical) => expect(PortSet.parse(text)?.toString()).toBe(canonical));

  test.each([
    '',
    ',',
    '80,',
    ',80',
    '-1',
    '1-',
    '2-1',
    '65536',
    '1-65536',
    '100000',
    '80;81',
    'http',
    '0x50',
    '1e3',
    '1.5',
    'none,80',
  ])('refuses %j', (text) => expect(PortSet.parse(text)).toBeUndefined());

  test('goes and comes back', () => {
    fc.assert(
      fc.property(anyModel, ({ set }) => {
        expect(PortSet.parse(set.toString())?.equals(set)).toBe(true);
      }),
    );
  });
});

test('range refuses what is no range of ports', () => {
  for (const [from, to] of [
    [-1, 0],
    [0, 65536],
    [2, 1],
    [0.5, 1],
    [Number.NaN, 1],
  ] as const) {
    expect(() => PortSet.range(from, to)).toThrow(RangeError);
  }
});

test('contains is false for what is no port', () => {
  for (const value of [-1, 65536, 0.5, Number.NaN, 2 ** 32]) expect(PortSet.all.contains(value)).toBe(false);
});

import { expect, test } from 'vitest';
import { ipv4, parseAddress } from '../net/address.ts';
import { addressLanes, RankedTable } from './ranked-table.ts';

function enter(table: RankedTable<number>, value: number, rank = 0): number {
  table.setAddress(0, ipv4(value));
  const slot = table.insert(value);
  table.touch(slot, rank);
  return slot;
}

function has(table: RankedTable<number>, value: number): boolean {
  table.setAddress(0, ipv4(value));
  const slot = table.find();
  if (slot >= 0) expect(table.value(slot)).toBe(value);
  return slot >= 0;
}

test('finds what was entered, and not what was taken out', () => {
  const table = new RankedTable<number>(1000, addressLanes, 2);
  table.seed(1_700_000_000_123.456);
  for (let n = 0; n < 1000; n++) enter(table, n);
  for (let n = 0; n < 1000; n++) expect(has(table, n)).toBe(true);
  expect(has(table, 1000)).toBe(false);
  table.setAddress(0, ipv4(7));
  table.remove(table.find());
  expect(has(table, 7)).toBe(false);
  expect([...table.values()]).toHaveLength(999);
  expect(table.size).toBe(999);
  expect(table.evicted).toBe(0);
});

test('addresses of both families with the same last lane are two', () => {
  const table = new RankedTable<number>(16, addressLanes, 1);
  enter(table, 1);
  table.setAddress(0, parseAddress('::1')!);
  expect(table.find()).toBe(-1);
  table.setAddress(0, parseAddress('::ffff:0.0.0.1')!);
  expect(table.find()).toBeGreaterThanOrEqual(0);
});

test('when full, the one goes that was not touched for longest in the lowest rank', () => {
  const gone: number[] = [];
  const table = new RankedTable<number>(4, addressLanes, 3, (value) => gone.push(value));
  enter(table, 1, 1);
  const two = enter(table, 2);
  enter(table, 3);
  enter(table, 4, 2);
  table.touch(two, 0);
  enter(table, 5);
  enter(table, 6);
  enter(table, 7, 1);
  expect(gone).toEqual([3, 2, 5]);
  enter(table, 8, 1);
  enter(table, 9, 1);
  expect(gone).toEqual([3, 2, 5, 6, 1]);
  expect(table.evicted).toBe(5);
});

test('a flood of the highest rank does not keep others out', () => {
  const table = new RankedTable<number>(100, addressLanes, 2);
  for (let n = 0; n < 1000; n++) enter(table, n, 1);
  expect(table.size).toBe(100);
  for (let n = 2000; n < 2020; n++) enter(table, n);
  for (let n = 2000; n < 2020; n++) expect(has(table, n)).toBe(true);
  expect(table.bytes).toBeLessThan(100 * 80);
});

test('costs the same however full it is: 300,000 entries through 1000 slots', () => {
  const table = new RankedTable<number>(1000, addressLanes, 2);
  table.seed(5);
  for (let n = 0; n < 300_000; n++) enter(table, n, n & 1);
  expect(table.size).toBe(1000);
  expect(table.evicted).toBe(299_000);
});

test('a value can be replaced, and a slot tells whether it holds an entry', () => {
  const table = new RankedTable<number>(4, addressLanes, 1);
  const slot = enter(table, 7);
  table.replace(slot, 8);
  expect([table.value(slot), table.has(slot)]).toEqual([8, true]);
  table.remove(slot);
  expect(table.has(slot)).toBe(false);
});

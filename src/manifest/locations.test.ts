import { expect, test } from 'vitest';
import type { Fragment } from './fragment.ts';
import { Locations } from './locations.ts';

/** Rows of a document `{ list: [{ n: … }, …], other: [a] }`: three for each item, as the reader opens them. */
function longList(count: number): {
  readonly locations: Locations;
  readonly itemRow: (index: number) => number;
} {
  const locations = new Locations({} as Fragment);
  const document = locations.open(undefined, 0, -1, -1);
  const list = locations.open('list', 1, 0, 1);
  for (let index = 0; index < count; index++) {
    const item = locations.open(index, index, -1, -1);
    locations.close(locations.open('n', index, index, index), index);
    locations.close(item, index);
  }
  locations.close(list, count);
  const other = locations.open('other', count, count, count);
  locations.close(locations.open(0, count, -1, -1), count);
  locations.close(other, count);
  locations.close(document, count);
  return { locations: locations.seal(), itemRow: (index) => 2 + 2 * index };
}

// From the first item on for each, this would take minutes.
test('items of long lists are found in their order, backwards and by the way', () => {
  const count = 200_000;
  const { locations, itemRow } = longList(count);
  let wrong = 0;
  for (let index = 0; index < count; index++)
    if (locations.find(0, ['list', index, 'n']).row !== itemRow(index) + 1) wrong++;
  expect(wrong).toBe(0);
  for (const index of [count - 1, 50_000, 50_000, 31, 32, 33, 0, 70_000])
    expect(locations.find(0, ['list', index])).toEqual({ row: itemRow(index), depth: 2 });
  expect(locations.find(0, ['list', count])).toEqual({ row: 1, depth: 1 });
  expect(locations.find(0, ['other', 0]).depth).toBe(2);
});

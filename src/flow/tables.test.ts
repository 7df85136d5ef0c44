import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ChainedIndex, finish, mix } from './chained-index.ts';
import { ListenerTable } from './listener-table.ts';
import { end } from './record-writer.fixture.ts';
import { SlotLists } from './slot-lists.ts';
import { TaskTable } from './task-table.ts';

test('a chained index holds what a plain map of sets holds', () => {
  const operation = fc.record({ slot: fc.nat(15), hash: fc.integer({ min: -40, max: 40 }) });
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 200 }), (operations) => {
      const index = new ChainedIndex(16);
      const hashes = new Map<number, number>();
      for (const { slot, hash } of operations) {
        const known = hashes.get(slot);
        if (known === undefined) {
          index.insert(hash, slot);
          hashes.set(slot, hash);
        } else {
          index.remove(known, slot);
          index.remove(known, slot);
          hashes.delete(slot);
        }
        expect(index.size).toBe(hashes.size);
      }
      for (const [slot, hash] of hashes) {
        let at = index.first(hash);
        while (at >= 0 && at !== slot) at = index.after(at);
        expect(at).toBe(slot);
      }
    }),
  );
});

test('the hash spreads neighbouring keys: no chain is long', () => {
  const chains = new Uint16Array(4096);
  for (let n = 0; n < 4096; n++) chains[finish(mix(mix(7, n * 64), 1)) & 4095]!++;
  expect(Math.max(...chains)).toBeLessThan(10);
});

test('slot lists keep the order of plain arrays', () => {
  const move = fc.record({ slot: fc.nat(9), list: fc.nat(3) });
  fc.assert(
    fc.property(fc.array(move, { maxLength: 100 }), (moves) => {
      const lists = new SlotLists(10, 4);
      const plain: number[][] = [[0, 1, 2, 3, 4, 5, 6, 7, 8, 9], [], [], []];
      for (const { slot, list } of moves) {
        lists.move(slot, list);
        for (const members of plain) if (members.includes(slot)) members.splice(members.indexOf(slot), 1);
        plain[list]!.push(slot);
        expect(lists.of(slot)).toBe(list);
        plain.forEach((members, number) => {
          expect(lists.head(number)).toBe(members[0] ?? -1);
          expect(lists.count(number)).toBe(members.length);
        });
      }
    }),
  );
});

describe('listeners', () => {
  const at = (text: string) => {
    const { family, lanes, port } = end(text);
    return { family, lanes: Uint32Array.from(lanes), offset: 0, port };
  };

  test('are bounded: the oldest goes, and is counted', () => {
    const table = new ListenerTable(4, 0);
    for (let n = 1; n <= 10; n++) table.add(at(`198.51.100.1:${n}`), 1, n, { pid: n, comm: `p${n}` });
    expect(table).toMatchObject({ size: 4, evicted: 6 });
    expect(table.owner(at('198.51.100.1:6'), undefined)).toBeUndefined();
    expect(table.owner(at('198.51.100.1:7'), undefined)?.pid).toBe(7);
  });

  test('of one name in one namespace are one owner; the same socket listening again replaces itself', () => {
    const table = new ListenerTable(8, 0);
    for (const pid of [1, 2]) table.add(at('0.0.0.0:80'), 1, pid, { pid, comm: 'nginx', netns: 5 });
    table.add(at('0.0.0.0:80'), 1, 2, { pid: 2, comm: 'nginx', netns: 5 });
    expect(table.size).toBe(2);
    expect(table.owner(at('198.51.100.1:80'), undefined)?.comm).toBe('nginx');
    expect(table.owner(at('198.51.100.1:80'), 6)).toBeUndefined();
    table.remove(at('0.0.0.0:80'), 1, 1);
    table.remove(at('0.0.0.0:80'), 1, 2);
    expect(table.size).toBe(0);
  });
});

test('tasks are bounded, known and inherited ones alike', () => {
  const tasks = new TaskTable(8);
  tasks.set(1, { pid: 1, comm: 'bash' });
  for (let child = 100; child < 10_000; child++) tasks.forked(1, child);
  expect(tasks.size).toBe(9);
  expect(tasks.get(9_999)).toEqual({ pid: 9_999, comm: 'bash' });
  expect(tasks.evicted).toBe(9_892);
});

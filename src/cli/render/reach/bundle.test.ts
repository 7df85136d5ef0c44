import fc from 'fast-check';
import { expect, test } from 'vitest';
import { bundle } from './bundle.ts';
import type { Group } from './model.ts';
import type { GraphEdge } from './picture.ts';

const groups: Group[] = Array.from({ length: 9 }, (_, index) => ({
  index,
  members: [],
  kind: index < 8 ? 'workload' : 'external',
  namespace: index < 8 ? `n${index % 2}` : undefined,
}));

const arrows = fc
  .uniqueArray(fc.tuple(fc.nat(8), fc.nat(8), fc.constantFrom('80', '443')), {
    selector: String,
    maxLength: 160,
  })
  .map((list) =>
    list.map(
      ([source, destination, ports]): GraphEdge => ({
        source,
        destination,
        ports,
        outcome: 'allow',
        both: false,
      }),
    ),
  );

/** Arrows between single groups; those of a group to itself are left out, as hubs say nothing of them. */
function expand(list: readonly GraphEdge[], hubs: ReadonlyMap<number, readonly number[]>): string[] {
  const of = (id: number) => hubs.get(id) ?? [id];
  return list.flatMap(({ source, destination, ports }) =>
    of(source).flatMap((from) =>
      of(destination)
        .filter((to) => to !== from)
        .map((to) => `${from} ${to} ${ports}`),
    ),
  );
}

test('hubs add nothing, lose nothing and say nothing twice', () => {
  fc.assert(
    fc.property(arrows, (list) => {
      const bundled = bundle(list, groups);
      const hubs = new Map(bundled.hubs.map(({ id, groups: own }) => [id, own]));
      expect(expand(bundled.arrows, hubs).toSorted()).toEqual(expand(list, new Map()).toSorted());
    }),
    { numRuns: 300 },
  );
});

test('a cluster in which everybody reaches everybody is one arrow', () => {
  const list = groups.slice(0, 8).flatMap(({ index: source }) =>
    groups
      .slice(0, 8)
      .filter(({ index }) => index !== source)
      .map(
        ({ index: destination }): GraphEdge => ({
          source,
          destination,
          ports: '80',
          outcome: 'allow',
          both: false,
        }),
      ),
  );
  const { arrows: joined, hubs } = bundle(list, groups);
  expect(joined).toHaveLength(1);
  expect(hubs).toMatchObject([{ namespace: undefined }]);
});

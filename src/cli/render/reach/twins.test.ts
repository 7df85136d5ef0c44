import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { EndRecord } from './ends.ts';
import { twinsOf } from './twins.ts';

function ends(namespaces: readonly number[]): EndRecord[] {
  return namespaces.map((namespace, index) => ({
    index,
    id: `${index}`,
    kind: 'workload',
    namespace: `${namespace}`,
    workloadKind: undefined,
    range: undefined,
    span: undefined,
  }));
}

/** Classes of ends and what is said between classes: a matrix with many twins, disturbed in a few cells. */
const matrices = fc
  .record({
    classes: fc.array(fc.nat(3), { minLength: 1, maxLength: 14 }),
    between: fc.array(fc.integer({ min: -1, max: 2 }), { minLength: 16, maxLength: 16 }),
    own: fc.array(fc.integer({ min: -1, max: 2 }), { minLength: 4, maxLength: 4 }),
    disturbed: fc.array(fc.tuple(fc.nat(), fc.integer({ min: -1, max: 2 })), { maxLength: 3 }),
  })
  .map(({ classes, between, own, disturbed }) => {
    const width = classes.length;
    const cells = Int32Array.from({ length: width * width }, (_, at) => {
      const [source, destination] = [Math.floor(at / width), at % width];
      if (source === destination) return own[classes[source]!]!;
      return between[classes[source]! * 4 + classes[destination]!]!;
    });
    for (const [at, answer] of disturbed) cells[at % cells.length] = answer;
    return { ends: ends(classes.map((one) => one % 2)), cells };
  });

test('one member of each group stands for all of it', () => {
  fc.assert(
    fc.property(matrices, ({ ends, cells }) => {
      const groups = twinsOf(ends, cells);
      expect(groups.flat().length).toBe(ends.length);
      const said = (source: EndRecord, destination: EndRecord) =>
        cells[source.index * ends.length + destination.index];
      for (const source of groups) {
        for (const destination of groups) {
          const pairs = source.flatMap((a) =>
            destination.filter((b) => source !== destination || a !== b).map((b) => said(a, b)),
          );
          expect(new Set(pairs).size).toBeLessThanOrEqual(1);
        }
        expect(new Set(source.map((end) => said(end, end))).size).toBe(1);
        expect(new Set(source.map(({ namespace }) => namespace)).size).toBe(1);
      }
    }),
  );
});

test('no two groups could be one', () => {
  fc.assert(
    fc.property(matrices, ({ ends, cells }) => {
      const width = ends.length;
      const groups = twinsOf(ends, cells);
      for (const [at, [a]] of groups.entries()) {
        for (const [b] of groups.slice(at + 1)) {
          const swap = (index: number) =>
            index === a!.index ? b!.index : index === b!.index ? a!.index : index;
          const alike =
            a!.namespace === b!.namespace &&
            cells.every((answer, cell) => {
              const [source, destination] = [Math.floor(cell / width), cell % width];
              return answer === cells[swap(source) * width + swap(destination)];
            });
          expect(alike).toBe(false);
        }
      }
    }),
  );
});

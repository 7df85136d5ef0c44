import fc from 'fast-check';
import { expect, test } from 'vitest';
import { PortSet } from '../net/port-set.ts';
import { AnswerTable, answerProtocols } from './answers.ts';

const ports = fc
  .tuple(fc.integer({ min: 0, max: 100 }), fc.integer({ min: 0, max: 100 }))
  .map(([a, b]) => PortSet.range(Math.min(a, b), Math.max(a, b)));
const bounds = fc
  .tuple(ports, ports)
  .map(([one, other]) => ({ certain: one.intersect(other), possible: one }));
const answer = fc.tuple(bounds, bounds, bounds);

test('equal answers have equal numbers, and combinations are those of the sets', () => {
  const table = new AnswerTable();
  fc.assert(
    fc.property(answer, answer, (a, b) => {
      const [x, y] = [table.ofBounds(a), table.ofBounds(b)];
      expect(table.ofBounds(table.bounds(x))).toBe(x);
      for (const [id, operation] of [
        [table.both(x, y), 'intersect'],
        [table.either(x, y), 'union'],
      ] as const) {
        for (const [at, { certain, possible }] of table.bounds(id).entries()) {
          expect(certain.equals(a[at]!.certain[operation](b[at]!.certain))).toBe(true);
          expect(possible.equals(a[at]!.possible[operation](b[at]!.possible))).toBe(true);
        }
      }
      expect(table.both(y, x)).toBe(table.both(x, y));
      expect(table.bounds(table.doubted(x)).every(({ certain }) => certain.isEmpty)).toBe(true);
      const either = table.bounds(table.unanimous(x, y));
      expect(
        either.every(({ certain }, at) => certain.equals(a[at]!.certain.intersect(b[at]!.certain))),
      ).toBe(true);
    }),
  );
});

test('combinations stay right when there are more answers than the table has room for', () => {
  const table = new AnswerTable();
  const ids = Array.from({ length: 1500 }, (_, port) => {
    const set = PortSet.of(port);
    return table.ofBounds(answerProtocols.map(() => ({ certain: set, possible: set })));
  });
  expect(table.both(ids[1400]!, ids[1401]!)).toBe(table.none);
  const union = table.either(ids[1400]!, ids[1401]!);
  expect(table.bounds(union)[0]?.certain.toString()).toBe('1400-1401');
  expect(table.either(ids[1401]!, ids[1400]!)).toBe(union);
});

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ProtocolSet } from './protocol-set.ts';

const numbers = [...Array(256).keys()];
const anyMembers = fc.array(fc.oneof(fc.nat(255), fc.constantFrom(0, 1, 254, 255)), { maxLength: 20 });
const members = (set: ProtocolSet) => numbers.filter((number) => set.contains(number));

test('algebra, member by member over all 256 protocols', () => {
  fc.assert(
    fc.property(anyMembers, anyMembers, (inX, inY) => {
      const [x, y] = [ProtocolSet.of(...inX), ProtocolSet.of(...inY)];
      expect(members(x)).toEqual(numbers.filter((number) => inX.includes(number)));
      expect(members(x.union(y))).toEqual(
        numbers.filter((number) => inX.includes(number) || inY.includes(number)),
      );
      expect(members(x.intersect(y))).toEqual(
        numbers.filter((number) => inX.includes(number) && inY.includes(number)),
      );
      expect(members(x.subtract(y))).toEqual(
        numbers.filter((number) => inX.includes(number) && !inY.includes(number)),
      );
      expect(members(x.complement())).toEqual(numbers.filter((number) => !inX.includes(number)));
      expect(x.size).toBe(new Set(inX).size);
      expect(x.covers(y)).toBe(inY.every((number) => inX.includes(number)));
      expect(x.overlaps(y)).toBe(inY.some((number) => inX.includes(number)));
      expect(x.complement().complement().equals(x)).toBe(true);
    }),
  );
});

test('text names single protocols', () => {
  expect(`${ProtocolSet.of(17, 6, 132)}`).toBe('tcp,udp,sctp');
  expect(`${ProtocolSet.range(253, 254)}`).toBe('253-254');
  expect(`${ProtocolSet.of(253)}`).toBe('253');
  expect(`${ProtocolSet.empty}`).toBe('none');
  expect(`${ProtocolSet.all}`).toBe('0-255');
});

test('of refuses what is no protocol number', () => {
  for (const number of [-1, 256, 1.5]) expect(() => ProtocolSet.of(number)).toThrow(RangeError);
});

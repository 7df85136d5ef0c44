import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ExpiryWheel } from './expiry-wheel.ts';
import { LinkedSlots } from './linked-slots.ts';

test('linked slots keep the order of plain arrays', () => {
  const step = fc.record({ slot: fc.nat(9), list: fc.nat(3) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
      const lists = new LinkedSlots(10, 3);
      const plain: number[][] = [[], [], []];
      for (const { slot, list } of steps) {
        const at = plain.findIndex((members) => members.includes(slot));
        if (at >= 0) {
          lists.remove(slot);
          plain[at]!.splice(plain[at]!.indexOf(slot), 1);
        }
        if (list < 3) {
          lists.append(list, slot);
          plain[list]!.push(slot);
        }
        plain.forEach((members, number) => {
          expect(lists.head(number)).toBe(members[0] ?? -1);
          expect(lists.tail(number)).toBe(members.at(-1) ?? -1);
        });
      }
    }),
  );
});

test('a slot comes up once, at the end of the second of its deadline; a far one is looked at meanwhile', () => {
  const step = fc.record({
    advance: fc.oneof(fc.nat(3000), fc.nat(3_000_000)),
    slot: fc.nat(19),
    ahead: fc.oneof(fc.nat(5000), fc.nat(2_000_000)),
  });
  fc.assert(
    fc.property(fc.nat(5000), fc.array(step, { maxLength: 60 }), (start, steps) => {
      const wheel = new ExpiryWheel(20);
      wheel.start(start);
      const due = new Map<number, number>();
      let now = start;
      for (const { advance, slot, ahead } of steps) {
        now += advance;
        const seen: number[] = [];
        if (wheel.isDue(now))
          wheel.advance(now, (one) => {
            seen.push(one);
            const deadline = due.get(one)!;
            if (deadline <= now) due.delete(one);
            else wheel.add(one, deadline);
          });
        expect(new Set(seen).size).toBe(seen.length);
        for (const deadline of due.values()) expect(now - deadline).toBeLessThan(1000);
        if (due.has(slot)) wheel.remove(slot);
        wheel.add(slot, now + ahead);
        due.set(slot, now + ahead);
      }
    }),
  );
});

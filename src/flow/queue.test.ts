import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Place, Queue } from './queue.ts';

test('it is an array from which one takes out anything (property)', () => {
  fc.assert(
    fc.property(fc.array(fc.option(fc.nat(50)), { size: 'max', maxLength: 100 }), (steps) => {
      const queue = new Queue<number>();
      const oracle: Place<number>[] = [];
      for (const [n, step] of steps.entries()) {
        if (step === null || step >= oracle.length) oracle.push(queue.enter(n));
        else queue.leave(oracle.splice(step, 1)[0]!);
        const values: number[] = [];
        for (let place = queue.first; place !== undefined; place = place.after) values.push(place.value);
        expect(values).toEqual(oracle.map(({ value }) => value));
        expect(queue.size).toBe(oracle.length);
      }
    }),
  );
});

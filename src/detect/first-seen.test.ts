import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { parseAddress } from '../net/address.ts';
import type { Finding } from './detector.ts';
import { FirstSeen, firstSeenOptions, type Novelty } from './first-seen.ts';

const hour = 3_600_000;
const day = 24 * hour;
const schema = z.strictObject(firstSeenOptions);

/** Contacts of entities (addresses 10.x) with things (numbers). */
function watch(settings: object = {}) {
  const seen = new FirstSeen(schema.parse(settings));
  const see = (at: number, entity: number, thing: number): Novelty | 'told' => {
    const address = parseAddress(`10.${entity >> 16}.${(entity >> 8) & 255}.${entity & 255}`)!;
    const name = () => `e${entity}`;
    seen.seed(1);
    seen.setEntity({ address, port: 0 }, 0);
    seen.setNumber(thing);
    const standing = seen.standing(at, name);
    return standing === 'unknown' ? seen.see(at, name) : standing;
  };
  const alert = (entity: number, at: number) =>
    seen.noteFinding({ entity: `e${entity}`, at } as Partial<Finding> as Finding);
  /** Contacts each hour with things in turn. */
  const live = (entity: number, things: readonly number[], from: number, to: number) => {
    const news: Novelty[] = [];
    for (let at = from, n = 0; at < to; at += hour, n++) {
      const novelty = see(at, entity, things[n % things.length]!);
      if (novelty === 'new' || novelty === 'many') news.push(novelty);
    }
    return news;
  };
  return { seen, see, alert, live };
}

describe('one of fixed ways', () => {
  test('is learned of for a week; what it never did is new then, once', () => {
    const { see, live } = watch();
    expect(live(1, [1, 2, 3], 0, 7 * day)).toEqual([]);
    expect(see(7 * day, 1, 1)).toBe('known');
    expect(see(7 * day, 1, 4)).toBe('new');
    expect(see(7 * day + 1, 1, 4)).toBe('told');
    expect(see(7 * day + 2, 1, 2)).toBe('known');
  });

  test('each has ways of its own, and begins when it is seen first', () => {
    const { see, live } = watch();
    live(1, [1], 0, 7 * day);
    expect(live(2, [2], 7 * day, 13 * day)).toEqual([]);
    expect(see(13 * day, 2, 1)).toBe('known');
    expect(see(13 * day, 1, 2)).toBe('new');
  });

  test('many contacts with nothing new end learning, after a day', () => {
    const { see } = watch({ quietContacts: 100 });
    for (let n = 0; n < 200; n++) expect(see(n, 1, 1)).toBe('known');
    expect(see(200, 1, 2)).toBe('known');
    for (let n = 0; n < 100; n++) see(day + n, 1, 1);
    expect(see(day + 200, 1, 3)).toBe('new');
  });

  test('few contacts prolong it', () => {
    const { see, live } = watch();
    see(0, 1, 1);
    expect(see(8 * day, 1, 2)).toBe('known');
    live(1, [1], 8 * day, 11 * day);
    expect(see(11 * day, 1, 3)).toBe('new');
  });

  test('the first five new things are told, then one alert for all that is renewed as they double', () => {
    const { see, live } = watch();
    live(1, [1], 0, 7 * day);
    const told = Array.from({ length: 25 }, (_, n) => see(7 * day + n, 1, 100 + n));
    expect(told.flatMap((novelty, at) => (novelty === 'known' ? [] : [`${at} ${novelty}`]))).toEqual([
      ...[0, 1, 2, 3, 4].map((at) => `${at} new`),
      ...[5, 6, 8, 12, 20].map((at) => `${at} many`),
    ]);
    // A week later it may be told again.
    live(1, [1], 7 * day + hour, 14 * day + hour);
    expect(see(14 * day + hour, 1, 500)).toBe('new');
  });

  test('what is done for a day after it was told is learned; under alert it is not', () => {
    const { seen, see, alert, live } = watch();
    live(1, [1], 0, 7 * day);
    expect(see(7 * day, 1, 2)).toBe('new');
    expect(see(8 * day, 1, 2)).toBe('known');
    expect(see(8 * day, 1, 3)).toBe('new');
    alert(1, 8 * day + hour);
    expect(see(9 * day, 1, 3)).toBe('told');
    expect(see(9 * day + hour, 1, 3)).toBe('known');
    expect(seen.habits(0).fresh).toBe(2);
  });

  test('what is done under alert while it is learned of is new afterwards', () => {
    const { see, alert, live } = watch();
    alert(1, day);
    live(1, [1, 2], 0, day);
    see(day + 1, 1, 66);
    live(1, [1, 2], day + hour, 7 * day);
    expect(see(7 * day, 1, 66)).toBe('new');
  });

  test('what was not done for long is new again; what is done now and then never is', () => {
    const { see, live } = watch({ forgetMs: 2 * day, maxThings: 256 });
    live(1, [1, 2, 3], 0, 7 * day);
    live(1, [1], 7 * day, 20 * day);
    // Many others push it out of the exact memory.
    for (let n = 0; n < 1000; n++) see(20 * day, 1000 + n, 9);
    expect(see(20 * day, 1, 1)).toBe('known');
    expect(see(20 * day, 1, 2)).toBe('new');
  });
});

describe('one without fixed ways', () => {
  test('is told nothing of, and nothing of it is kept', () => {
    const { seen, see } = watch();
    let last = 0;
    for (let n = 0; n < 24 * 13; n++) {
      expect(see(n * hour, 1, n)).toBe('known');
      if (n === 24 * 7) last = seen.bytes;
    }
    expect(seen.bytes).toBe(last);
  });

  test('is learned of again a week later, in case it became calm', () => {
    const { see, live } = watch();
    for (let n = 0; n < 24 * 8; n++) see(n * hour, 1, n);
    live(1, [1000, 1001], 8 * day, 15 * day);
    expect(see(15 * day, 1, 5000)).toBe('known');
    live(1, [1000, 1001], 15 * day, 22 * day);
    expect(see(22 * day, 1, 5001)).toBe('new');
  });

  test('that does very much is known as such at once: what is kept of one is bounded', () => {
    const { seen, see } = watch();
    let last = 0;
    for (let n = 0; n < 5000; n++) {
      expect(see(n, 1, n)).toBe('known');
      if (n === 300) last = seen.bytes;
    }
    expect(seen.bytes).toBe(last);
  });
});

test('without bounds in the way it says what a set would: new is what was not done before', () => {
  const step = fc.record({ entity: fc.nat(5), thing: fc.nat(30), after: fc.nat(2 * hour) });
  fc.assert(
    fc.property(fc.array(step, { minLength: 20, maxLength: 300 }), (steps) => {
      const { see } = watch({ learnMs: 2 * day, leastContacts: 1, calm: 1000, each: 64, alertMs: 0 });
      const done = new Map<number, { since: number; things: Set<number>; late: number }>();
      let now = 0;
      for (const { entity, thing, after } of steps) {
        now += after;
        const one = done.get(entity) ?? { since: now, things: new Set(), late: 0 };
        done.set(entity, one);
        const age = now - one.since;
        const isNew = age >= 2 * day && one.late > 0 && !one.things.has(thing);
        expect(see(now, entity, thing) === 'new').toBe(isNew);
        one.things.add(thing);
        if (age > day) one.late++;
      }
    }),
  );
});

test('a flood of entities and things costs bounded memory, is counted, and leaves who has fixed ways', () => {
  const { seen, see, live } = watch();
  live(1, [1, 2], 0, 7 * day);
  expect(see(7 * day, 1, 3)).toBe('new');
  for (let n = 0; n < 200_000; n++) see(7 * day + n, 1000 + (n % 50_000), n);
  expect(seen.bytes).toBeLessThan(4_200_000);
  expect(seen.evicted).toBeGreaterThan(100_000);
  expect(see(8 * day, 1, 1)).toBe('known');
  expect(see(8 * day, 1, 4)).toBe('new');
});

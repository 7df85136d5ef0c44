import { expect, test } from 'vitest';
import { defaultAlertOptions } from '../rules/format/alert.ts';
import { alert } from './alert.fixture.ts';
import { RecordIds } from './alert-record.ts';
import { Throttle } from './throttle.ts';

const throttle = (rate: number, maxBurst: number) => {
  const ids = new RecordIds('feed');
  return new Throttle({
    rate,
    maxBurst,
    hostname: 'edge-1',
    alerts: defaultAlertOptions,
    nextId: () => ids.next(),
  });
};

test('a full bucket lets a burst through, then one alert for each token; what it held back is announced by rule', () => {
  const one = throttle(2, 3);
  const out = [1, 2, 3, 4, 5].flatMap((n) => one.pass(alert(n, { rule: n < 5 ? 'A' : 'B' }), 0));
  expect(out.map(({ rule }) => rule)).toEqual(['A', 'A', 'A']);
  expect(one.heldBack).toBe(2);
  expect(one.tick(400)).toEqual([]);
  const [told, passed, ...rest] = one.pass(alert(6), 500);
  expect(rest).toEqual([]);
  expect(passed).toEqual(alert(6));
  expect(JSON.parse(told?.json ?? '')).toMatchObject({
    id: 'feed-0',
    source: 'internal',
    priority: 'Warning',
    output_fields: {
      'picket.held_back': 2,
      'picket.held_back_by_rule': { A: 1, B: 1 },
      'picket.source': 'syscall',
    },
  });
  expect(one.flush(600)).toEqual([]);
});

test('sources have buckets of their own; none limits when the rate is 0', () => {
  const one = throttle(1, 1);
  expect(one.pass(alert(1), 0)).toHaveLength(1);
  expect(one.pass(alert(2, { source: 'k8s_audit' }), 0)).toHaveLength(1);
  expect(one.pass(alert(3), 0)).toHaveLength(0);
  const off = throttle(0, 1);
  expect([1, 2, 3].flatMap((n) => off.pass(alert(n), 0))).toHaveLength(3);
});

test('a quiet source is announced by the clock, the end announces the rest, a clock that goes back gains nothing', () => {
  const one = throttle(1, 1);
  one.pass(alert(1), 10_000);
  one.pass(alert(2), 10_000);
  expect(one.pass(alert(3), 5_000)).toEqual([]);
  expect(one.tick(6_500).map(({ text }) => text)).toEqual([
    expect.stringMatching(/2 alerts were held back by outputs.rate 1/),
  ]);
  one.pass(alert(4), 6_500);
  one.pass(alert(5), 6_500);
  expect(one.flush(6_500)).toHaveLength(1);
});

test('names that an attacker makes up do not grow it', () => {
  const one = throttle(1, 1);
  for (let n = 0; n < 10_000; n++) one.pass(alert(n, { source: `s${n}`, rule: `r${n}` }), 0);
  expect(one.flush(0).length).toBeLessThanOrEqual(101);
  expect(one.heldBack).toBe(10_000 - 101);
});

import { expect, test } from 'vitest';
import type { Finding } from './detector.ts';
import { flowOf } from './flow.fixture.ts';
import { AlertFolder, type FoldOptions } from './fold.ts';

function folder(options: Partial<FoldOptions> = {}) {
  let ids = 0;
  return new AlertFolder({ newId: () => `a${++ids}`, lostBetween: () => 0, ...options });
}

function finding(at: number, fingerprint = 'x', changes: Partial<Finding> = {}): Finding {
  return {
    detector: 'd',
    severity: 'medium',
    at,
    entity: 'e',
    fingerprint,
    title: `at ${at}`,
    explanation: '',
    evidence: [],
    techniques: [],
    flows: [flowOf('198.51.100.1', '198.51.100.2', at % 65_536)],
    ...changes,
  };
}

test('the same fingerprint within an hour is one alert with a count and the newest text', () => {
  const alerts = folder();
  const first = alerts.fold(finding(1000));
  const second = alerts.fold(finding(3_000_000, 'x', { severity: 'high' }));
  const third = alerts.fold(finding(3_001_000));
  expect(first).toMatchObject({ isNew: true, alert: { id: 'a1', count: 1, firstAt: 1000, lastAt: 1000 } });
  expect(second).toMatchObject({ isNew: false, alert: { id: 'a1', count: 2, lastAt: 3_000_000 } });
  expect(third.alert).toMatchObject({ count: 3, title: 'at 3001000', severity: 'high', firstAt: 1000 });
  expect(third.alert.flows).toHaveLength(3);
});

test('after an hour of silence, or with another fingerprint, it is a new alert', () => {
  const alerts = folder();
  alerts.fold(finding(0));
  expect(alerts.fold(finding(0, 'y')).alert.id).toBe('a2');
  expect(alerts.fold(finding(3_600_000)).isNew).toBe(false);
  expect(alerts.fold(finding(7_200_001)).alert).toMatchObject({ id: 'a3', count: 1 });
  expect(alerts.open).toBe(1);
});

test('at most 8 example flows are kept, the first ones, each as it was last', () => {
  const alerts = folder();
  const again = flowOf('198.51.100.1', '198.51.100.2', 1);
  alerts.fold(finding(0, 'x', { flows: [again] }));
  for (let at = 1; at < 20; at++) alerts.fold(finding(at));
  const { flows } = alerts.fold(finding(20, 'x', { flows: [{ ...again, state: 'closed' }] })).alert;
  expect(flows).toHaveLength(8);
  expect(flows[0]).toMatchObject({ id: again.id, state: 'closed' });
});

test('an alert says what was lost from a minute before its first finding to its last', () => {
  const asked: [number, number][] = [];
  const alerts = folder({
    lostBetween: (since, until) => {
      asked.push([since, until]);
      return until > 150_000 ? 7 : 0;
    },
  });
  expect(alerts.fold(finding(100_000)).alert.lost).toBe(0);
  expect(alerts.fold(finding(200_000)).alert.lost).toBe(7);
  expect(asked).toEqual([
    [40_000, 100_000],
    [40_000, 200_000],
  ]);
});

test('alerts watched for repeats are bounded; the one that repeated longest ago goes, and is counted', () => {
  const alerts = folder({ maxOpen: 3 });
  for (const name of ['a', 'b', 'c', 'a', 'd']) alerts.fold(finding(1, name));
  expect(alerts).toMatchObject({ open: 3, evicted: 1 });
  expect(alerts.fold(finding(2, 'a')).isNew).toBe(false);
  expect(alerts.fold(finding(2, 'b')).isNew).toBe(true);
  for (let n = 0; n < 100_000; n++) alerts.fold(finding(3, `flood-${n}`));
  expect(alerts.open).toBe(3);
});

test('an alert began when the first of what it folds began, and what once worked has worked', () => {
  const alerts = folder();
  expect(alerts.fold(finding(5000)).alert.beganAt).toBeUndefined();
  const second = alerts.fold(finding(6000, 'x', { beganAt: 2000, outcome: 'succeeded' })).alert;
  expect(second).toMatchObject({ firstAt: 5000, beganAt: 2000, outcome: 'succeeded' });
  const third = alerts.fold(finding(7000, 'x', { beganAt: 4000, outcome: 'failed' })).alert;
  expect(third).toMatchObject({ beganAt: 2000, outcome: 'succeeded' });
});

import { expect, test } from 'vitest';
import type { Finding } from '../../detect/detector.ts';
import { AlertOutputs } from '../../output/alert-outputs.ts';
import { systemTimers } from '../../output/timers.ts';
import { defaultAlertOptions, type RuleAlert } from '../../rules/format/alert.ts';
import { RuleAlerts } from './rule-alerts.ts';
import type { RuleSource } from './rule-source.ts';

const options = { hostname: 'edge', timers: systemTimers, randomId: () => '0123456789abcdef' };

function outputs(throttle?: { readonly rate: number; readonly maxBurst: number }): AlertOutputs {
  const settings = { alerts: defaultAlertOptions, outputs: { stdout: false, ...(throttle && { throttle }) } };
  return new AlertOutputs(settings, options);
}

function alert(name: string): RuleAlert {
  return {
    rule: { name, priority: 'Warning', source: 'syscall', tags: [] },
    time: 1n,
    hostname: 'edge',
    message: 'm',
    fields: new Map(),
  };
}

test('alerts are counted by rule, handed on as findings, and warnings told', async () => {
  const found: Finding[] = [];
  const warned: string[] = [];
  const alerts = new RuleAlerts({ outputs: outputs(), warn: (text) => warned.push(text) });
  alerts.find = (finding) => found.push(finding);
  for (const name of ['a', 'b', 'a']) alerts.alert(alert(name));
  alerts.warn('w');
  expect(alerts.status()).toMatchObject({
    alerts: 3,
    byRule: [
      { rule: 'a', priority: 'Warning', source: 'syscall', count: 2 },
      { rule: 'b', count: 1 },
    ],
    heldBack: 0,
  });
  expect(found.map(({ title }) => title)).toEqual(['a', 'b', 'a']);
  expect(warned).toEqual(['w']);
  await alerts.stop();
});

test('names of rules from elsewhere fill no memory: what is too many is counted together', async () => {
  const alerts = new RuleAlerts({ outputs: outputs(), warn: () => undefined });
  for (let n = 0; n < 5_000; n++) alerts.alert(alert(`rule ${n}`));
  const { byRule } = alerts.status();
  expect(byRule.length).toBeLessThanOrEqual(520);
  expect(byRule.reduce((sum, { count }) => sum + count, 0)).toBe(5_000);
  expect(byRule.find(({ rule }) => rule === '(others)')?.count).toBeGreaterThan(4_000);
  await alerts.stop();
});

test('nor do names of sources', async () => {
  const alerts = new RuleAlerts({ outputs: outputs(), warn: () => undefined });
  for (let n = 0; n < 5_000; n++) {
    const { rule, ...rest } = alert(`rule ${n}`);
    alerts.alert({ ...rest, rule: { ...rule, source: `source ${n}` } });
  }
  const { byRule } = alerts.status();
  expect(byRule.length).toBeLessThanOrEqual(520);
  expect(byRule.reduce((sum, { count }) => sum + count, 0)).toBe(5_000);
  await alerts.stop();
});

test('sources are stopped first, and what they still raise goes out', async () => {
  const order: string[] = [];
  const alerts = new RuleAlerts({ outputs: outputs(), warn: () => undefined });
  alerts.find = () => order.push('alert');
  const source: RuleSource = {
    status: () => ({
      id: 'syscall',
      state: 'running',
      detail: '',
      rules: 1,
      events: 2,
      lost: 3,
      undecodable: 4,
    }),
    stop: async () => {
      order.push('stopping');
      alerts.alert(alert('last'));
    },
  };
  alerts.add(source);
  expect(alerts.status().sources).toEqual([source.status()]);
  await alerts.stop();
  expect(order).toEqual(['stopping', 'alert']);
});

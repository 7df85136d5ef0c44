import { expect, test } from 'vitest';
import type { Alert } from './detector.ts';
import { deniedBy, flowOf } from './flow.fixture.ts';
import { alertFromJson, alertToJson } from './json.ts';

test('an alert survives JSON text unchanged, and its flows stand in canonical form', () => {
  const alert: Alert = {
    id: 'a1',
    detector: 'port-scan',
    severity: 'high',
    at: 5,
    firstAt: 1,
    lastAt: 5,
    count: 3,
    lost: 0,
    entity: '2001:db8::7',
    fingerprint: 'x',
    title: 't',
    explanation: 'e.',
    evidence: [{ name: 'n', value: 'v', expected: '0' }],
    techniques: [{ id: 'T1046', name: 'Network Service Discovery', tactic: 'Discovery' }],
    flows: [flowOf('2001:db8::7', '2001:db8::1', 80, { verdict: { outcome: 'deny', reasons: [deniedBy] } })],
  };
  const json = JSON.parse(JSON.stringify(alertToJson(alert)));
  expect(json.flows[0].source.address).toBe('2001:db8::7');
  expect(alertFromJson(json)).toEqual(alert);
});

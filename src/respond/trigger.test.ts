import { expect, test } from 'vitest';
import type { Alert } from '../detect/detector.ts';
import { flowOf, named } from '../detect/flow.fixture.ts';
import { triggerOf } from './trigger.ts';

const alert = (more: Partial<Alert>): Alert => ({
  id: 'a1',
  detector: 'port-scan',
  severity: 'high',
  at: 5,
  firstAt: 3,
  lastAt: 9,
  count: 2,
  lost: 0,
  entity: '203.0.113.9',
  fingerprint: 'f',
  title: 't',
  explanation: 'e',
  evidence: [],
  techniques: [
    { id: 'T1046', name: 'n', tactic: 'discovery' },
    { id: 'T1595', name: 'n', tactic: 'reconnaissance' },
    { id: 'T1046', name: 'n', tactic: 'discovery' },
  ],
  flows: [],
  ...more,
});

test('what began up to ten minutes before the first sign is its own', () => {
  const flows = [flowOf('203.0.113.9', '198.51.100.1', 22, { openedAt: 2_000_000 })];
  expect(triggerOf(alert({ flows, firstAt: 2_500_000 })).since).toBe(1_400_000);
});

test('an end is named where all flows have it', () => {
  const flows = [flowOf('203.0.113.9', '198.51.100.1', 22), flowOf('203.0.113.9', '198.51.100.2', 22)];
  expect(triggerOf(alert({ flows }))).toEqual({
    alertId: 'a1',
    detector: 'port-scan',
    severity: 'high',
    title: 't',
    since: 3 - 600_000,
    at: 9,
    source: '203.0.113.9',
    entity: '203.0.113.9',
    stages: ['discovery', 'reconnaissance'],
  });
});

test('who it is about where that is no address, with its workload and process', () => {
  const process = { pid: 7, comm: 'curl' };
  const flow = named(flowOf('10.1.0.1', '198.51.100.1', 22), 'shop/web', 'x/y');
  const found = triggerOf(
    alert({ entity: 'shop/web', flows: [{ ...flow, source: { ...flow.source, process } }] }),
  );
  expect(found).toMatchObject({ workload: 'shop/web', process, source: '10.1.0.1' });
  expect(found.entity).toBeUndefined();
  expect(triggerOf(alert({}))).not.toHaveProperty('source');
});

test('without flows the ends are whom the alert names', () => {
  const entities = [
    { kind: 'address', name: '203.0.113.9', role: 'actor' },
    { kind: 'user', name: 'root@edge-1', role: 'target' },
    { kind: 'address', name: '198.51.100.1', role: 'target' },
    { kind: 'address', name: '198.51.100.2', role: 'target' },
  ] as const;
  const found = triggerOf(alert({ entities, beganAt: 1, incident: 'i1' }));
  expect(found).toMatchObject({ source: '203.0.113.9', incidentId: 'i1', since: 1 - 600_000 });
  expect(found.destination).toBeUndefined();
});

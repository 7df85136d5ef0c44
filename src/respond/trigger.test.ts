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

test('an end is named where all flows have it', () => {
  const flows = [flowOf('203.0.113.9', '198.51.100.1', 22), flowOf('203.0.113.9', '198.51.100.2', 22)];
  expect(triggerOf(alert({ flows }))).toEqual({
    alertId: 'a1',
    detector: 'port-scan',
    severity: 'high',
    title: 't',
    since: 3,
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

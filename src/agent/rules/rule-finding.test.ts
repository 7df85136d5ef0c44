import { expect, test } from 'vitest';
import type { RuleAlert } from '../../rules/format/alert.ts';
import { ruleFinding } from './rule-finding.ts';

function alert(fields: Record<string, unknown>, more: Partial<RuleAlert> = {}): RuleAlert {
  return {
    rule: {
      name: 'Terminal shell in container',
      priority: 'Notice',
      source: 'syscall',
      tags: ['container', 'shell', 'mitre_privilege_escalation', 'T1059', 'T1548.001', 'T9999'],
    },
    time: 1_700_000_000_123_456_789n,
    hostname: 'edge-1',
    message: 'A shell was spawned',
    fields: new Map(Object.entries(fields).map(([name, value]) => [name, JSON.stringify(value)])),
    ...more,
  };
}

test('an alert is shown with its values and techniques, values that are missing left out', () => {
  expect(ruleFinding(alert({ 'proc.name': 'bash', 'proc.tty': 34816, 'user.name': null }))).toMatchObject({
    detector: 'rules',
    severity: 'low',
    at: 1_700_000_000_123,
    entity: 'edge-1',
    title: 'Terminal shell in container',
    explanation: 'A shell was spawned',
    evidence: [
      { name: 'proc.name', value: 'bash' },
      { name: 'proc.tty', value: '34816' },
    ],
    techniques: [
      { id: 'T1059', name: 'Command and Scripting Interpreter', tactic: 'Privilege Escalation' },
      { id: 'T1548.001', name: 'Abuse Elevation Control Mechanism', tactic: 'Privilege Escalation' },
      { id: 'T9999', name: 'T9999', tactic: 'Privilege Escalation' },
    ],
  });
});

test.each([
  [{ 'k8s.ns.name': 'shop', 'k8s.pod.name': 'web-1', 'container.id': 'abc' }, 'shop/web-1'],
  [{ 'container.name': 'web', 'container.id': 'abc' }, 'web'],
  [{ 'container.name': 'host', 'container.id': 'host' }, 'edge-1'],
  [{ 'container.id': '0123456789ab' }, '0123456789ab'],
  [{ 'ka.user.name': 'alice' }, 'alice'],
])('who did it: %j is %s', (fields, entity) => {
  expect(ruleFinding(alert(fields)).entity).toBe(entity);
});

test('the same rule, program and object is the same thing again; another one is not', () => {
  const of = (fields: Record<string, unknown>) => ruleFinding(alert(fields)).fingerprint;
  expect(of({ 'proc.name': 'cat', 'proc.pid': 1 })).toBe(of({ 'proc.name': 'cat', 'proc.pid': 2 }));
  expect(of({ 'proc.name': 'cat' })).not.toBe(of({ 'proc.name': 'dog' }));
  const connection = (from: number, to: number) =>
    of({ 'fd.name': `198.51.100.7:${from}->203.0.113.9:${to}` });
  expect(connection(40_000, 443)).toBe(connection(50_123, 443));
  expect(connection(40_000, 443)).not.toBe(connection(40_000, 22));
});

test('what programs choose is shown in part', () => {
  const many = Object.fromEntries(
    Array.from({ length: 100 }, (_, n) => [`evt.arg.a${n}`, 'x'.repeat(10_000)]),
  );
  const name = { 'container.name': 'c'.repeat(100_000) };
  const finding = ruleFinding(alert({ ...name, ...many }, { message: 'm'.repeat(100_000) }));
  expect(JSON.stringify(finding).length).toBeLessThan(16_000);
});

test.each([
  [
    { 'k8s.ns.name': 'shop', 'k8s.pod.name': 'web-1', 'proc.name': 'sh', 'proc.pid': 7 },
    ['actor workload shop/web-1', 'actor process sh[7]@edge-1'],
  ],
  [{ 'container.name': 'web', 'user.name': 'www' }, ['actor container web']],
  [{ 'container.id': 'host', 'user.name': 'ann' }, ['actor host edge-1', 'actor user ann@edge-1']],
  [{ 'user.name': 'root' }, ['actor host edge-1']],
  [{ 'fd.rip': '203.0.113.9', 'fd.sip': '203.0.113.9' }, ['actor host edge-1', 'target address 203.0.113.9']],
  [{ 'fd.rip': '203.0.113.9', 'fd.sip': '198.51.100.1' }, ['actor host edge-1']],
  [{ 'fd.rip': 'x', 'fd.sip': 'x' }, ['actor host edge-1']],
  [
    {
      'ka.user.name': 'alice',
      'ka.target.namespace': 'shop',
      'ka.target.name': 'db-0',
      'ka.target.resource': 'pods',
    },
    ['actor user alice', 'target workload shop/db-0'],
  ],
])('who takes part: %j', (fields, expected) => {
  const { entities = [] } = ruleFinding(alert(fields));
  expect(entities.map(({ role, kind, name }) => `${role} ${kind} ${name}`)).toEqual(expected);
});

import { expect, test } from 'vitest';
import { type AuditEvent, decodeAudit } from '../../event/audit/audit-event.ts';
import { auditSource } from '../../event/audit/audit-source.ts';
import { fileText } from '../../manifest/embedded.ts';
import { RuleEngine } from '../engine.ts';
import { loadRules } from '../load/load.ts';

/** An audit event as an API server writes it (audit.k8s.io/v1). */
const event = (second: number, user: string, code: number, verb = 'get', name = 'token') =>
  JSON.stringify({
    kind: 'Event',
    apiVersion: 'audit.k8s.io/v1',
    stage: 'ResponseComplete',
    auditID: `id-${second}`,
    verb,
    user: { username: user },
    objectRef: { resource: 'secrets', namespace: 'shop', name },
    responseStatus: { code },
    requestReceivedTimestamp: `2026-11-23T10:00:0${second}.000000Z`,
    stageTimestamp: `2026-11-23T10:00:0${second}.500000Z`,
  });

test('correlations over audit events', () => {
  const text = `
- correlation: Many refusals of one user
  desc: d
  source: k8s_audit
  count: {condition: ka.response.code = 403, by: [ka.user.name], distinct: ka.target.name, at_least: 3}
  within: 10s
  output: "%correlation.count refusals (user=%ka.user.name)"
  priority: WARNING
- correlation: Secret made and taken away
  desc: d
  source: k8s_audit
  sequence:
    by: [ka.target.namespace, ka.target.name]
    steps:
    - {name: made, condition: ka.verb = create}
    - {name: gone, condition: ka.verb = delete, where: ka.user.name != val(made.ka.user.name)}
  within: 10s
  output: "made by %made.ka.user.name, taken away by %ka.user.name (%correlation.key)"
  priority: WARNING
`;
  const loaded = loadRules([fileText('r.yaml', text)], {
    sources: new Map([['k8s_audit', auditSource as never]]),
  });
  expect(loaded.findings.filter(({ code }) => code.severity === 'error')).toEqual([]);
  const engine = new RuleEngine<AuditEvent>(loaded, auditSource, {
    timeOf: ({ time }) => time,
    hostname: 'h',
    matching: 'first',
  });
  const log = [
    event(1, 'eve', 403, 'get', 'a'),
    event(2, 'eve', 403, 'get', 'a'),
    event(3, 'eve', 403, 'get', 'b'),
    event(3, 'bob', 403, 'get', 'd'),
    event(4, 'eve', 403, 'get', 'c'),
    event(5, 'ann', 201, 'create'),
    event(6, 'ann', 200, 'delete'),
    event(7, 'eve', 200, 'delete'),
  ];
  const { events, faults } = decodeAudit(log.join('\n'));
  expect(faults).toEqual([]);
  expect(events.flatMap((one) => engine.take(one)).map(({ message }) => message)).toEqual([
    '3 refusals (user=eve)',
    'made by ann, taken away by eve (shop, token)',
  ]);
});

import { afterEach, expect, test, vi } from 'vitest';
import { auditSource } from '../../event/audit/audit-source.ts';
import { syscallSource } from '../../event/syscall-source.ts';
import { fileText } from '../../manifest/embedded.ts';
import { loadRules } from '../../rules/load/load.ts';
import type { SourceCatalogue } from '../../rules/operand-type.ts';
import { withStaticFields } from '../../rules/settings/settings-source.ts';
import { AuditRules } from './audit-rules.ts';
import { KeptAlerts } from './sink.fixture.ts';

const sources = new Map<string, SourceCatalogue>([
  ['syscall', syscallSource],
  ['k8s_audit', auditSource],
]);
const rules = loadRules(
  [
    fileText(
      'rules.yaml',
      `
- rule: exec
  desc: d
  condition: ka.target.subresource = exec
  output: exec by %ka.user.name
  priority: NOTICE
  source: k8s_audit
  tags: [k8s]
- rule: alice
  desc: d
  condition: ka.user.name = alice
  output: alice (%ka.verb)
  priority: INFO
  source: k8s_audit
- rule: bob
  desc: d
  condition: ka.user.name = bob
  output: bob
  priority: INFO
  source: k8s_audit
  enabled: false
- rule: file
  desc: d
  condition: evt.type = open
  output: x
  priority: INFO
`,
    ),
  ],
  { sources },
);

const event = (user: string, subresource: string, more: object = {}) => ({
  kind: 'Event',
  auditID: 'one',
  stage: 'ResponseComplete',
  stageTimestamp: '2026-01-02T03:04:05.123456Z',
  verb: 'create',
  user: { username: user },
  objectRef: { resource: 'pods', subresource },
  ...more,
});
const list = (...items: object[]) => JSON.stringify({ kind: 'EventList', items });
const open = (matching?: 'first' | 'all') => {
  const sink = new KeptAlerts();
  return { sink, audit: new AuditRules(rules, sink, { hostname: 'edge-1', ...(matching && { matching }) }) };
};

test('the first rule that holds is raised; those of other sources and disabled ones are not asked', () => {
  const { sink, audit } = open();
  expect(audit.take(list(event('alice', 'exec'), event('bob', ''), event('alice', '')))).toEqual({
    events: 3,
    faults: [],
    undecodable: 0,
  });
  expect(sink.alerts).toEqual([
    {
      rule: { name: 'exec', priority: 'Notice', source: 'k8s_audit', tags: ['k8s'] },
      time: 1767323045123456000n,
      hostname: 'edge-1',
      message: 'exec by alice',
      fields: new Map([['ka.user.name', '"alice"']]),
    },
    expect.objectContaining({ message: 'alice (create)' }),
  ]);
  expect(audit.status()).toMatchObject({
    id: 'k8s_audit',
    state: 'running',
    rules: 2,
    events: 3,
    undecodable: 0,
  });
});

test('all rules that hold', () => {
  const { sink, audit } = open('all');
  audit.take(list(event('alice', 'exec')));
  expect(sink.messages).toEqual(['exec by alice', 'alice (create)']);
});

test('a batch that comes again raises nothing again, and is counted', () => {
  const { sink, audit } = open('all');
  const batch = list(event('alice', 'exec'), event('alice', ''), event('carol', ''));
  for (let time = 0; time < 3; time++) audit.take(batch);
  expect(sink.alerts).toHaveLength(3);
  expect(audit.repeated).toBe(4);
  expect(audit.status().events).toBe(9);
});

test('the same audit id does not hide another request, nor another stage', () => {
  const { sink, audit } = open();
  audit.take(list(event('alice', '')));
  audit.take(list(event('alice', '', { requestURI: '/api/v1/secrets' })));
  audit.take(list(event('alice', '', { stage: 'RequestReceived' })));
  expect(sink.alerts).toHaveLength(3);
});

test('what the sink did not take is raised when it comes again', () => {
  const { sink, audit } = open();
  const take = sink.alert;
  sink.alert = () => {
    throw new Error('full');
  };
  expect(() => audit.take(list(event('alice', '')))).toThrow('full');
  sink.alert = take;
  audit.take(list(event('alice', '')));
  expect(sink.messages).toEqual(['alice (create)']);
});

test('what cannot be decoded is told and counted, the rest taken', () => {
  const { sink, audit } = open();
  const taken = audit.take(`${JSON.stringify(event('alice', ''))}\n{"a":1}\nx`);
  expect(taken).toMatchObject({ events: 1, faults: [{ item: 2 }, { item: 3 }] });
  expect(sink.alerts).toHaveLength(1);
  expect(audit.status()).toMatchObject({ events: 1, undecodable: 2 });
});

test('inputs are told in the status, and stopped', async () => {
  const { audit } = open();
  let stopped = 0;
  for (const state of ['running', 'failed'] as const) {
    audit.inputs.add({
      status: () => ({ state, detail: `it is ${state}`, lost: 2, undecodable: 3 }),
      stop: async () => void stopped++,
    });
  }
  audit.take('x');
  expect(audit.status()).toMatchObject({
    state: 'failed',
    detail: 'it is running; it is failed',
    lost: 4,
    undecodable: 7,
  });
  await audit.stop();
  expect(stopped).toBe(2);
});

test('fields of a configuration', () => {
  const staticFields = new Map([['site', 'oslo']]);
  const known = new Map<string, SourceCatalogue>([
    ['k8s_audit', withStaticFields(auditSource, staticFields) as SourceCatalogue],
  ]);
  const text = `
- rule: at
  desc: d
  condition: ka.user.name = alice
  output: at %static.site
  priority: NOTICE
  source: k8s_audit
`;
  const sink = new KeptAlerts();
  const loaded = loadRules([fileText('static.yaml', text)], { sources: known });
  new AuditRules(loaded, sink, { hostname: '', staticFields }).take(list(event('alice', '')));
  expect(sink.messages).toEqual(['at oslo']);
});

const several = loadRules(
  [
    fileText(
      'several.yaml',
      `
- correlation: three
  desc: d
  count: { condition: ka.verb = create, by: [ka.user.name], at_least: 3 }
  within: 60s
  output: three by %ka.user.name
  priority: NOTICE
  source: k8s_audit
- correlation: not deleted
  desc: d
  absence: { condition: ka.verb = delete, after: ka.verb = create, by: [ka.user.name] }
  within: 60s
  output: "%ka.user.name does not delete"
  priority: NOTICE
  source: k8s_audit
`,
    ),
  ],
  { sources },
);
afterEach(() => vi.useRealTimers());

test('several events together: one that comes again does not count twice; what does not come is told when it cannot be late any more', async () => {
  vi.useFakeTimers({ now: Date.UTC(2026, 0, 2, 3, 4, 6) });
  expect(several.findings).toEqual([]);
  const sink = new KeptAlerts();
  const audit = new AuditRules(several, sink, { hostname: 'edge-1' });
  const at = (second: number) => ({ stageTimestamp: `2026-01-02T03:04:0${second}.000000Z` });
  const two = list(event('alice', '', at(1)), event('alice', '', at(2)));
  audit.take(two);
  audit.take(two);
  expect(sink.alerts).toEqual([]);
  audit.take(list(event('alice', '', at(3))));
  expect(sink.messages).toEqual(['three by alice']);
  vi.advanceTimersByTime(110_000);
  expect(sink.messages).toEqual(['three by alice']);
  vi.advanceTimersByTime(10_000);
  expect(sink.messages).toEqual(['three by alice', 'alice does not delete']);
  await audit.stop();
  expect(vi.getTimerCount()).toBe(0);
});

test.each([
  ['lines that are no JSON', 'x\n', ''],
  ['items that are no events', '1,', '1]'],
  ['tiny events', '{"stage":""},', '{"stage":""}]'],
])('a body full of %s holds up nothing, and each is counted', (_, unit, end) => {
  const rules = new AuditRules({ rules: [], correlations: [] }, new KeptAlerts(), { hostname: 'edge' });
  const count = 4 * 2 ** 20;
  const body = `${end === '' ? '' : '['}${unit.repeat(count / unit.length)}${end}`;
  const begun = process.threadCpuUsage();
  const { events, faults, undecodable } = rules.take(body);
  // On a busy machine; the bound is what a listener can be held up for.
  // Of this thread: other tests run at the same time.
  expect(process.threadCpuUsage(begun).user / 1000).toBeLessThan(3_000);
  expect(events + undecodable).toBe(Math.floor(count / unit.length) + (end === '' ? 0 : 1));
  expect(events).toBeLessThanOrEqual(50_000);
  expect(faults.length).toBeLessThanOrEqual(50_001);
  expect(faults.at(-1)?.message).toMatch(/not looked at/);
  expect(rules.status()).toMatchObject({ undecodable });
});

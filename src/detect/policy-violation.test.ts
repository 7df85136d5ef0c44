import { describe, expect, test } from 'vitest';
import type { Flow } from '../flow/flow.ts';
import { deniedBy, flowOf, named } from './flow.fixture.ts';
import { policyViolation } from './policy-violation.ts';

const process = { pid: 77, comm: 'psql', command: 'psql -h db' };

function forbidden(changes: Partial<Flow> = {}, port = 5432): Flow {
  const flow = named(flowOf('198.51.100.7', '198.51.100.9', port), 'shop/guest', 'shop/db');
  return {
    ...flow,
    source: { ...flow.source, process },
    verdict: { outcome: 'deny', reasons: [deniedBy] },
    ...changes,
  };
}

function start(settings: object = {}) {
  const detector = policyViolation.create(policyViolation.options.parse(settings));
  return { detector, see: (flow: Flow) => detector.onFlow!(flow, 'decided') };
}

const sourceOnly = { seenBy: 'source', reachedDestination: false } as const;

describe('what became of a forbidden connection', () => {
  test.each([
    [
      { ...sourceOnly, state: 'established' },
      'high',
      /^Enforcement gap: shop\/guest reached shop\/db on tcp 5432/,
      /Nothing on the way stopped it/,
    ],
    [
      { state: 'refused' },
      'high',
      /^Enforcement gap/,
      /own kernel refused it.*only because nothing listens there/,
    ],
    [{ ...sourceOnly, state: 'unanswered' }, 'medium', /it was stopped$/, /there was no answer.*is enforced/],
    [{ ...sourceOnly, state: 'timed-out' }, 'medium', /it was stopped$/, /there was no answer/],
    [{ ...sourceOnly, state: 'unreachable' }, 'medium', /it was stopped$/, /unreachable or prohibited/],
    [{ ...sourceOnly, state: 'refused' }, 'medium', /which is forbidden$/, /cannot be told apart/],
    [
      { ...sourceOnly, state: 'aborted' },
      'medium',
      /which is forbidden$/,
      /given up before there was an answer/,
    ],
  ] as const)('%j', (changes, severity, title, explanation) => {
    const [finding, ...more] = start().see(forbidden(changes));
    expect(more).toEqual([]);
    expect(finding).toMatchObject({ detector: 'policy-violation', severity, entity: 'shop/guest' });
    expect(finding!.title).toMatch(title);
    expect(finding!.explanation).toMatch(explanation);
  });

  test('the rule that should have decided is named with its file and line', () => {
    const [finding] = start().see(forbidden({ state: 'established' }));
    expect(finding!.explanation).toContain('NetworkPolicy shop/db isolates shop/db');
    expect(finding!.explanation).toContain('(policies.yaml:12)');
    expect(finding!.explanation).toContain('process psql[77]');
    const evidence = Object.fromEntries(finding!.evidence.map(({ name, value }) => [name, value]));
    expect(evidence).toMatchObject({
      process: 'psql[77]: psql -h db',
      destination: 'shop/db (198.51.100.9) port 5432',
      outcome: 'established',
    });
    expect(evidence['ingress deny']).toMatch(/^rule 1: .*policies.yaml:12/);
    expect(finding!.techniques[0]!.id).toBe('T1021');
  });
});

test('allow, unknown and no verdict raise nothing; neither do other changes than decided', () => {
  const { detector, see } = start();
  expect(see(forbidden({ verdict: { outcome: 'allow', reasons: [] } }))).toEqual([]);
  expect(see(forbidden({ verdict: { outcome: 'unknown', reasons: [] } }))).toEqual([]);
  expect(see(flowOf('198.51.100.7', '198.51.100.9', 1))).toEqual([]);
  expect(detector.onFlow!(forbidden(), 'attempted')).toEqual([]);
  expect(detector.onFlow!(forbidden(), 'closed')).toEqual([]);
});

test('connections that are older than the watch count, and say so', () => {
  const [finding] = start().see(forbidden({ state: 'established', preexisting: true }));
  expect(finding!.explanation).toContain('older than this watch');
});

test('a flow that stays without an answer and then times out is told once; when it passes after all, again', () => {
  const { see } = start();
  const attempt = forbidden({ ...sourceOnly, state: 'unanswered' });
  expect(see(attempt)).toHaveLength(1);
  expect(see({ ...attempt, state: 'timed-out' })).toEqual([]);
  const [passed] = see({ ...attempt, state: 'established' });
  expect(passed!.severity).toBe('high');
});

test('the fingerprint is by source, destination and outcome, not by process or source port', () => {
  const { see } = start();
  const print = (flow: Flow) => see(flow)[0]!.fingerprint;
  const one = print(forbidden({ state: 'established' }));
  expect(print(forbidden({ id: 'other', state: 'established' }))).toBe(one);
  expect(print(forbidden({ ...sourceOnly, state: 'unanswered' }))).not.toBe(one);
});

test('the port is part of it only where the connection was established', () => {
  const { see } = start();
  const print = (flow: Flow) => see(flow)[0]!.fingerprint;
  expect(print(forbidden({ state: 'established' }, 1))).not.toBe(
    print(forbidden({ state: 'established' }, 2)),
  );
  expect(print(forbidden({ state: 'refused' }, 1))).toBe(print(forbidden({ state: 'refused' }, 2)));
});

test('the technique goes by what the ends are', () => {
  const { see } = start();
  const verdict = { outcome: 'deny', reasons: [deniedBy] } as const;
  const inward = named(flowOf('203.0.113.1', '198.51.100.9', 1, { verdict }), 'x', 'shop/db');
  const outward = named(flowOf('198.51.100.9', '203.0.113.1', 1, { verdict }), 'shop/db', 'x');
  const unknown = { kind: 'unknown', name: '203.0.113.1' } as const;
  expect(see({ ...inward, source: { ...inward.source, identity: unknown } })[0]!.techniques[0]!.id).toBe(
    'T1133',
  );
  expect(
    see({ ...outward, destination: { ...outward.destination, identity: unknown } })[0]!.techniques[0]!.id,
  ).toBe('T1048');
});

test('a scan of one host is one alert, renewed as its ports become twice as many', () => {
  const { see } = start();
  const findings = Array.from({ length: 1000 }, (_, port) => see(forbidden({}, port + 1))).flat();
  expect(new Set(findings.map(({ fingerprint }) => fingerprint)).size).toBe(1);
  expect(findings).toHaveLength(10);
  expect(findings.at(-1)!.title).toBe(
    'Enforcement gap: shop/guest reached shop/db on tcp 1-64 and 448 more, which is forbidden',
  );
  // A port that was told of is told of again when it is tried again.
  expect(see(forbidden({}, 1))[0]!.fingerprint).toBe(findings[0]!.fingerprint);
});

test('a sweep over hosts is five alerts and one for all further ones', () => {
  const { see } = start();
  const findings = Array.from({ length: 1000 }, (_, host) => {
    const flow = forbidden();
    const identity = { kind: 'workload', name: `shop/pod-${host}` } as const;
    return see({ ...flow, destination: { ...flow.destination, identity } });
  }).flat();
  expect(new Set(findings.map(({ fingerprint }) => fingerprint)).size).toBe(6);
  expect(findings.length).toBeLessThan(20);
  const last = findings.at(-1)!;
  expect(last.title).toBe('shop/guest: many forbidden connections that nothing stopped');
  expect(last.evidence[0]).toMatchObject({ name: 'further connections', value: '512' });
});

test('established gaps have more room, since each is an open door', () => {
  const { see } = start();
  const open = { state: 'established' } as const;
  const findings = Array.from({ length: 40 }, (_, port) => see(forbidden(open, port + 1))).flat();
  expect(new Set(findings.map(({ fingerprint }) => fingerprint)).size).toBe(40);
});

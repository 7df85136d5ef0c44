import { expect, test } from 'vitest';
import { drop, findings, ssh } from '../analysis.fixture.ts';
import { inputOnly } from './input-only.ts';

test('is told where it is', () => {
  const found = findings(inputOnly, [ssh, drop]);
  expect(found).toMatchObject([{ at: drop }]);
  expect(found[0]!.message).toMatch(/^INPUT alone is filtered: /);
});

test.each([
  ['FORWARD is filtered too', [ssh, drop, 'iptables -A FORWARD -j DROP'], {}],
  ['policies isolate the pods', [ssh, drop], { arePodsIsolated: true }],
  ['no pods are on the machine', [ssh, drop], { isClusterNode: false }],
] as const)('nothing to say: %s', (_, lines, machine) =>
  expect(findings(inputOnly, lines, machine)).toEqual([]),
);

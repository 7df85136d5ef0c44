import { expect, test } from 'vitest';
import { policyYaml } from '../../../segmentation/manifests.fixture.ts';
import { findings, fixed } from '../checks.fixture.ts';
import { inertRules } from './inert-rules.ts';

const policy = (types: string, egress: string) =>
  policyYaml('p', `  podSelector: {}\n${types}  egress:${egress}`);
const block = '  policyTypes:\n  - Ingress\n';
const rule = '\n  - to: [{podSelector: {}}]';

test('egress rules without the type', () => {
  expect(findings(inertRules, policy(block, rule))).toEqual([
    {
      at: 'egress',
      message: 'the egress rule has no effect: policyTypes does not list Egress',
      help: 'add `Egress` to policyTypes, or remove `egress`',
    },
  ]);
});

test('an empty list that means to deny', () => {
  expect(findings(inertRules, policy(block, ' []'))).toMatchObject([
    { message: '`egress: []` has no effect: policyTypes does not list Egress' },
  ]);
});

test.each([
  ['type listed', policy('  policyTypes: [Ingress, Egress]\n', rule)],
  ['types left to the default', policy('', rule)],
  ['empty list, types left to the default', policy('', ' []')],
])('nothing to say: %s', (_, text) => expect(findings(inertRules, text)).toEqual([]));

test.each([
  ['block list', block],
  ['indented block list', '  policyTypes:\n    - Ingress\n'],
  ['flow list', '  policyTypes: [Ingress]\n'],
])('the fix makes it clean: %s', (_, types) => {
  expect(findings(inertRules, fixed(inertRules, policy(types, rule)))).toEqual([]);
});

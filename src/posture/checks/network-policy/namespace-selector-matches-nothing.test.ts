import { expect, test } from 'vitest';
import { podYaml, policyYaml } from '../../../segmentation/manifests.fixture.ts';
import { findings, fixed } from '../checks.fixture.ts';
import { namespaceSelectorMatchesNothing } from './namespace-selector-matches-nothing.ts';

const policy = (selector: string) =>
  policyYaml('p', `  podSelector: {}\n  ingress:\n  - from:\n    - namespaceSelector: ${selector}`);
const namespace = (name: string, labels: string) => `---
apiVersion: v1
kind: Namespace
metadata: {name: ${name}, labels: {${labels}}}
`;

test('the label `name`', () => {
  expect(findings(namespaceSelectorMatchesNothing, policy('{matchLabels: {name: ingress-nginx}}'))).toEqual([
    {
      at: 'name',
      message: 'no namespace has the label `name: ingress-nginx`: nothing sets it',
      help: 'write `kubernetes.io/metadata.name: ingress-nginx`, which the API server sets on every namespace',
    },
  ]);
});

test.each([
  '{matchLabels: {name: ingress-nginx}}',
  '{matchExpressions: [{key: name, operator: In, values: [a, b]}]}',
])('the fix makes it clean: %s', (selector) => {
  const text = fixed(namespaceSelectorMatchesNothing, policy(selector));
  expect(text).toContain('kubernetes.io/metadata.name');
  expect(findings(namespaceSelectorMatchesNothing, text)).toEqual([]);
});

test('nearly the label of a declared namespace', () => {
  const text = namespace('ops', 'team: operations') + policy('{matchLabels: {team: operation}}');
  expect(findings(namespaceSelectorMatchesNothing, text)).toMatchObject([
    {
      message: 'no declared namespace matches `team=operation`',
      help: expect.stringContaining('team=operations'),
    },
  ]);
});

test.each([
  ['a namespace does have the label name', namespace('a', 'name: a') + policy('{matchLabels: {name: a}}')],
  [
    'by its name, declared elsewhere',
    namespace('a', '') + policy('{matchLabels: {kubernetes.io/metadata.name: b}}'),
  ],
  ['a label of namespaces declared elsewhere', namespace('a', 'x: y') + policy('{matchLabels: {team: ops}}')],
  ['all namespaces', policy('{}')],
  ['used but undeclared namespaces', podYaml('other/a', 'x: y') + policy('{matchLabels: {team: ops}}')],
])('nothing to say: %s', (_, text) => {
  expect(findings(namespaceSelectorMatchesNothing, text)).toEqual([]);
});

import { expect, test } from 'vitest';
import { podYaml, policyYaml } from '../../../segmentation/manifests.fixture.ts';
import { findings, fixed } from '../checks.fixture.ts';
import { wholeNamespaceTrusted } from './whole-namespace-trusted.ts';

const from = (peer: string) => policyYaml('p', `  podSelector: {}\n  ingress:\n  - from:\n    - ${peer}`);
const named = (name: string) =>
  `namespaceSelector:\n        matchLabels:\n          kubernetes.io/metadata.name: ${name}`;

test('a namespace whose usual pods are known: with a fix', () => {
  const text = from(named('ingress-nginx'));
  expect(findings(wholeNamespaceTrusted, text)).toMatchObject([
    {
      message: 'every pod of the namespaces with `kubernetes.io/metadata.name=ingress-nginx` may connect',
      help: 'add a `podSelector` to the same list item: `matchLabels` with `app.kubernetes.io/name: ingress-nginx`',
    },
  ]);
  const mended = fixed(wholeNamespaceTrusted, text);
  expect(mended).toContain(
    '      podSelector:\n        matchLabels:\n          app.kubernetes.io/name: ingress-nginx',
  );
  expect(findings(wholeNamespaceTrusted, mended)).toEqual([]);
});

test('a namespace whose pods are declared', () => {
  expect(
    findings(wholeNamespaceTrusted, podYaml('ops/agent', 'app: agent') + from(named('ops'))),
  ).toMatchObject([
    { help: 'add a `podSelector` to the same list item: `matchLabels` with `one of app=agent`' },
  ]);
});

test('an empty pod selector beside it changes nothing', () => {
  expect(findings(wholeNamespaceTrusted, from(`${named('ops')}\n      podSelector: {}`))).toHaveLength(1);
});

test.each([
  ['pods are named', from(`${named('ops')}\n      podSelector: {matchLabels: {app: a}}`)],
  ['all namespaces are meant', from('namespaceSelector: {}')],
  ['only the own namespace', from('podSelector: {}')],
  [
    'egress',
    policyYaml('p', '  podSelector: {}\n  egress:\n  - to: [{namespaceSelector: {matchLabels: {a: b}}}]'),
  ],
])('nothing to say: %s', (_, text) => expect(findings(wholeNamespaceTrusted, text)).toEqual([]));

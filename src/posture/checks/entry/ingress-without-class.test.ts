import { expect, test } from 'vitest';
import { findings, fixed } from '../checks.fixture.ts';
import { ingressYaml, ruleYaml, web } from './entry-checks.fixture.ts';
import { ingressWithoutClass } from './ingress-without-class.ts';

const rules = `rules:\n${ruleYaml('a.test')}`;
const nginx = '  namespace: shop\n  annotations: {nginx.ingress.kubernetes.io/limit-rps: "5"}\n';
const ingressClass = (name: string, controller: string, isDefault = false) => `---
apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata: {name: ${name}, annotations: {ingressclass.kubernetes.io/is-default-class: "${isDefault}"}}
spec: {controller: ${controller}}
`;

test('no class, and none known', () => {
  const text = web + ingressYaml(rules, nginx);
  expect(findings(ingressWithoutClass, text)).toEqual([
    {
      at: 'spec',
      message: 'no controller takes this Ingress unless the cluster has a default class: it names none',
      help: 'add `ingressClassName: nginx` to `spec`',
    },
  ]);
  const mended = fixed(ingressWithoutClass, text);
  expect(mended).toContain('\n  ingressClassName: nginx\n');
  expect(findings(ingressWithoutClass, mended)).toEqual([]);
});

test.each([
  ['nothing tells which', '', '…'],
  ['the only declared class', ingressClass('edge', 'example.test/edge'), 'edge'],
  [
    'two declared classes',
    ingressClass('edge', 'example.test/edge') + ingressClass('other', 'example.test/other'),
    '…',
  ],
])('which class: %s', (_, classes, name) => {
  expect(findings(ingressWithoutClass, web + classes + ingressYaml(rules))).toMatchObject([
    { help: `add \`ingressClassName: ${name}\` to \`spec\`` },
  ]);
});

test('the class that its annotations are for', () => {
  const classes = ingressClass('edge', 'example.test/edge') + ingressClass('inner', 'k8s.io/ingress-nginx');
  expect(findings(ingressWithoutClass, web + classes + ingressYaml(rules, nginx))[0]?.help).toMatch(/inner/);
});

test('several defaults', () => {
  const classes = ingressClass('a', 'example.test/a', true) + ingressClass('b', 'example.test/b', true);
  expect(findings(ingressWithoutClass, web + classes + ingressYaml(rules))[0]?.message).toMatch(
    /2 classes are the default$/,
  );
});

test.each([
  ['a class', ingressYaml(`ingressClassName: nginx\n${rules}`)],
  [
    'the old annotation',
    ingressYaml(rules, '  namespace: shop\n  annotations: {kubernetes.io/ingress.class: nginx}\n'),
  ],
  ['a default class', ingressClass('edge', 'example.test/edge', true) + ingressYaml(rules)],
])('nothing to say: %s', (_, text) => expect(findings(ingressWithoutClass, web + text)).toEqual([]));

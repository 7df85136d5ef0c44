import { expect, test } from 'vitest';
import { policyYaml } from '../../../segmentation/manifests.fixture.ts';
import { postureOf } from '../../posture.fixture.ts';
import { findings, fixed } from '../checks.fixture.ts';
import { backendNotDeclared } from './backend-not-declared.ts';
import { ingressYaml, routeYaml, ruleYaml, web } from './entry-checks.fixture.ts';

const ingress = (...services: readonly string[]) =>
  ingressYaml(`rules:\n${services.map((service) => ruleYaml('a.test', service)).join('')}`);
const admitting = policyYaml(
  'p',
  '  podSelector: {matchLabels: {tier: front}}\n  ingress:\n  - from: [{namespaceSelector: {matchLabels: {name: ingress-nginx}}}]\n    ports: [{port: 8080}]',
);

test('no such Service, each once', () => {
  expect(findings(backendNotDeclared, ingress('orders', 'orders'))).toEqual([
    {
      at: 'orders',
      message: 'Service shop/orders is not declared: requests get no answer unless something else makes it',
      help: 'declare Service orders in namespace shop with port 80',
    },
  ]);
});

test('a near miss', () => {
  const text = web + ingress('wev');
  expect(findings(backendNotDeclared, text)[0]?.help).toBe('write `web`');
  expect(findings(backendNotDeclared, fixed(backendNotDeclared, text))).toEqual([]);
});

test('it is in another namespace', () => {
  const text = web + ingress('web').replace('namespace: shop', 'namespace: edge');
  expect(findings(backendNotDeclared, text)[0]?.help).toBe(
    'put Ingress web into namespace shop, where Service web is',
  );
});

test('the backend of a route', () => {
  expect(findings(backendNotDeclared, routeYaml('name: orders, port: 80'))).toMatchObject([{ at: 'orders' }]);
});

test('a policy that waits for the proxy is shown', () => {
  const related = (text: string) =>
    backendNotDeclared.run(postureOf(text)).flatMap((found) => found.related.map(({ message }) => message));
  expect(related(admitting + ingress('orders'))).toEqual([
    "lets ingress-nginx in where no declared way in leads; it counts the pods' own port, not the Service's",
  ]);
  const reached = admitting.replace('tier: front', 'app: web');
  expect(related(web + reached + ingress('web', 'orders'))).toEqual([]);
});

test('nothing to say', () => {
  expect(findings(backendNotDeclared, web + ingress('web'))).toEqual([]);
});

import { expect, test } from 'vitest';
import { findings } from '../checks.fixture.ts';
import { controllerYaml, ingressYaml, settingsYaml } from './nginx-checks.fixture.ts';
import { retiredController } from './retired-controller.ts';

const ingressClass = (controller: string) => `---
apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata: {name: nginx}
spec: {controller: ${controller}}
`;
const limited = ingressYaml('limit-rpm: "100"');

test.each([
  ['an Ingress with its annotations', limited, 'web'],
  ['the settings', settingsYaml('hsts: "false"\nuse-gzip: "true"'), 'ingress-nginx-controller'],
  ['the class', limited + ingressClass('k8s.io/ingress-nginx'), 'k8s.io/ingress-nginx'],
  ['the program', limited + controllerYaml(), 'registry.k8s.io/ingress-nginx/controller:v1.15.1'],
])('once: %s', (_, text, at) => {
  expect(findings(retiredController, text)).toMatchObject([
    {
      at,
      message:
        'ingress-nginx is retired: no security fix comes after 1.15.1, maintenance ended in March 2026',
    },
  ]);
});

test.each([
  [
    'another controller of the same class name',
    ingressYaml('') + ingressClass('nginx.org/ingress-controller'),
  ],
  ['a class name alone', ingressYaml('')],
  ['nothing of it', ''],
])('nothing to say: %s', (_, text) => expect(findings(retiredController, text)).toEqual([]));

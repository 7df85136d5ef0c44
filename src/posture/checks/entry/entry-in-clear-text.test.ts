import { expect, test } from 'vitest';
import { objectYaml } from '../../../segmentation/entry/entry.fixture.ts';
import { findings } from '../checks.fixture.ts';
import { controllerYaml, settingsYaml } from '../nginx/nginx-checks.fixture.ts';
import { gatewayYaml, ingressYaml, open, routeYaml, ruleYaml, web } from './entry-checks.fixture.ts';
import { entryInClearText } from './entry-in-clear-text.ts';

const annotated = (key: string, value: string) => `  namespace: shop\n  annotations: {${key}: "${value}"}\n`;
const rules = `ingressClassName: nginx\nrules:\n${ruleYaml('a.test')}`;
const tls = 'tls: [{hosts: [a.test], secretName: web-tls}]\n';
const forced = 'force-ssl-redirect: "true"';
const https = `name: s, port: 443, protocol: HTTPS, tls: {certificateRefs: [{name: c}]}, ${open}`;
const http = `name: h, port: 80, protocol: HTTP, ${open}`;
const toWeb = 'name: web, port: 80';

test('an Ingress without tls', () => {
  expect(findings(entryInClearText, web + ingressYaml(rules))).toEqual([
    {
      at: 'a.test',
      message: 'clients speak clear text to a.test: the Ingress has no `tls` section',
      help: 'add `tls: [{hosts: [a.test], secretName: web-tls}]` to `spec`, with the Secret of the certificate',
    },
  ]);
  expect(findings(entryInClearText, web + ingressYaml(rules + tls))).toEqual([]);
});

test.each([
  [
    'its own annotation',
    ingressYaml(rules, annotated('nginx.ingress.kubernetes.io/force-ssl-redirect', 'true')),
  ],
  ["the controller's settings", ingressYaml(rules) + settingsYaml(forced)],
])('sent to a certificate that nobody trusts: %s', (_, text) => {
  expect(findings(entryInClearText, web + text)).toMatchObject([
    {
      message:
        "clients of a.test are sent to TLS and get the controller's self-signed certificate: the Ingress has no `tls` section",
    },
  ]);
});

test('settings that nobody reads do not redirect', () => {
  const text = web + ingressYaml(rules) + settingsYaml(`${forced}\nhsts: "true"`, 'ingress-nginx/other');
  expect(findings(entryInClearText, text)[0]?.message).toMatch(/^clients speak clear text/);
});

test('a route on an HTTP listener, and a Route', () => {
  const text = `${web + gatewayYaml(http) + routeYaml(toWeb)}${objectYaml(
    'route.openshift.io/v1',
    'Route',
    'plain',
    'host: b.test, to: {kind: Service, name: web}',
  )}`;
  expect(findings(entryInClearText, text)).toMatchObject([
    { at: 'parentRefs', message: 'clients speak clear text to shop.example.com: its listeners speak HTTP' },
    { at: 'spec', message: 'clients speak clear text to b.test: the Route has no `tls`' },
  ]);
});

test.each([
  [
    'certificate of a cloud balancer',
    ingressYaml(rules, annotated('alb.ingress.kubernetes.io/certificate-arn', 'x')),
  ],
  ['passthrough', ingressYaml(rules, annotated('nginx.ingress.kubernetes.io/ssl-passthrough', 'true'))],
  [
    'the controller has a default certificate',
    ingressYaml(rules) + settingsYaml(forced) + controllerYaml('--default-ssl-certificate=x/y'),
  ],
  ['an HTTPS listener', gatewayYaml(https) + routeYaml(toWeb)],
  ['an HTTPS listener besides', gatewayYaml(http, https) + routeYaml(toWeb)],
  ['a Gateway of elsewhere', routeYaml(toWeb)],
  [
    'a route that redirects',
    gatewayYaml(http) +
      objectYaml(
        'gateway.networking.k8s.io/v1',
        'HTTPRoute',
        'r',
        'parentRefs: [{name: edge, namespace: infra}], rules: [{filters: [{type: RequestRedirect, requestRedirect: {scheme: https}}]}]',
      ),
  ],
  [
    'a Route with tls',
    objectYaml(
      'route.openshift.io/v1',
      'Route',
      'r',
      'host: b.test, to: {kind: Service, name: web}, tls: {termination: edge}',
    ),
  ],
])('nothing to say: %s', (_, text) => expect(findings(entryInClearText, web + text)).toEqual([]));

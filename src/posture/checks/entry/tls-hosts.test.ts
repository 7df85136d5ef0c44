import { expect, test } from 'vitest';
import { findings, fixed } from '../checks.fixture.ts';
import { ingressYaml, ruleYaml, web } from './entry-checks.fixture.ts';
import { tlsHosts } from './tls-hosts.ts';

const ingress = (certified: readonly string[], served: readonly string[], more = '') =>
  web +
  ingressYaml(
    `ingressClassName: nginx\ntls:\n${certified.map((hosts) => `- hosts: [${hosts}]\n`).join('')}rules:\n${served
      .map((host) => ruleYaml(host))
      .join('')}${more}`,
  );

test('a host that no rule has', () => {
  const text = ingress(['shop.example.com'], ['shop.example.org']);
  expect(findings(tlsHosts, text)).toEqual([
    {
      at: 'shop.example.com',
      message:
        'no rule is for `shop.example.com`, which has a certificate, and none is named for shop.example.org',
      help: 'write `shop.example.org`, and have the certificate name it',
    },
  ]);
  expect(findings(tlsHosts, fixed(tlsHosts, text))).toEqual([]);
});

test('one too many', () => {
  expect(findings(tlsHosts, ingress(['a.test, b.test'], ['a.test']))).toMatchObject(
    [{ at: 'b.test', message: 'no rule is for `b.test`, which has a certificate', help: /add a rule/ }].map(
      (one) => ({ ...one, help: expect.stringMatching(one.help) }),
    ),
  );
});

test('hosts without a certificate, in one finding', () => {
  expect(findings(tlsHosts, ingress(['a.test'], ['a.test', 'b.test', 'c.test']))).toEqual([
    {
      at: 'b.test',
      message: '`tls` names no certificate for `b.test`, `c.test`',
      help: 'add the host to the `hosts` of a `tls` item whose certificate names it',
    },
  ]);
});

test.each([
  ['the same', ingress(['a.test'], ['a.test'])],
  ['a wildcard', ingress(['"*.a.test"'], ['x.a.test', 'y.a.test'])],
  [
    'a default backend for the rest',
    ingress(['a.test, b.test'], ['a.test']).replace(
      'tls:',
      'defaultBackend: {service: {name: web, port: {number: 80}}}\n  tls:',
    ),
  ],
  ['in several items', ingress(['a.test', 'b.test'], ['a.test', 'b.test'])],
  ['a certificate for any host', ingress([''], ['a.test'])],
  ['no tls', web + ingressYaml(`rules:\n${ruleYaml('a.test')}`)],
  [
    'a default backend alone',
    web + ingressYaml('tls: [{hosts: [a.test]}]\ndefaultBackend: {service: {name: web, port: {number: 80}}}'),
  ],
])('nothing to say: %s', (_, text) => expect(findings(tlsHosts, text)).toEqual([]));

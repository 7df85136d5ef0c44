import { expect, test } from 'vitest';
import { findings } from '../checks.fixture.ts';
import { gatewayYaml } from './entry-checks.fixture.ts';
import { listenerWithoutCertificate } from './listener-without-certificate.ts';

test.each([
  ['no tls', 'name: s, port: 443, protocol: HTTPS', 'HTTPS'],
  ['an empty list', 'name: s, port: 443, protocol: HTTPS, tls: {certificateRefs: []}', 'tls'],
  ['TLS that ends here', 'name: s, port: 443, protocol: TLS, tls: {mode: Terminate}', 'tls'],
])('%s', (_, listener, at) => {
  expect(findings(listenerWithoutCertificate, gatewayYaml(listener))).toEqual([
    {
      at,
      message: 'listener s ends TLS and names no certificate: no client gets in',
      help: 'add `tls: {certificateRefs: [{name: edge-tls}]}`, with the Secret of the certificate in namespace infra',
    },
  ]);
});

test.each([
  ['a certificate', 'name: s, port: 443, protocol: HTTPS, tls: {certificateRefs: [{name: edge-tls}]}'],
  ['options', 'name: s, port: 443, protocol: HTTPS, tls: {options: {example.com/certificate: a}}'],
  ['passthrough', 'name: s, port: 443, protocol: TLS, tls: {mode: Passthrough}'],
  ['HTTP', 'name: s, port: 80, protocol: HTTP'],
])('nothing to say: %s', (_, listener) => {
  expect(findings(listenerWithoutCertificate, gatewayYaml(listener))).toEqual([]);
});

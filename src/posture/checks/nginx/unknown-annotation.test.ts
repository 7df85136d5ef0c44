import { expect, test } from 'vitest';
import { findings, fixed } from '../checks.fixture.ts';
import { ingressYaml } from './nginx-checks.fixture.ts';
import { unknownAnnotation } from './unknown-annotation.ts';

test('a near miss', () => {
  const text = ingressYaml('limit-conections: "10"');
  expect(findings(unknownAnnotation, text)).toEqual([
    {
      at: 'nginx.ingress.kubernetes.io/limit-conections',
      message: 'ingress-nginx knows no annotation `limit-conections`: it is ignored',
      help: 'write `nginx.ingress.kubernetes.io/limit-connections`',
    },
  ]);
  expect(fixed(unknownAnnotation, text)).toBe(ingressYaml('limit-connections: "10"'));
});

test('a near miss beside the right one is deleted', () => {
  const text = ingressYaml('limit-conections: "10"\nlimit-connections: "10"');
  expect(fixed(unknownAnnotation, text)).toBe(ingressYaml('limit-connections: "10"'));
});

test('a name of an earlier release', () => {
  const text = ingressYaml('enable-opentracing: "true"');
  expect(findings(unknownAnnotation, text)).toMatchObject([
    {
      message: 'ingress-nginx knows no annotation `enable-opentracing` since 1.10.0',
      help: 'use `enable-opentelemetry`',
    },
  ]);
  expect(fixed(unknownAnnotation, text)).toBe(ingressYaml(''));
});

test('a key of the ConfigMap', () => {
  expect(findings(unknownAnnotation, ingressYaml('hsts-max-age: "1"'))[0]?.help).toBe(
    "`hsts-max-age` is a key of the controller's ConfigMap: set it there, for all Ingresses, and delete it here",
  );
});

test('nothing is near', () => {
  const text = ingressYaml('make-it-fast: "yes"');
  expect(findings(unknownAnnotation, text)[0]?.help).toBe('delete it');
  expect(findings(unknownAnnotation, fixed(unknownAnnotation, text))).toEqual([]);
});

test.each([
  'limit-connections: "10"',
  'limit-whitelist: 10.0.0.0/8',
  'whitelist-source-range: 10.0.0.0/8',
  'ssl-prefer-server-ciphers: "true"',
  'rate-limit: "100"',
])('nothing to say: %s', (annotation) => {
  expect(findings(unknownAnnotation, ingressYaml(annotation))).toEqual([]);
});

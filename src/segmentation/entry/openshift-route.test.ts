import { describe, expect, test } from 'vitest';
import { edgesOf, entriesOf, objectYaml, problemsOf, shop } from './entry.fixture.ts';

const route = (spec: string) => shop + objectYaml('route.openshift.io/v1', 'Route', 'r', spec);
const to = (service: string, more = '') => `to: {kind: Service, name: ${service}${more}}`;
const entry = (spec: string) => entriesOf(route(spec))[0];

describe('ports', () => {
  test.each([
    ['', ['8080', '9000']],
    [', port: {targetPort: 9000}', ['9000']],
    [', port: {targetPort: admin}', ['9000']],
    [', port: {targetPort: 81}', []],
    [', port: {targetPort: http}', []],
  ])('targetPort is that of the pods, or a name of the Service: %s', (port, expected) => {
    expect(edgesOf(route(to('web') + port))).toEqual(
      expected.map((one) => `Route shop/r => shop/web TCP ${one}`),
    );
  });

  test('why a port leads nowhere', () => {
    expect(problemsOf(route(`${to('web')}, port: {targetPort: 81}`))).toEqual([
      'no pod behind Service shop/web is reached at port 81',
    ]);
  });
});

describe('Services', () => {
  test('alternate backends, and weights of 0', () => {
    const spec = `${to('web', ', weight: 0')}, alternateBackends: [{kind: Service, name: api, weight: 10}]`;
    expect(edgesOf(route(spec))).toEqual(['Route shop/r => shop/api TCP 3000']);
  });

  test.each([
    [to('gone'), 'Service shop/gone is not declared'],
    ['to: {kind: Pod, name: web}', 'the Route names no Service'],
    ['host: a.test', 'the Route names no Service'],
  ])('%s: %s', (spec, problem) => expect(problemsOf(route(spec))).toEqual([problem]));
});

test.each([
  ['', false, [80]],
  ['tls: {termination: edge}', true, [443]],
  ['tls: {termination: reencrypt, insecureEdgeTerminationPolicy: Redirect}', true, [80, 443]],
  ['tls: {termination: edge, insecureEdgeTerminationPolicy: Allow}', false, [80, 443]],
  ['tls: {termination: passthrough}', 'passthrough', [443]],
])('%s: tls %s at %j', (tls, expected, ports) => {
  const found = entry(`${to('web')}${tls && `, ${tls}`}`);
  expect([found?.tls, found?.listeners.map(({ port }) => port)]).toEqual([expected, ports]);
});

test('hosts and paths', () => {
  expect(entry(`host: a.b.test, path: /x, ${to('web')}`)).toMatchObject({
    hosts: ['a.b.test'],
    targets: [{ hosts: ['a.b.test'], matches: [{ path: { type: 'prefix', value: '/x' } }] }],
  });
  expect(entry(`host: a.b.test, wildcardPolicy: Subdomain, ${to('web')}`)?.hosts).toEqual(['*.b.test']);
  expect(
    entry(`host: a.test, path: /x, tls: {termination: passthrough}, ${to('web')}`)?.targets[0]?.matches,
  ).toEqual([]);
});

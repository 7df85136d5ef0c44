import { describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { readManifests } from '../read.ts';

/** Reads one object; tells each problem as `code text-at-its-place`, and whether the object counts as valid. */
function check(apiVersion: string, kind: string, spec: unknown): string[] {
  const text = stringify({ apiVersion, kind, metadata: { name: 'a' }, spec });
  const set = readManifests([{ name: 'a.yaml', bytes: new TextEncoder().encode(text) }]);
  const told = set.diagnostics.map(
    ({ code, span }) => `${code} ${text.slice(span!.start.offset, span!.end.offset).replaceAll(/\s+/g, ' ')}`,
  );
  return set.resources[0]?.schema === 'valid' ? told : [...told, 'invalid'];
}

const service = { service: { name: 'web', port: { number: 80 } } };

describe('Ingress (ValidateIngressSpec)', () => {
  const ingress = (spec: unknown) => check('networking.k8s.io/v1', 'Ingress', spec);
  const paths = (...list: unknown[]) => ingress({ rules: [{ http: { paths: list } }] });
  const path = (value: string | undefined, pathType = 'Prefix') =>
    paths({ path: value, pathType, backend: service });
  const backend = (value: unknown) => ingress({ defaultBackend: value });

  test.each([
    { defaultBackend: service },
    { defaultBackend: { resource: { apiGroup: 'x.test', kind: 'Bucket', name: 'b' } } },
    { defaultBackend: { service: { name: 'web', port: { name: 'http' } } } },
    { rules: [{ host: 'a.test' }] },
    {
      ingressClassName: 'nginx',
      tls: [{ hosts: ['*.a.test'], secretName: 't' }],
      rules: [{ host: '*.a.test', http: { paths: [{ path: '/x', pathType: 'Exact', backend: service }] } }],
    },
    { rules: [{ http: { paths: [{ pathType: 'ImplementationSpecific', backend: service }] } }] },
    {
      rules: [
        { http: { paths: [{ path: '/x//.*', pathType: 'ImplementationSpecific', backend: service }] } },
      ],
    },
  ])('%j is valid', (spec) => expect(ingress(spec)).toEqual([]));

  test.each([
    ['x', 'PKT0080 x'],
    ['/x//y', 'PKT0080 /x//y'],
    ['/x/../y', 'PKT0080 /x/../y'],
    ['/x/..', 'PKT0080 /x/..'],
    ['/x%2fy', 'PKT0080 /x%2fy'],
  ])('path %s', (value, expected) => expect(path(value)).toEqual([expected]));

  test('a path is missing, or how it is compared', () => {
    expect(path(undefined)[0]).toMatch(/^PKT0080 pathType: Prefix/);
    expect(paths({ path: '/', backend: service })[0]).toMatch(/^PKT0080 path: \//);
    expect(path('/', 'prefix')).toEqual(['PKT0033 prefix', 'invalid']);
    expect(path('x', 'ImplementationSpecific')).toEqual(['PKT0080 x']);
  });

  test.each([
    [{ ...service, resource: { kind: 'Bucket', name: 'b' } }, 'PKT0081 kind: Bucket name: b'],
    [{ service: { name: 'web', port: { number: 80, name: 'http' } } }, 'PKT0081 number: 80 name: http'],
    [{ service: { name: 'web' } }, 'PKT0081 name: web'],
    [{ service: { name: 'web', port: {} } }, 'PKT0081 name: web port: {}'],
    [{ service: { name: 'web', port: { number: 70000 } } }, 'PKT0081 70000'],
    [{ service: { name: 'web', port: { name: 'HTTP' } } }, 'PKT0081 HTTP'],
    [{ service: { port: { number: 80 } } }, 'PKT0032 service'],
    [{}, 'PKT0081 {}'],
  ])('backend %j: %s', (value, expected) => expect(backend(value)[0]).toBe(expected));

  test.each(['192.0.2.1', 'a.test:443', '*', '*.*.test', 'a.*.test', 'A.test'])('host %s', (host) => {
    expect(ingress({ rules: [{ host }] })).toHaveLength(1);
    expect(ingress({ rules: [{ host }] })[0]).toMatch(/^PKT0082 /);
  });

  test('neither rules nor a default backend', () => {
    expect(ingress({ ingressClassName: 'nginx' })).toEqual(['PKT0083 ingressClassName: nginx']);
  });

  test('a version that is gone', () => {
    const told = check('extensions/v1beta1', 'Ingress', { backend: { serviceName: 'web', servicePort: 80 } });
    expect(told[0]).toBe('PKT0021 extensions/v1beta1');
    expect(told.at(-1)).toBe('invalid');
  });
});

test('IngressClass', () => {
  const parameters = { kind: 'P', name: 'p', scope: 'Namespace', namespace: 'infra' };
  expect(check('networking.k8s.io/v1', 'IngressClass', { controller: 'x.test/y', parameters })).toEqual([]);
  expect(check('networking.k8s.io/v1', 'IngressClass', { controler: 'x.test/y' })).toEqual([
    'PKT0030 controler',
  ]);
});

const group = 'gateway.networking.k8s.io';

describe('Gateway', () => {
  const listeners = (...list: unknown[]) =>
    check(`${group}/v1`, 'Gateway', { gatewayClassName: 'c', listeners: list });
  const web = { name: 'web', protocol: 'HTTP', port: 80 };

  test.each([
    [web],
    [
      { ...web, hostname: 'a.test' },
      { ...web, name: 'b', hostname: '*.test' },
    ],
    [{ name: 's', protocol: 'HTTPS', port: 443, tls: { certificateRefs: [{ name: 't' }] } }],
    [{ name: 's', protocol: 'TLS', port: 443, tls: { mode: 'Passthrough' } }],
    [
      {
        ...web,
        allowedRoutes: { namespaces: { from: 'Selector', selector: {} }, kinds: [{ kind: 'HTTPRoute' }] },
      },
    ],
    [{ name: 'x', protocol: 'x.test/quic', port: 443 }],
  ])('%j is valid', (...list) => expect(listeners(...list)).toEqual([]));

  test.each([
    [{ ...web, tls: { mode: 'Terminate' } }, 'PKT0084 mode: Terminate'],
    [{ ...web, protocol: 'HTTPS', tls: { mode: 'Passthrough' } }, 'PKT0084 Passthrough'],
    [{ ...web, protocol: 'TLS' }, 'PKT0084 name: web protocol: TLS port: 80'],
    [{ ...web, protocol: 'TCP', hostname: 'a.test' }, 'PKT0084 a.test'],
    [{ ...web, hostname: '192.0.2.1' }, 'PKT0082 192.0.2.1'],
    [{ ...web, port: 0 }, 'PKT0034 0'],
    [{ ...web, allowedRoutes: { namespaces: { from: 'Any' } } }, 'PKT0033 Any'],
  ])('%j: %s', (listener, expected) => expect(listeners(listener)[0]).toBe(expected));

  test('listeners differ', () => {
    expect(listeners(web, { ...web, port: 81 })).toEqual(['PKT0084 web']);
    expect(listeners(web, { ...web, name: 'b' })[0]).toMatch(/^PKT0084 name: b/);
    expect(
      listeners(...Array.from({ length: 65 }, (_, i) => ({ ...web, name: `l${i}`, port: i + 1 })))[0],
    ).toMatch(/^PKT0087 /);
  });

  test("Istio's Gateway is another kind", () => {
    expect(check('networking.istio.io/v1', 'Gateway', { servers: [{ port: { number: 80 } }] })).toEqual([]);
  });
});

describe('routes of the Gateway API', () => {
  const route = (spec: unknown, kind = 'HTTPRoute', version = 'v1') =>
    check(`${group}/${version}`, kind, spec);
  const backendRefs = [{ name: 'web', port: 80, weight: 1 }];
  const rule = (value: unknown) => route({ rules: [value] });

  test.each([
    [
      'HTTPRoute',
      'v1beta1',
      {
        hostnames: ['*.a.test'],
        rules: [{ matches: [{ path: { value: '/x' }, method: 'GET' }], backendRefs }],
      },
    ],
    ['GRPCRoute', 'v1', { rules: [{ matches: [{ method: { service: 's', method: 'm' } }], backendRefs }] }],
    ['TLSRoute', 'v1alpha3', { hostnames: ['a.test'], rules: [{ backendRefs }] }],
    ['TLSRoute', 'v1', { rules: [{ backendRefs }] }],
    [
      'TCPRoute',
      'v1alpha2',
      { parentRefs: [{ name: 'g', sectionName: 's', port: 25 }], rules: [{ backendRefs }] },
    ],
    ['UDPRoute', 'v1alpha2', { rules: [{ backendRefs: [{ group: 'x.test', kind: 'B', name: 'b' }] }] }],
  ])('%s %s %j is valid', (kind, version, spec) => expect(route(spec, kind, version)).toEqual([]));

  test.each([
    [{ backendRefs: [{ name: 'web' }] }, 'PKT0081 name: web'],
    [{ backendRefs: [{ name: 'web', port: 80, weight: -1 }] }, 'PKT0034 -1'],
    [{ matches: [{ path: { value: 'x' } }] }, 'PKT0080 x'],
    [{ matches: [{ path: { value: '/x#y' } }] }, 'PKT0080 /x#y'],
    [{ matches: [{ path: { type: 'Prefix', value: '/' } }] }, 'PKT0033 Prefix'],
    [{ matches: [{ method: 'get' }] }, 'PKT0033 get'],
    [{ filters: [{ type: 'RequestMirror' }] }, 'PKT0085 type: RequestMirror'],
    [
      { filters: [{ type: 'RequestRedirect', requestRedirect: {} }], backendRefs },
      'PKT0085 - name: web port: 80 weight: 1',
    ],
    [{ backendRef: [] }, 'PKT0030 backendRef'],
  ])('rule %j: %s', (value, expected) => expect(rule(value)[0]).toBe(expected));

  test('references to parents differ; lists have limits; TCPRoutes have no hosts', () => {
    expect(route({ parentRefs: [{ name: 'g' }, { name: 'g' }] })[0]).toMatch(/^PKT0085 name: g/);
    expect(
      route({
        parentRefs: [
          { name: 'g', sectionName: 'a' },
          { name: 'g', sectionName: 'b' },
        ],
      }),
    ).toEqual([]);
    expect(route({ hostnames: Array.from({ length: 17 }, (_, i) => `h${i}.test`) })).toEqual([
      'PKT0087 h16.test',
    ]);
    expect(route({ hostnames: [] }, 'TCPRoute', 'v1alpha2')).toEqual(['PKT0030 hostnames']);
    expect(route({ rules: [{ matches: [{ method: {} }] }] }, 'GRPCRoute')).toEqual(['PKT0085 {}']);
  });

  test('ReferenceGrant', () => {
    const from = [{ group, kind: 'HTTPRoute', namespace: 'a' }];
    const grant = (spec: unknown) => check(`${group}/v1beta1`, 'ReferenceGrant', spec);
    expect(grant({ from, to: [{ group: '', kind: 'Service' }] })).toEqual([]);
    expect(grant({ from, to: [{ kind: 'Service' }] })[0]).toMatch(/^PKT0032 /);
    expect(grant({ from })[0]).toMatch(/^PKT0032 /);
  });
});

describe('OpenShift Route', () => {
  const to = { kind: 'Service', name: 'web', weight: 100 };
  const route = (spec: object) => check('route.openshift.io/v1', 'Route', { to, ...spec });

  test.each([
    {},
    { host: 'a.test', path: '/x', port: { targetPort: 'http' }, alternateBackends: [to] },
    { port: { targetPort: 8080 }, tls: { termination: 'reencrypt', destinationCACertificate: 'x' } },
    { tls: { termination: 'passthrough', insecureEdgeTerminationPolicy: 'Redirect' } },
  ])('%j is valid', (spec) => expect(route(spec)).toEqual([]));

  test.each([
    [{ path: 'x' }, 'PKT0080 x'],
    [{ port: { targetPort: 0 } }, 'PKT0081 0'],
    [{ to: { ...to, weight: 257 } }, 'PKT0081 257'],
    [{ to: { ...to, kind: 'Pod' } }, 'PKT0033 Pod'],
    [{ host: 'a.test:80' }, 'PKT0082 a.test:80'],
    [{ wildcardPolicy: 'Subdomain' }, 'PKT0082 Subdomain'],
    [{ alternateBackends: [to, to, to, to] }, 'PKT0087'],
    [{ path: '/x', tls: { termination: 'passthrough' } }, 'PKT0086 /x'],
    [{ tls: { termination: 'passthrough', insecureEdgeTerminationPolicy: 'Allow' } }, 'PKT0086 Allow'],
    [{ tls: { termination: 'passthrough', certificate: 'x' } }, 'PKT0086 x'],
    [{ tls: { termination: 'edge', destinationCACertificate: 'x' } }, 'PKT0086 x'],
    [{ tls: { termination: 'none' } }, 'PKT0033 none'],
  ])('%j: %s', (spec, expected) => expect(route(spec)[0]?.slice(0, expected.length)).toBe(expected));
});

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readInventory } from '../inventory.ts';
import { manifests } from '../manifests.fixture.ts';
import { entryEdges } from './edges.ts';
import { readEntries } from './entries.ts';
import { edgesOf, entriesOf, objectYaml, shop } from './entry.fixture.ts';
import { route } from './route.ts';

test('of two versions of one object the last one counts', () => {
  const ingress = (service: string) =>
    objectYaml(
      'networking.k8s.io/v1',
      'Ingress',
      'in',
      `ingressClassName: x, defaultBackend: {service: {name: ${service}, port: {number: 80}}}`,
    );
  expect(edgesOf(shop + ingress('web') + ingress('api'))).toEqual(['Ingress shop/in => shop/api TCP 3000']);
});

test('kinds of the same name in other groups are no entries', () => {
  const others = [
    objectYaml('networking.istio.io/v1', 'Gateway', 'a', 'servers: []'),
    objectYaml('x.test/v1', 'Ingress', 'b', 'defaultBackend: {service: {name: web, port: {number: 80}}}'),
    objectYaml('serving.knative.dev/v1', 'Route', 'c', 'to: {kind: Service, name: web}'),
    objectYaml('x.test/v1', 'HTTPRoute', 'd', 'rules: [{backendRefs: [{name: web, port: 80}]}]'),
  ];
  expect(entriesOf(shop + others.join(''))).toEqual([]);
});

const group = 'gateway.networking.k8s.io/v1';
const whole = [
  [
    'networking.k8s.io/v1',
    'Ingress',
    'tls: [{hosts: [a.test]}], rules: [{host: a.test, http: {paths: [{path: /, pathType: Exact, backend: {service: {name: web, port: {number: 80}}}}]}}]',
  ],
  [
    group,
    'Gateway',
    'gatewayClassName: c, listeners: [{name: l, protocol: HTTP, port: 80, hostname: a.test, allowedRoutes: {namespaces: {from: Selector, selector: {matchLabels: {a: b}}}, kinds: [{kind: HTTPRoute}]}}]',
  ],
  [
    group,
    'HTTPRoute',
    'parentRefs: [{name: x, sectionName: l, port: 80}], hostnames: [a.test], rules: [{matches: [{path: {type: Exact, value: /}, headers: [{name: h, value: v}]}], filters: [{requestMirror: {backendRef: {name: web}}}], backendRefs: [{name: web, namespace: shop, port: 80, weight: 1}]}]',
  ],
  [
    'gateway.networking.k8s.io/v1beta1',
    'ReferenceGrant',
    'from: [{group: g, kind: k, namespace: n}], to: [{group: "", kind: Service}]',
  ],
  [
    'route.openshift.io/v1',
    'Route',
    'host: a.test, path: /, to: {kind: Service, name: web, weight: 1}, alternateBackends: [{kind: Service, name: api}], port: {targetPort: main}, tls: {termination: edge}',
  ],
  [
    'v1',
    'Service',
    'type: LoadBalancer, loadBalancerSourceRanges: [10.0.0.0/8], externalIPs: [192.0.2.1], selector: {app: web}, ports: [{port: 80}]',
  ],
] as const;

/** Puts `junk` in place of the value at one of the places of a tree. */
function spoil(value: unknown, at: number, junk: unknown): unknown {
  let place = 0;
  const visit = (inner: unknown): unknown => {
    if (place++ === at) return junk;
    if (Array.isArray(inner)) return inner.map(visit);
    if (typeof inner !== 'object' || inner === null) return inner;
    return Object.fromEntries(Object.entries(inner).map(([key, member]) => [key, visit(member)]));
  };
  return visit(value);
}

test('whatever stands in a field, reading, edges and routing go on', () => {
  const { resources } = manifests(
    shop + whole.map(([version, kind, spec]) => objectYaml(version, kind, 'x', spec)).join(''),
  );
  const junk = fc.oneof(
    fc.constantFrom(null, {}, [], [null], [[]], '', '/', 0, -1, 1e9, true, '*.', '__proto__'),
    fc.jsonValue(),
  );
  fc.assert(
    fc.property(fc.nat(resources.length - 1), fc.nat(60), junk, (index, at, value) => {
      const objects = resources.map((one, i) => (i === index ? spoil(one.value, at, value) : one.value));
      const text = objects.map((object) => `---\n${JSON.stringify(object)}\n`).join('');
      const spoiled = manifests(text).resources;
      const entries = readEntries(spoiled, readInventory(spoiled));
      for (const { port, workload, span } of entryEdges(entries)) {
        expect([typeof port, workload.namespace.name, span.file]).toEqual(['number', 'shop', 'shop.yaml']);
      }
      route(entries, { host: 'a.test', path: '/x', port: 80 });
      for (const { targets } of entries) {
        for (const { problem, backends } of targets) if (problem !== undefined) expect(backends).toEqual([]);
      }
    }),
    { numRuns: 500 },
  );
});

test('ten thousand Ingresses, routes and hosts in time', () => {
  const many = Array.from({ length: 10_000 }, (_, i) => i);
  const path = (i: number) =>
    `{path: /${i}, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}`;
  const text =
    shop +
    objectYaml(
      'networking.k8s.io/v1',
      'Ingress',
      'in',
      `ingressClassName: x, rules: [{http: {paths: [${many.map(path).join(', ')}]}}]`,
    ) +
    objectYaml(
      group,
      'Gateway',
      'x',
      `listeners: [${many.map((i) => `{name: l${i}, protocol: HTTP, port: 80, hostname: h${i}.test}`).join(', ')}]`,
    ) +
    objectYaml(
      group,
      'HTTPRoute',
      'r',
      `parentRefs: [${many.map(() => '{name: x}').join(', ')}], hostnames: [${many.map((i) => `h${i}.test`).join(', ')}], rules: [{backendRefs: [{name: web, port: 80}]}]`,
    );
  const { resources } = manifests(text);
  const inventory = readInventory(resources);
  const begun = process.threadCpuUsage();
  const entries = readEntries(resources, inventory);
  expect(entryEdges(entries)).toHaveLength(2);
  expect(route(entries, { host: 'h1.test', path: '/77' }).length).toBeGreaterThan(0);
  // Of this thread: other tests run at the same time.
  expect(process.threadCpuUsage(begun).user / 1000).toBeLessThan(3000);
});

import { describe, expect, test } from 'vitest';
import { workloadName } from '../model.ts';
import { edgesOf, entriesOf, objectYaml, problemsOf, shop } from './entry.fixture.ts';

const group = 'gateway.networking.k8s.io';
const gateway = (listeners: string, name = 'infra/edge') =>
  objectYaml(`${group}/v1`, 'Gateway', name, `gatewayClassName: any, listeners: [${listeners}]`);
const http = (more = '') => `{name: web, protocol: HTTP, port: 80${more}}`;
const fromAll = ', allowedRoutes: {namespaces: {from: All}}';
const route = (more: string, parent = 'name: edge, namespace: infra', kind = 'HTTPRoute', version = 'v1') =>
  objectYaml(`${group}/${version}`, kind, 'r', `parentRefs: [{${parent}}], ${more}`);
const toWeb = 'rules: [{backendRefs: [{name: web, port: 80}]}]';
const edge = 'HTTPRoute shop/r => shop/web TCP 8080';
const grant = (name: string, from: string, to: string) =>
  objectYaml(`${group}/v1beta1`, 'ReferenceGrant', name, `from: [{${from}}], to: [{${to}}]`);
const namespace = (name: string, labels: string) =>
  `---\napiVersion: v1\nkind: Namespace\nmetadata: {name: ${name}, labels: {${labels}}}\n`;

describe('attachment', () => {
  test.each([
    ['all namespaces', http(fromAll), ''],
    ['another namespace, by default', http(), 'takes routes of namespace infra only'],
    ['none', http(', allowedRoutes: {namespaces: {from: None}}'), 'takes no routes'],
    [
      'another kind',
      http(', allowedRoutes: {namespaces: {from: All}, kinds: [{kind: GRPCRoute}]}'),
      'takes no HTTPRoute',
    ],
    [
      'a kind that the protocol cannot carry',
      `{name: web, protocol: TCP, port: 80${fromAll}}`,
      'takes no HTTPRoute',
    ],
    [
      'a selector that is missing',
      http(', allowedRoutes: {namespaces: {from: Selector}}'),
      'without a valid selector',
    ],
  ])('%s', (_, listener, problem) => {
    const text = shop + gateway(listener) + route(toWeb);
    const [found] = problemsOf(text);
    if (problem === '') expect([found, edgesOf(text)]).toEqual([undefined, [edge]]);
    else expect([found, edgesOf(text)]).toEqual([expect.stringContaining(problem), []]);
  });

  test.each([
    ['team: shop', namespace('shop', 'team: shop'), [edge]],
    ['team: shop', namespace('shop', 'team: bank'), []],
    ['team: shop', '', [`${edge} ?`]],
    ['kubernetes.io/metadata.name: shop', '', [edge]],
  ])('namespaces by %s', (labels, declared, expected) => {
    const listener = http(
      `, allowedRoutes: {namespaces: {from: Selector, selector: {matchLabels: {${labels}}}}}`,
    );
    expect(edgesOf(declared + shop + gateway(listener) + route(toWeb))).toEqual(expected);
  });

  test.each([
    ['name: edge, namespace: infra, sectionName: web', undefined],
    ['name: edge, namespace: infra, sectionName: tls', 'Gateway infra/edge has no listener tls'],
    ['name: edge, namespace: infra, port: 80', undefined],
    ['name: edge, namespace: infra, port: 81', 'Gateway infra/edge has no listener on port 81'],
    [
      'name: edge, namespace: infra, sectionName: web, port: 81',
      'Gateway infra/edge has no listener web on port 81',
    ],
  ])('parentRef {%s}: %s', (parent, problem) => {
    expect(problemsOf(shop + gateway(http(fromAll)) + route(toWeb, parent))).toEqual([problem]);
  });

  test('a Gateway that is not declared leaves it open', () => {
    const text = shop + route(toWeb, 'name: edge');
    expect(edgesOf(text)).toEqual([`${edge} ?`]);
    expect(entriesOf(text)[0]?.faults).toMatchObject([
      { text: expect.stringContaining('Gateway shop/edge is not declared') },
    ]);
    expect(entriesOf(text)[0]?.doors).toEqual(['Gateway shop/edge']);
  });

  test("Istio's Gateway of the same name is not meant", () => {
    const istio = objectYaml(
      'networking.istio.io/v1',
      'Gateway',
      'infra/edge',
      'selector: {istio: ingressgateway}',
    );
    expect(entriesOf(shop + istio + route(toWeb))[0]?.faults[0]?.text).toContain('is not declared');
  });

  test('one Gateway that takes it is enough; the refusal of the other is told', () => {
    const text =
      shop +
      gateway(http(fromAll)) +
      gateway(http(), 'infra/closed') +
      route(toWeb, 'name: closed, namespace: infra}, {name: edge, namespace: infra');
    expect(edgesOf(text)).toEqual([edge]);
    expect(entriesOf(text)[0]?.faults).toHaveLength(1);
  });

  test('a route without a Gateway leads nowhere, unless it asks for default ones', () => {
    const bare = (more: string) => objectYaml(`${group}/v1`, 'HTTPRoute', 'r', `${more}${toWeb}`);
    expect(problemsOf(shop + bare(''))).toEqual(['the route names no Gateway that takes it']);
    expect(edgesOf(shop + bare('useDefaultGateways: All, '))).toEqual([`${edge} ?`]);
  });

  test('a route of a Service is no way in', () => {
    expect(entriesOf(shop + route(toWeb, 'group: "", kind: Service, name: web'))).toEqual([]);
  });

  test.each([
    ['a.test', ['a.test'], true],
    ['"*.test"', ['a.test'], true],
    ['a.test', ['"*.test"'], true],
    ['a.test', ['b.test'], false],
    ['"*.a.test"', ['b.test', 'a.test'], false],
    ['a.test', [], true],
  ])('a listener for %s and a route for %j: %s', (hostname, hosts, taken) => {
    const listener = http(`, hostname: ${hostname}${fromAll}`);
    const text = shop + gateway(listener) + route(`hostnames: [${hosts.join(', ')}], ${toWeb}`);
    expect(edgesOf(text)).toEqual(taken ? [edge] : []);
  });
});

describe('kinds and protocols', () => {
  test.each([
    ['GRPCRoute', 'v1', '{name: l, protocol: HTTPS, port: 443}', 'TCP 8080', true],
    [
      'TLSRoute',
      'v1alpha3',
      '{name: l, protocol: TLS, port: 443, tls: {mode: Passthrough}}',
      'TCP 8080',
      'passthrough',
    ],
    ['TLSRoute', 'v1alpha2', '{name: l, protocol: TLS, port: 443, tls: {mode: Terminate}}', 'TCP 8080', true],
    ['TCPRoute', 'v1alpha2', '{name: l, protocol: TCP, port: 25}', 'TCP 8080', false],
    ['UDPRoute', 'v1alpha2', '{name: l, protocol: UDP, port: 53}', 'UDP 5353', false],
  ])('%s', (kind, version, listener, port, tls) => {
    const service = objectYaml(
      'v1',
      'Service',
      'both',
      'selector: {app: web}, ports: [{name: t, port: 80, targetPort: 8080}, {name: u, port: 80, protocol: UDP, targetPort: 5353}]',
    );
    const rules = 'rules: [{backendRefs: [{name: both, port: 80}]}]';
    const text = shop + service + gateway(listener, 'edge') + route(rules, 'name: edge', kind, version);
    expect(edgesOf(text)).toEqual([`${kind} shop/r => shop/web ${port}`]);
    expect(entriesOf(text)[0]?.tls).toBe(tls);
  });
});

describe('backends', () => {
  const open = shop + gateway(http(), 'edge');
  const at = 'name: edge';
  const rules = (refs: string) => route(`rules: [{backendRefs: [${refs}]}]`, at);

  test('a weight of 0 gets nothing', () => {
    const text = open + rules('{name: web, port: 80, weight: 0}, {name: api, port: 80, weight: 1}');
    expect(edgesOf(text)).toEqual(['HTTPRoute shop/r => shop/api TCP 3000']);
    expect(problemsOf(text)[0]).toContain('weight is 0');
  });

  test.each([
    ['{name: web}', 'the backend names no port of Service shop/web'],
    ['{port: 80}', 'the backend names no Service'],
    ['{group: x.test, kind: Bucket, name: b}', 'the backend is Bucket shop/b, not a Service'],
    ['{name: web, port: 8080}', 'Service shop/web has no port 8080'],
  ])('%s: %s', (reference, problem) => expect(problemsOf(open + rules(reference))).toEqual([problem]));

  test('a copy of the requests goes somewhere too', () => {
    const mirror = 'filters: [{type: RequestMirror, requestMirror: {backendRef: {name: api, port: 80}}}]';
    const text = open + route(`rules: [{${mirror}, backendRefs: [{name: web, port: 80}]}]`, at);
    expect(edgesOf(text)).toEqual([edge, 'HTTPRoute shop/r => shop/api TCP 3000']);
    expect(entriesOf(text)[0]?.targets.map(({ isMirror }) => isMirror)).toEqual([false, true]);
  });

  const from = (more = '') => `group: ${group}, kind: HTTPRoute, namespace: ${more || 'front'}`;
  const to = 'group: "", kind: Service';
  test.each([
    ['', false],
    [grant('shop/g', from(), to), true],
    [grant('shop/g', from(), `${to}, name: web`), true],
    [grant('shop/g', from(), `${to}, name: api`), false],
    [grant('shop/g', from('other'), to), false],
    [grant('front/g', from(), to), false],
    [grant('shop/g', from().replace('HTTPRoute', 'GRPCRoute'), to), false],
    [grant('shop/g', from(), 'group: "", kind: Secret'), false],
  ])('another namespace needs a ReferenceGrant: %s', (granted, allowed) => {
    const across = objectYaml(
      `${group}/v1`,
      'HTTPRoute',
      'front/r',
      'parentRefs: [{name: edge}], rules: [{backendRefs: [{name: web, namespace: shop, port: 80}]}]',
    );
    const text = shop + gateway(http(), 'front/edge') + granted + across;
    expect(edgesOf(text)).toEqual(allowed ? ['HTTPRoute front/r => shop/web TCP 8080'] : []);
    if (!allowed) {
      expect(problemsOf(text)).toEqual([
        'no ReferenceGrant in namespace shop lets a HTTPRoute of front send to Service web',
      ]);
    }
  });
});

test('the pods of a Gateway by its label, else those of its class', () => {
  const pod = (name: string, labels: string) =>
    `---\napiVersion: v1\nkind: Pod\nmetadata: {name: ${name}, namespace: infra, labels: {${labels}}}\nspec: {containers: [{name: m, image: e.test/m}]}\n`;
  const own = pod('edge-7', 'gateway.networking.k8s.io/gateway-name: edge');
  const traefik = pod('traefik', 'app.kubernetes.io/name: traefik');
  const ofClass = `---\napiVersion: ${group}/v1\nkind: GatewayClass\nmetadata: {name: any}\nspec: {controllerName: traefik.io/gateway-controller}\n`;
  const by = (text: string) =>
    entriesOf(shop + gateway(http(fromAll)) + route(toWeb) + text)[0]?.proxy?.workloads?.map(workloadName);
  expect(by('')).toBeUndefined();
  expect(by(own + traefik + ofClass)).toEqual(['infra/edge-7']);
  expect(by(traefik + ofClass)).toEqual(['infra/traefik']);
});

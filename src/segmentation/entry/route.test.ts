import { describe, expect, test } from 'vitest';
import { edgesOf, entriesOf, objectYaml } from './entry.fixture.ts';
import { type EntryRequest, route } from './route.ts';

/** One pod and one Service for each name. */
const backends = (...names: string[]) =>
  names
    .map(
      (name) =>
        `---\napiVersion: v1\nkind: Pod\nmetadata: {name: ${name}, namespace: shop, labels: {app: ${name}}}\nspec: {containers: [{name: m, image: e.test/m}]}\n` +
        objectYaml('v1', 'Service', name, `selector: {app: ${name}}, ports: [{port: 80}]`),
    )
    .join('');

const all = backends('one', 'two', 'three', 'rest');

/** The Services that a request goes to, doubtful ones with a question mark. */
function ask(text: string, request: EntryRequest): string[] {
  return route(entriesOf(all + text), request).map(({ target, certain }) => {
    return `${target.service?.name ?? 'none'}${certain ? '' : '?'}`;
  });
}

describe('Ingress', () => {
  const path = (value: string, type: string, service: string) =>
    `{path: ${value}, pathType: ${type}, backend: {service: {name: ${service}, port: {number: 80}}}}`;
  const rule = (host: string, ...paths: string[]) =>
    `{${host && `host: ${host}, `}http: {paths: [${paths.join(', ')}]}}`;
  const ingress = (rules: string, more = '', name = 'in') =>
    objectYaml('networking.k8s.io/v1', 'Ingress', name, `ingressClassName: nginx, ${more}rules: [${rules}]`);
  const fallback = 'defaultBackend: {service: {name: rest, port: {number: 80}}}, ';

  // The table "Examples" of kubernetes.io/docs/concepts/services-networking/ingress, path types.
  test.each([
    ['Prefix', ['/'], '/any', true],
    ['Exact', ['/foo'], '/foo', true],
    ['Exact', ['/foo'], '/bar', false],
    ['Exact', ['/foo'], '/foo/', false],
    ['Exact', ['/foo/'], '/foo', false],
    ['Prefix', ['/foo'], '/foo', true],
    ['Prefix', ['/foo'], '/foo/', true],
    ['Prefix', ['/foo/'], '/foo', true],
    ['Prefix', ['/foo/'], '/foo/', true],
    ['Prefix', ['/aaa/bb'], '/aaa/bbb', false],
    ['Prefix', ['/aaa/bbb'], '/aaa/bbb', true],
    ['Prefix', ['/aaa/bbb/'], '/aaa/bbb', true],
    ['Prefix', ['/aaa/bbb'], '/aaa/bbb/', true],
    ['Prefix', ['/aaa/bbb'], '/aaa/bbb/ccc', true],
    ['Prefix', ['/aaa/bbb'], '/aaa/bbbxyz', false],
  ] as const)('%s %j takes %s: %s', (type, paths, asked, taken) => {
    const text = ingress(rule('', ...paths.map((one) => path(one, type, 'one'))), fallback);
    expect(ask(text, { host: 'a.test', path: asked, port: 80 })).toEqual([taken ? 'one' : 'rest']);
  });

  test('the longest path first, exact before prefix', () => {
    const text = ingress(
      rule('', path('/', 'Prefix', 'one'), path('/aaa', 'Prefix', 'two'), path('/aaa', 'Exact', 'three')),
    );
    const at = (asked: string) => ask(text, { host: 'a.test', path: asked });
    expect([at('/ccc'), at('/aaa/ccc'), at('/aaa')]).toEqual([['one'], ['two'], ['three']]);
    expect(at('/aaa')).toEqual(['three']);
  });

  test('the host decides first, also across Ingresses; then its own paths or the default backend', () => {
    const text =
      ingress(
        `${rule('"*.a.test"', path('/', 'Prefix', 'two'))}, ${rule('', path('/', 'Prefix', 'three'))}`,
        '',
        'wide',
      ) + ingress(rule('x.a.test', path('/shop', 'Prefix', 'one')), fallback);
    const at = (host: string, asked: string) => ask(text, { host, path: asked });
    expect(at('x.a.test', '/shop')).toEqual(['one']);
    expect(at('x.a.test', '/else')).toEqual(['rest']);
    expect(at('y.a.test', '/shop')).toEqual(['two']);
    expect(at('z.y.a.test', '/shop')).toEqual(['three']);
    expect(at('b.test', '/shop')).toEqual(['three']);
  });

  test('what the request does not tell leaves several open', () => {
    const text = ingress(
      `${rule('a.test', path('/x', 'Prefix', 'one'))}, ${rule('', path('/', 'Prefix', 'two'))}`,
    );
    expect(ask(text, {})).toEqual(['one?', 'two?']);
    expect(ask(text, { host: 'a.test' })).toEqual(['one?']);
    expect(ask(text, { path: '/y' })).toEqual(['two']);
  });

  test('what a proxy makes of ImplementationSpecific is open, save for /', () => {
    const at = (pattern: string, asked: string) =>
      ask(ingress(rule('', path(pattern, 'ImplementationSpecific', 'one'), path('/', 'Prefix', 'two'))), {
        path: asked,
      });
    expect(at('/x', '/x/y')).toEqual(['one?', 'two?']);
    expect(at('/x', '/y')).toEqual(['two']);
    expect(at('"/x(.*)"', '/y')).toEqual(['one?', 'two?']);
  });

  test('Ingresses of another class, and other ports, are apart', () => {
    const text = ingress(rule('', path('/', 'Prefix', 'one')));
    const other = text
      .replace('nginx', 'inner')
      .replace('name: one', 'name: two')
      .replace('name: in,', 'name: in2,');
    expect(ask(text + other, { path: '/', port: 80 })).toEqual(['one', 'two']);
    expect(ask(text + other, { path: '/', port: 443 })).toEqual([]);
  });
});

describe('Gateway API', () => {
  const group = 'gateway.networking.k8s.io/v1';
  const gateway = (listeners = '{name: web, protocol: HTTP, port: 80}') =>
    objectYaml(group, 'Gateway', 'edge', `gatewayClassName: any, listeners: [${listeners}]`);
  const httpRoute = (name: string, rules: string, more = '') =>
    objectYaml(group, 'HTTPRoute', name, `parentRefs: [{name: edge}], ${more}rules: [${rules}]`);
  const rule = (service: string, ...matches: string[]) =>
    `{${matches.length > 0 ? `matches: [${matches.join(', ')}], ` : ''}backendRefs: [{name: ${service}, port: 80}]}`;
  const path = (type: string, value: string, more = '') => `{path: {type: ${type}, value: ${value}}${more}}`;

  test('exact before prefix, longer before shorter, then a method', () => {
    const text =
      gateway() +
      httpRoute(
        'r',
        [
          rule('rest'),
          rule('one', path('PathPrefix', '/aaa/bbb')),
          rule('two', path('Exact', '/aaa')),
          rule('three', path('PathPrefix', '/aaa/bbb', ', method: POST')),
        ].join(', '),
      );
    const at = (asked: string, method = 'GET') => ask(text, { path: asked, method });
    expect(at('/')).toEqual(['rest']);
    expect(at('/aaa')).toEqual(['two']);
    expect(at('/aaa/bbb/c')).toEqual(['one']);
    expect(at('/aaa/bbb/c', 'POST')).toEqual(['three']);
    expect(ask(text, { path: '/aaa/bbb' })).toEqual(['three?', 'one?']);
  });

  test('headers and regular expressions leave it open', () => {
    const header = '{headers: [{name: canary, value: "1"}]}';
    const text =
      gateway() +
      httpRoute(
        'r',
        `${rule('one', header)}, ${rule('two', path('RegularExpression', '/x.*'))}, ${rule('rest')}`,
      );
    expect(ask(text, { path: '/' })).toEqual(['two?', 'one?', 'rest?']);
  });

  test('all backends of the rule that takes it, with their weights', () => {
    const split = '{backendRefs: [{name: one, port: 80, weight: 9}, {name: two, port: 80, weight: 1}]}';
    expect(ask(gateway() + httpRoute('r', split), { path: '/' })).toEqual(['one', 'two']);
  });

  test('the more specific host first, then on to the wider one', () => {
    const text =
      gateway() +
      httpRoute('wide', rule('two'), 'hostnames: ["*.a.test"], ') +
      httpRoute('exact', rule('one', path('PathPrefix', '/x')), 'hostnames: [y.a.test], ');
    const at = (host: string, asked: string) => ask(text, { host, path: asked });
    expect(at('y.a.test', '/x')).toEqual(['one']);
    expect(at('y.a.test', '/z')).toEqual(['two']);
    expect(at('v.u.a.test', '/x')).toEqual(['two']);
    expect(at('a.test', '/x')).toEqual([]);
  });

  test('a listener takes the hosts that no more specific one takes', () => {
    const listeners =
      '{name: wide, protocol: HTTP, port: 80, hostname: "*.a.test"}, {name: own, protocol: HTTP, port: 80, hostname: x.a.test}';
    const on = (section: string, service: string) =>
      httpRoute(section, rule(service)).replace('{name: edge}', `{name: edge, sectionName: ${section}}`);
    const text = gateway(listeners) + on('wide', 'one') + on('own', 'two');
    expect(ask(text, { host: 'x.a.test', path: '/', port: 80 })).toEqual(['two']);
    expect(ask(text, { host: 'y.a.test', path: '/', port: 80 })).toEqual(['one']);
    expect(ask(text, { host: 'y.a.test', path: '/', port: 8080 })).toEqual([]);
  });

  test('routes of a Gateway that is not declared are matched together', () => {
    const text = httpRoute('a', rule('one')) + httpRoute('b', rule('two', path('PathPrefix', '/x')));
    expect(ask(text, { path: '/x' })).toEqual(['two']);
  });
});

test('without a proxy the port alone decides', () => {
  const service = objectYaml(
    'v1',
    'Service',
    'out',
    'type: NodePort, selector: {app: one}, ports: [{name: a, port: 80, nodePort: 30080}, {name: b, port: 81, nodePort: 30081}]',
  );
  const asked = (port: number) =>
    route(entriesOf(all + service), { port }).map(({ target }) => target.servicePort);
  expect([asked(30080), asked(30081), asked(80)]).toEqual([[80], [81], []]);
  expect(edgesOf(all + service)).toHaveLength(2);
});

import { describe, expect, test } from 'vitest';
import { workloadName } from '../model.ts';
import { edgesOf, entriesOf, objectYaml, problemsOf, shop } from './entry.fixture.ts';

const ingress = (spec: string, name = 'in') =>
  objectYaml('networking.k8s.io/v1', 'Ingress', name, `ingressClassName: nginx, ${spec}`);
const backend = (service: string, port: string) => `backend: {service: {name: ${service}, port: {${port}}}}`;
const rule = (service: string, port: string, host = '') =>
  `${host && `host: ${host}, `}http: {paths: [{path: /, pathType: Prefix, ${backend(service, port)}}]}`;

describe('backends', () => {
  test('the port of the Service becomes that of the pods, by number and by name', () => {
    const rules = `rules: [{${rule('web', 'number: 80')}}, {${rule('web', 'name: admin')}}]`;
    expect(edgesOf(shop + ingress(rules))).toEqual([
      'Ingress shop/in => shop/web TCP 8080',
      'Ingress shop/in => shop/web TCP 9000',
    ]);
  });

  test('the default backend', () => {
    const text = shop + ingress('defaultBackend: {service: {name: api, port: {number: 80}}}');
    expect(edgesOf(text)).toEqual(['Ingress shop/in => shop/api TCP 3000']);
    expect(entriesOf(text)[0]?.targets[0]).toMatchObject({ isDefault: true, hosts: [], matches: [] });
  });

  test('each edge once', () => {
    const rules = `rules: [{${rule('web', 'number: 80', 'a.test')}}, {${rule('web', 'name: main', 'b.test')}}]`;
    expect(edgesOf(shop + ingress(rules))).toEqual(['Ingress shop/in => shop/web TCP 8080']);
  });

  test('versions before v1 name Service and port otherwise', () => {
    const text = objectYaml(
      'extensions/v1beta1',
      'Ingress',
      'in',
      'ingressClassName: nginx, rules: [{http: {paths: [{path: /, backend: {serviceName: web, servicePort: main}}]}}]',
    );
    expect(edgesOf(shop + text)).toEqual(['Ingress shop/in => shop/web TCP 8080']);
  });

  test('a Service of another namespace is not meant', () => {
    const text = shop + ingress(`rules: [{${rule('web', 'number: 80')}}]`, 'other/in');
    expect(problemsOf(text)).toEqual(['Service other/web is not declared']);
    expect(edgesOf(text)).toEqual([]);
  });

  const services = [
    objectYaml('v1', 'Service', 'out', 'type: ExternalName, externalName: example.test'),
    objectYaml('v1', 'Service', 'none', 'selector: {app: gone}, ports: [{port: 80}]'),
    objectYaml('v1', 'Service', 'misnamed', 'selector: {app: web}, ports: [{port: 80, targetPort: grpc}]'),
    objectYaml('v1', 'Service', 'datagram', 'selector: {app: web}, ports: [{port: 80, protocol: UDP}]'),
  ].join('');
  test.each([
    [backend('gone', 'number: 80'), 'Service shop/gone is not declared'],
    [backend('web', 'number: 8080'), 'Service shop/web has no port 8080'],
    [backend('web', 'name: http'), 'Service shop/web has no port http'],
    [backend('datagram', 'number: 80'), 'Service shop/datagram has no port 80 of this protocol'],
    [backend('out', 'number: 80'), 'Service shop/out is of type ExternalName: it leads out of the cluster'],
    [backend('none', 'number: 80'), 'the selector of Service shop/none matches no declared pod'],
    [backend('misnamed', 'number: 80'), 'no pod behind Service shop/misnamed has a port named grpc'],
    ['backend: {service: {name: web}}', 'the backend names no port of Service web'],
    ['backend: {resource: {kind: Bucket, name: logs}}', 'the backend is Bucket logs, not a Service'],
    ['backend: {}', 'the backend names no Service'],
    ['backend: 7', 'the backend names no Service'],
  ])('%s: %s', (written, expected) => {
    const rules = `rules: [{http: {paths: [{path: /, pathType: Prefix, ${written}}]}}]`;
    expect(problemsOf(shop + services + ingress(rules)).filter(Boolean)).toContain(expected);
    expect(edgesOf(shop + services + ingress(rules))).toEqual([]);
  });

  test('a Service without a selector is doubtful, not wrong', () => {
    const service = objectYaml('v1', 'Service', 'manual', 'ports: [{port: 80}]');
    const [entry] = entriesOf(shop + service + ingress(`rules: [{${rule('manual', 'number: 80')}}]`));
    expect(entry?.targets[0]).toMatchObject({ problem: undefined, backends: [] });
    expect(entry?.targets[0]?.doubt).toContain('no selector');
  });

  test('pods that labels of a controller decide about are doubtful', () => {
    const text = `---
apiVersion: apps/v1
kind: Deployment
metadata: {name: blue, namespace: shop}
spec:
  selector: {matchLabels: {app: blue}}
  template:
    metadata: {labels: {app: blue}}
    spec: {containers: [{name: main, image: example.test/main}]}
${objectYaml('v1', 'Service', 'blue', 'selector: {app: blue, pod-template-hash: abc}, ports: [{port: 80}]')}`;
    expect(edgesOf(text + ingress(`rules: [{${rule('blue', 'number: 80')}}]`))).toEqual([
      'Ingress shop/in => shop/blue TCP 80 ?',
    ]);
  });
});

describe('TLS and hosts', () => {
  test('a tls section opens 443', () => {
    const [plain] = entriesOf(shop + ingress(`rules: [{${rule('web', 'number: 80', 'a.test')}}]`));
    expect(plain).toMatchObject({
      tls: false,
      hosts: ['a.test'],
      listeners: [{ protocol: 'HTTP', port: 80 }],
    });
    const [secure] = entriesOf(
      shop + ingress(`tls: [{secretName: t}], rules: [{${rule('web', 'number: 80')}}]`),
    );
    expect(secure).toMatchObject({
      tls: true,
      hosts: [],
      listeners: [{ port: 80 }, { protocol: 'HTTPS', port: 443 }],
    });
  });
});

describe('who takes it', () => {
  const rules = `rules: [{${rule('web', 'number: 80')}}]`;
  const bare = (annotations = '') =>
    objectYaml('networking.k8s.io/v1', 'Ingress', 'in', rules).replace(
      'namespace: shop}',
      `namespace: shop, annotations: {${annotations}}}`,
    );
  const controller = (args = '') => `---
apiVersion: apps/v1
kind: Deployment
metadata: {name: ingress-nginx-controller, namespace: ingress-nginx}
spec:
  selector: {matchLabels: {app.kubernetes.io/name: ingress-nginx}}
  template:
    metadata: {labels: {app.kubernetes.io/name: ingress-nginx, app.kubernetes.io/component: controller}}
    spec: {containers: [{name: controller, image: example.test/nginx, args: [/nginx-ingress-controller${args}]}]}
`;
  const ingressClass = (name: string, of: string, annotations = '') => `---
apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata: {name: ${name}, annotations: {${annotations}}}
spec: {controller: ${of}}
`;
  const isDefault = 'ingressclass.kubernetes.io/is-default-class: "true"';
  const taken = (text: string) => {
    const [entry] = entriesOf(shop + text);
    return {
      by: entry?.proxy?.workloads?.map(workloadName),
      className: entry?.proxy?.className,
      doubtful: entry?.targets[0]?.doubt !== undefined,
    };
  };
  const nginx = ['ingress-nginx/ingress-nginx-controller'];

  test.each([
    [
      'the usual name of a class',
      controller() + ingress(rules),
      { by: nginx, className: 'nginx', doubtful: false },
    ],
    ['no pods at hand', ingress(rules), { by: undefined, className: 'nginx', doubtful: false }],
    [
      'a class that names its controller',
      controller() + ingressClass('edge', 'k8s.io/ingress-nginx') + ingress(rules).replace('nginx', 'edge'),
      { by: nginx, className: 'edge', doubtful: false },
    ],
    [
      'a class of another controller',
      controller() + ingressClass('nginx', 'traefik.io/ingress-controller') + ingress(rules),
      { by: undefined, className: 'nginx', doubtful: false },
    ],
    [
      'the annotation',
      controller() + bare('kubernetes.io/ingress.class: nginx'),
      { by: nginx, className: 'nginx', doubtful: false },
    ],
    [
      'the default class',
      controller() + ingressClass('edge', 'k8s.io/ingress-nginx', isDefault) + bare(),
      { by: nginx, className: 'edge', doubtful: false },
    ],
    ['no class at all', controller() + bare(), { by: undefined, className: undefined, doubtful: true }],
    [
      'two default classes',
      ingressClass('a', 'x.test/a', isDefault) + ingressClass('b', 'x.test/b', isDefault) + bare(),
      { by: undefined, className: undefined, doubtful: true },
    ],
    [
      'a controller that takes Ingresses without a class',
      controller(', --watch-ingress-without-class=true') + bare(),
      { by: nginx, className: undefined, doubtful: false },
    ],
  ])('%s', (_, text, expected) => expect(taken(text)).toEqual(expected));

  test('without a class the edges stay, in doubt, and it is told', () => {
    expect(edgesOf(shop + bare())).toEqual(['Ingress shop/in => shop/web TCP 8080 ?']);
    expect(entriesOf(shop + bare())[0]?.faults[0]?.text).toMatch(/^Ingress shop\/in names no class/);
  });
});

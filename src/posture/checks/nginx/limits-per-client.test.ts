import { expect, test } from 'vitest';
import { findings } from '../checks.fixture.ts';
import { limitsPerClient } from './limits-per-client.ts';
import { controllerYaml, ingressYaml, settingsYaml } from './nginx-checks.fixture.ts';

const service = (type: string, more = '') => `---
apiVersion: v1
kind: Service
metadata: {name: controller, namespace: ingress-nginx}
spec: {type: ${type}, selector: {app: controller}, ports: [{port: 80}]${more}}
`;
const ofProject = (more = '') =>
  service('LoadBalancer', more).replace('app: controller', 'app.kubernetes.io/name: ingress-nginx');
const limited = ingressYaml('limit-rpm: "100"\nlimit-connections: "10"');
const status = 'limit-req-status-code: "429"\nlimit-conn-status-code: "429"';

test('once for a set of manifests', () => {
  expect(findings(limitsPerClient, limited + ingressYaml('limit-rps: "1"', 'other'))).toEqual([
    {
      at: 'nginx.ingress.kubernetes.io/limit-rpm',
      message:
        'limits count per client and replica, and stop no flood below HTTP; what exceeds them gets 503 unless another status is set, all clients count as one if a balancer or node replaces their address',
      help: 'set `limit-req-status-code: "429"` and `limit-conn-status-code: "429"` in ConfigMap ingress-nginx/ingress-nginx-controller; set `externalTrafficPolicy: Local` on the controller\'s Service, `use-proxy-protocol`, or `use-forwarded-headers` with `proxy-real-ip-cidr`',
    },
  ]);
});

test('what is done already is not asked for', () => {
  expect(findings(limitsPerClient, limited + settingsYaml(status))[0]?.help).toMatch(
    /^set `externalTrafficPolicy/,
  );
  expect(findings(limitsPerClient, limited + settingsYaml('use-proxy-protocol: "true"'))[0]?.help).toMatch(
    /controller$/,
  );
});

test('settings that nobody reads do not count', () => {
  const text = limited + settingsYaml(`${status}\nuse-proxy-protocol: "true"`, 'ingress-nginx/other');
  expect(findings(limitsPerClient, text)[0]?.help).toMatch(/^set `limit-req.*use-proxy-protocol/);
});

test.each([
  ['no limits', ingressYaml('ssl-redirect: "true"')],
  ['status and PROXY protocol', limited + settingsYaml(`${status}\nuse-proxy-protocol: "true"`)],
  [
    'status and a Service that keeps addresses',
    limited +
      settingsYaml(status) +
      controllerYaml() +
      service('LoadBalancer', ', externalTrafficPolicy: Local'),
  ],
  [
    'status and a Service that keeps addresses for a controller installed otherwise',
    limited + settingsYaml(status) + ofProject(', externalTrafficPolicy: Local'),
  ],
  [
    'status and a controller on the host network',
    limited + settingsYaml(status) + controllerYaml('', 'hostNetwork: true'),
  ],
])('nothing to say: %s', (_, text) => expect(findings(limitsPerClient, text)).toEqual([]));

test.each([
  ['a Service that hides addresses', controllerYaml() + service('LoadBalancer')],
  ['no Service at all', controllerYaml()],
  ['a Service that hides them, for a controller installed otherwise', ofProject()],
  [
    'a Service of another controller than the declared one',
    controllerYaml() + ofProject(', externalTrafficPolicy: Local'),
  ],
  ['a Service of something else', service('LoadBalancer', ', externalTrafficPolicy: Local')],
])('the address is not kept: %s', (_, text) => {
  expect(findings(limitsPerClient, limited + settingsYaml(status) + text)).toHaveLength(1);
});

import { describe, expect, test } from 'vitest';
import { Protocol } from '../../net/protocol.ts';
import {
  authenticationYaml,
  authorizationYaml,
  endOf,
  meshOf,
  meshPodYaml,
  namespaceYaml,
  outcomeOf,
  reasonsOf,
  serviceYaml,
} from './mesh.fixture.ts';

const strict = authenticationYaml('shop/default', '{mtls: {mode: STRICT}}');
const sidecars = `${namespaceYaml('shop', 'istio-injection: enabled')}${namespaceYaml('ingress')}`;
const ambient = `${namespaceYaml('shop', 'istio.io/dataplane-mode: ambient')}${namespaceYaml('ingress')}`;
const pods = meshPodYaml('shop/web') + meshPodYaml('shop/api') + meshPodYaml('ingress/nginx');
const named = serviceYaml('shop/api', ['name: http, port: 80, targetPort: 8080', 'name: tcp-db, port: 5432']);
const toApi = (rules: string, action = 'ALLOW') =>
  authorizationYaml(
    'shop/api',
    `{selector: {matchLabels: {app: api}}, action: ${action}, rules: [${rules}]}`,
  );
const fromWeb = 'from: [{source: {principals: [cluster.local/ns/shop/sa/web]}}]';
const web = 'shop/web';
const api = 'shop/api';
const nginx = 'ingress/nginx';

describe('mutual TLS', () => {
  test('STRICT refuses whoever is certainly outside the mesh, with the place and the way out', () => {
    const mesh = meshOf(sidecars + pods + strict);
    const [reason, ...rest] = reasonsOf(mesh, nginx, api, 8080);
    expect(rest).toEqual([]);
    expect(reason).toMatchObject({
      layer: 'mesh',
      direction: 'ingress',
      outcome: 'deny',
      object: { kind: 'PeerAuthentication', name: 'default', namespace: 'shop' },
    });
    expect(reason?.change).toContain('Take ingress/nginx into the mesh');
    expect(outcomeOf(mesh, '198.51.100.7', api, 8080)).toBe('deny');
    expect(outcomeOf(mesh, 'node', api, 8080)).toBe('deny');
    expect(reasonsOf(mesh, web, api, 8080)).toMatchObject([{ outcome: 'allow' }]);
  });

  test('the mesh has no say on UDP, on other ends than pods, and where nothing is declared', () => {
    const mesh = meshOf(sidecars + pods + strict);
    const question = { source: endOf(mesh, nginx), destination: endOf(mesh, api), port: 53 };
    expect(mesh.mesh.judge({ ...question, protocol: Protocol.Udp })).toEqual([]);
    expect(reasonsOf(mesh, web, '198.51.100.7', 80)).toEqual([]);
    expect(reasonsOf(meshOf(pods), nginx, api, 8080)).toEqual([]);
  });

  test('pods without a proxy enforce nothing, and that is said', () => {
    const mesh = meshOf(namespaceYaml('shop') + namespaceYaml('ingress') + pods + strict);
    expect(reasonsOf(mesh, nginx, api, 8080)).toMatchObject([
      { outcome: 'allow', text: expect.stringContaining('has no effect here: shop/api is not in the mesh') },
    ]);
  });

  test('a namespace that no manifest declares leaves it open', () => {
    const mesh = meshOf(pods + strict + authorizationYaml('shop/deny-all', '{}'));
    const reasons = reasonsOf(mesh, web, api, 8080);
    expect(reasons.map(({ outcome }) => outcome)).toEqual(['unknown', 'unknown']);
    expect(reasons[1]?.change).toContain('Declare Namespace shop');
    expect(outcomeOf(meshOf(pods + authorizationYaml('shop/all', '{rules: [{}]}')), web, api, 1)).toBe(
      'allow',
    );
  });

  test.each([
    ['port over workload', '9090: {mode: PERMISSIVE}', 9090, 'allow'],
    ['other ports keep the mode', '9090: {mode: PERMISSIVE}', 8080, 'deny'],
    ['UNSET is inherited', '8080: {mode: UNSET}', 8080, 'deny'],
  ])('%s', (_, ports, port, outcome) => {
    const own = authenticationYaml(
      'shop/api',
      `{selector: {matchLabels: {app: api}}, mtls: {mode: STRICT}, portLevelMtls: {${ports}}}`,
    );
    expect(outcomeOf(meshOf(sidecars + pods + own), nginx, api, port)).toBe(outcome);
  });

  test('the namespace goes before the mesh, and the oldest before the others', () => {
    const root = authenticationYaml('istio-system/default', '{mtls: {mode: STRICT}}');
    const open = authenticationYaml('shop/zzz', '{mtls: {mode: PERMISSIVE}}', '2025-01-01T00:00:00Z');
    const younger = authenticationYaml('shop/aaa', '{mtls: {mode: STRICT}}', '2026-01-01T00:00:00Z');
    expect(outcomeOf(meshOf(sidecars + pods + root), nginx, api, 80)).toBe('deny');
    expect(outcomeOf(meshOf(sidecars + pods + root + open), nginx, api, 80)).toBe('allow');
    expect(outcomeOf(meshOf(sidecars + pods + open + younger), nginx, api, 80)).toBe('allow');
    expect(outcomeOf(meshOf(sidecars + pods + root, { rootNamespace: 'mesh' }), nginx, api, 80)).toBe(
      'allow',
    );
  });

  test('portLevelMtls without a selector counts for nothing', () => {
    const wide = authenticationYaml(
      'shop/default',
      '{mtls: {mode: STRICT}, portLevelMtls: {8080: {mode: DISABLE}}}',
    );
    expect(outcomeOf(meshOf(sidecars + pods + wide), nginx, api, 8080)).toBe('deny');
  });

  test('DISABLE takes identities away from sidecars, not from ambient pods', () => {
    const off = authenticationYaml('shop/default', '{mtls: {mode: DISABLE}}') + toApi(`{${fromWeb}}`);
    expect(outcomeOf(meshOf(sidecars + pods + off), web, api, 80)).toBe('deny');
    expect(outcomeOf(meshOf(ambient + pods + off), web, api, 80)).toBe('allow');
  });

  test('a machine that a WorkloadEntry declares may have a proxy', () => {
    const machine = `---
apiVersion: networking.istio.io/v1
kind: WorkloadEntry
metadata: {name: plc, namespace: shop}
spec: {address: 198.51.100.7, serviceAccount: plc}
`;
    const mesh = meshOf(sidecars + pods + strict + machine);
    expect(outcomeOf(mesh, '198.51.100.7', api, 80)).toBe('unknown');
    expect(outcomeOf(mesh, '198.51.100.8', api, 80)).toBe('deny');
  });
});

describe('authorization', () => {
  test('an empty spec allows nothing, and any further ALLOW re-opens', () => {
    const none = authorizationYaml('shop/deny-all', '{}');
    const closed = reasonsOf(meshOf(sidecars + pods + none), web, api, 8080);
    expect(closed).toMatchObject([
      { outcome: 'deny', object: { name: 'deny-all' }, text: expect.stringContaining('allows nothing') },
    ]);
    expect(closed[0]?.change).toContain('principals ["cluster.local/ns/shop/sa/web"]');
    const opened = reasonsOf(meshOf(sidecars + pods + none + toApi(`{${fromWeb}}`)), web, api, 8080);
    expect(opened).toMatchObject([{ outcome: 'allow', object: { name: 'api' }, rule: 0 }]);
  });

  test('DENY goes before ALLOW; without rules it never matches', () => {
    const all = authorizationYaml('shop/all', '{rules: [{}]}');
    expect(outcomeOf(meshOf(sidecars + pods + all + toApi('{}', 'DENY')), web, api, 80)).toBe('deny');
    expect(outcomeOf(meshOf(sidecars + pods + all + toApi('', 'DENY')), web, api, 80)).toBe('allow');
  });

  test('AUDIT and dry runs decide nothing', () => {
    expect(reasonsOf(meshOf(sidecars + pods + toApi('{}', 'AUDIT')), web, api, 80)).toEqual([]);
    const trial = authorizationYaml('shop/trial', '{}', 'istio.io/dry-run: "true"');
    expect(reasonsOf(meshOf(sidecars + pods + trial), web, api, 80)).toEqual([]);
  });

  test('a provider outside decides unless the rules certainly do not match', () => {
    const custom = authorizationYaml(
      'shop/ext',
      '{action: CUSTOM, provider: {name: oauth}, rules: [{to: [{operation: {ports: ["8080"]}}]}]}',
    );
    const mesh = meshOf(sidecars + pods + custom);
    expect(reasonsOf(mesh, web, api, 8080)).toMatchObject([
      { outcome: 'unknown', text: expect.stringContaining('provider oauth') },
    ]);
    expect(outcomeOf(mesh, web, api, 9090)).toBe('allow');
  });

  test('plaintext peers have no identity', () => {
    const mesh = meshOf(sidecars + pods + toApi('{from: [{source: {notPrincipals: ["*"]}}]}', 'DENY'));
    expect(outcomeOf(mesh, nginx, api, 80)).toBe('deny');
    expect(outcomeOf(mesh, web, api, 80)).toBe('allow');
  });

  test('another trust domain may be an alias', () => {
    const rule = '{from: [{source: {principals: [old.example/ns/shop/sa/web]}}]}';
    const [reason] = reasonsOf(meshOf(sidecars + pods + toApi(rule)), web, api, 80);
    expect(reason).toMatchObject({ outcome: 'unknown', text: expect.stringContaining('trust domain') });
    expect(
      outcomeOf(meshOf(sidecars + pods + toApi(rule), { trustDomain: 'old.example' }), web, api, 80),
    ).toBe('allow');
  });

  test('a faulty policy is not known', () => {
    const mesh = meshOf(sidecars + pods + toApi('{from: [{source: {}}]}'));
    expect(reasonsOf(mesh, web, api, 80)).toMatchObject([
      {
        outcome: 'unknown',
        text: expect.stringContaining('faulty'),
        change: 'Mend AuthorizationPolicy shop/api',
      },
    ]);
    expect(outcomeOf(mesh, nginx, web, 80)).toBe('allow');
    const certain = toApi('{}', 'DENY').replace('name: api', 'name: hard');
    expect(outcomeOf(meshOf(sidecars + pods + toApi('{from: [{source: {}}]}') + certain), web, api, 80)).toBe(
      'deny',
    );
  });

  test('policies of the root namespace are for all, by labels too', () => {
    const root = (spec: string) => meshOf(sidecars + pods + authorizationYaml('istio-system/x', spec));
    expect(outcomeOf(root('{}'), nginx, api, 80)).toBe('deny');
    expect(outcomeOf(root('{selector: {matchLabels: {app: web}}}'), nginx, api, 80)).toBe('allow');
    expect(outcomeOf(root('{selector: {matchLabels: {app: web}}}'), nginx, web, 80)).toBe('deny');
  });
});

describe('HTTP', () => {
  const readInfo = `{${fromWeb}, to: [{operation: {methods: [GET], paths: ["/info*"]}}]}`;
  const get = { method: 'GET', path: '/info/1?x=2' };

  test('without a request it is told which are allowed; with one it is exact', () => {
    const mesh = meshOf(sidecars + pods + named + toApi(readInfo));
    expect(reasonsOf(mesh, web, api, 8080)).toMatchObject([
      { outcome: 'unknown', text: expect.stringContaining('methods GET and paths /info* only') },
    ]);
    expect(outcomeOf(mesh, web, api, 8080, get)).toBe('allow');
    expect(outcomeOf(mesh, web, api, 8080, { method: 'POST' })).toBe('deny');
    expect(outcomeOf(mesh, web, api, 8080, { method: 'GET' })).toBe('unknown');
  });

  test('on a TCP port an ALLOW rule is dropped, of a DENY rule the HTTP part', () => {
    expect(outcomeOf(meshOf(sidecars + pods + named + toApi(readInfo)), web, api, 5432, get)).toBe('deny');
    const deny = toApi('{to: [{operation: {methods: [DELETE]}}]}', 'DENY');
    expect(outcomeOf(meshOf(sidecars + pods + named + deny), web, api, 5432)).toBe('deny');
    expect(outcomeOf(meshOf(sidecars + pods + named + deny), web, api, 8080, get)).toBe('allow');
  });

  test('without a Service that names the protocol it depends on what comes', () => {
    const mesh = meshOf(sidecars + pods + toApi(readInfo));
    expect(reasonsOf(mesh, web, api, 8080)).toMatchObject([
      { outcome: 'unknown', change: expect.stringContaining('by its protocol') },
    ]);
    expect(outcomeOf(mesh, web, api, 8080, get)).toBe('allow');
  });

  test('ztunnel knows no HTTP: ALLOW rules never match, DENY keeps what is left', () => {
    expect(outcomeOf(meshOf(ambient + pods + named + toApi(readInfo)), web, api, 8080, get)).toBe('deny');
    const deny = (operation: string) =>
      meshOf(ambient + pods + named + toApi(`{to: [{operation: {${operation}}}]}`, 'DENY'));
    expect(outcomeOf(deny('methods: [DELETE]'), web, api, 8080, get)).toBe('allow');
    expect(outcomeOf(deny('methods: [DELETE], ports: ["8080"]'), web, api, 8080, get)).toBe('deny');
    expect(outcomeOf(deny('methods: [DELETE], ports: ["8080"]'), web, api, 9090, get)).toBe('allow');
  });

  test('requests have no token identity unless something accepts tokens', () => {
    const users = toApi('{from: [{source: {requestPrincipals: ["*"]}}]}');
    const accept = `---
apiVersion: security.istio.io/v1
kind: RequestAuthentication
metadata: {name: jwt, namespace: shop}
spec: {jwtRules: [{issuer: example.test}]}
`;
    expect(outcomeOf(meshOf(sidecars + pods + named + users), web, api, 8080, get)).toBe('deny');
    expect(outcomeOf(meshOf(sidecars + pods + named + users + accept), web, api, 8080, get)).toBe('unknown');
  });

  test('headers that the request certainly lacks', () => {
    const rule = '{when: [{key: "request.headers[X-User]", values: [admin]}]}';
    const mesh = meshOf(sidecars + pods + named + toApi(rule));
    expect(outcomeOf(mesh, web, api, 8080, get)).toBe('unknown');
    expect(outcomeOf(mesh, web, api, 8080, { ...get, headers: new Map() })).toBe('deny');
    expect(outcomeOf(mesh, web, api, 8080, { ...get, headers: new Map([['x-user', 'admin']]) })).toBe(
      'allow',
    );
  });
});

describe('waypoints', () => {
  const gateway = `---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: waypoint, namespace: shop}
spec: {gatewayClassName: istio-waypoint, listeners: []}
`;
  const service = serviceYaml('shop/api', ['name: http, port: 8080'], 'istio.io/use-waypoint: waypoint');
  const onService = authorizationYaml(
    'shop/get',
    '{targetRefs: [{kind: Service, group: "", name: api}], rules: [{to: [{operation: {methods: [GET]}}]}]}',
  );
  const onlyWaypoint = toApi('{from: [{source: {principals: [cluster.local/ns/shop/sa/waypoint]}}]}');

  test('the Service is judged by the waypoint, the pod itself is not: then it depends', () => {
    const mesh = meshOf(ambient + pods + gateway + service + onService);
    expect(outcomeOf(mesh, web, api, 8080, { method: 'GET' })).toBe('allow');
    const [reason] = reasonsOf(mesh, web, api, 8080, { method: 'POST' });
    expect(reason).toMatchObject({
      outcome: 'unknown',
      text: expect.stringContaining('how the client addresses it'),
    });
  });

  test('behind the waypoint ztunnel sees the waypoint as the source', () => {
    const mesh = meshOf(ambient + pods + gateway + service + onService + onlyWaypoint);
    expect(outcomeOf(mesh, web, api, 8080, { method: 'POST' })).toBe('deny');
    expect(outcomeOf(mesh, web, api, 8080, { method: 'GET' })).toBe('unknown');
    expect(outcomeOf(mesh, nginx, api, 8080, { method: 'GET' })).toBe('deny');
  });

  test('policies with targets are not for sidecars', () => {
    const mesh = meshOf(sidecars + pods + gateway + service + onService);
    expect(reasonsOf(mesh, web, api, 8080, { method: 'POST' })).toEqual([]);
  });

  test('a waypoint for pods takes their own addresses too', () => {
    const all = gateway.replace('namespace: shop}', 'namespace: shop, labels: {istio.io/waypoint-for: all}}');
    const own = meshPodYaml('shop/web') + meshPodYaml('shop/api', 'istio.io/use-waypoint: waypoint');
    const onGateway = authorizationYaml(
      'shop/get',
      '{targetRefs: [{kind: Gateway, group: gateway.networking.k8s.io, name: waypoint}], rules: [{to: [{operation: {methods: [GET]}}]}]}',
    );
    const mesh = meshOf(ambient + own + all + service + onGateway);
    expect(outcomeOf(mesh, web, api, 8080, { method: 'POST' })).toBe('deny');
    expect(outcomeOf(mesh, web, api, 8080, { method: 'GET' })).toBe('allow');
  });
});

describe('what the matrix needs', () => {
  test('the tunnel port between ends of ambient mode', () => {
    const mesh = meshOf(ambient + pods);
    const workload = (name: string) => {
      const end = endOf(mesh, name);
      if (end.kind !== 'workload') throw new Error(name);
      return end.workload;
    };
    expect(mesh.mesh.carrier(endOf(mesh, web), workload(api))).toBe(15008);
    expect(mesh.mesh.carrier(endOf(mesh, nginx), workload(api))).toBeUndefined();
    const plain = meshOf(sidecars + pods);
    expect(plain.mesh.carrier(endOf(plain, web), plain.inventory.workloads[1]!)).toBeUndefined();
  });

  test('the address ranges that policies name', () => {
    const rule = '{from: [{source: {ipBlocks: [198.51.100.7, 10.0.0.0/8], notIpBlocks: [10.1.0.0/16]}}]}';
    const { mesh } = meshOf(sidecars + pods + toApi(rule));
    expect(mesh.addressBlocks().map(({ length }) => length)).toEqual([32, 8, 16]);
  });
});

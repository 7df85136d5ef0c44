import type { Resource } from '../../manifest/resource.ts';
import { type Dice, plainResource } from '../generate.oracle.ts';
import type { OracleMesh, OracleMeshPod, OracleRequest } from './mesh.oracle.ts';

const spaces = ['shop', 'ops', 'istio-system', 'lost'];
const apps = ['web', 'api', 'db'];
const accounts = ['web', 'api', 'default'];
export const meshPorts = [8080, 9090, 5432, 15020, 80, 1];
export const meshAddresses = ['10.1.0.1', '10.1.0.2', '198.51.100.7', '203.0.113.9', '2001:db8::7'];
const blocks = ['10.1.0.0/16', '10.1.0.1', '198.51.100.0/24', '2001:db8::/32'];
const principals = [
  '*',
  'cluster.local/ns/shop/sa/web',
  'cluster.local/ns/shop/*',
  '*/sa/api',
  'old.domain/ns/shop/sa/web',
  'old.domain/ns/ops*',
  '*domain/ns/shop/sa/api',
  'cluster.local/ns/ops/sa/default',
];
const namespaces = ['shop', 'ops', 'sh*', '*ps', '*', '*a', 'l*t'];
const serviceAccounts = ['web', 'shop/web', 'ops/default'];
const methods = ['GET', 'POST', '*', 'P*'];
const paths = ['/info', '/info*', '*.html', '*', '/a/{*}/c', '/a/{**}', '/{**}/c'];
const hosts = ['shop.example', '*.example', 'SHOP*', '*'];

export const requests: readonly (OracleRequest | undefined)[] = [
  undefined,
  undefined,
  {},
  { method: 'GET', path: '/info/x' },
  { method: 'POST', path: '/a/b/c?q=1', host: 'shop.example', headers: {} },
  { method: 'GET', path: '/index.html', host: 'Shop.Example:80', headers: { 'x-user': 'admin' } },
  { path: '/a/', headers: { 'x-user': 'bob' } },
];

export interface GeneratedMesh {
  readonly resources: readonly Resource[];
  readonly mesh: OracleMesh;
  readonly pods: readonly OracleMeshPod[];
}

type Fields = Record<string, unknown>;

/** Returns a small random mesh, as manifests and as the oracle reads it. */
export function generateMesh(dice: Dice): GeneratedMesh {
  const declared: Record<string, Record<string, string>> = {};
  for (const name of spaces.slice(0, 3)) if (dice.chance(0.92)) declared[name] = spaceLabels(dice);
  const pods = Array.from({ length: 2 + dice.below(4) }, (_, id) => generatePod(dice, id));
  const policies = Array.from({ length: 1 + dice.below(9) }, (_, i) => generatePolicy(dice, `p${i}`));
  const authentications = Array.from({ length: dice.below(4) }, (_, i) =>
    generateAuthentication(dice, `q${i}`),
  );
  const services = Array.from({ length: dice.below(3) }, (_, i) => generateService(dice, `s${i}`));
  const waypoints = spaces.map((namespace) => ({
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'Gateway',
    metadata: { name: 'waypoint', namespace },
    spec: { gatewayClassName: 'istio-waypoint', listeners: [] },
  }));
  const tokens = dice.chance(0.5) ? ['shop'] : [];
  const resources = [
    ...Object.entries(declared).map(([name, labels]) => ({
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name, labels },
    })),
    ...pods.map(podManifest),
    ...policies,
    ...authentications,
    ...services,
    ...waypoints,
    ...tokens.map((namespace) => ({
      apiVersion: 'security.istio.io/v1',
      kind: 'RequestAuthentication',
      metadata: { name: 'jwt', namespace },
      spec: {},
    })),
  ].map((value) => plainResource(value));
  const root = 'istio-system';
  return {
    resources,
    mesh: { namespaces: declared, policies, authentications, services, waypoints, root, tokens },
    pods,
  };
}

function spaceLabels(dice: Dice): Record<string, string> {
  const labels: Record<string, string> = {};
  const kind = dice.random();
  if (kind < 0.35) labels['istio-injection'] = 'enabled';
  else if (kind < 0.75) labels['istio.io/dataplane-mode'] = 'ambient';
  else if (kind < 0.8) labels['istio.io/rev'] = 'stable';
  else if (kind < 0.85) labels['istio-injection'] = 'disabled';
  if (dice.chance(0.3)) labels['istio.io/use-waypoint'] = dice.pick(['waypoint', 'none']);
  return labels;
}

function generatePod(dice: Dice, id: number): OracleMeshPod {
  const labels: Record<string, string> = { app: dice.pick(apps) };
  const annotations: Record<string, string> = {};
  if (dice.chance(0.1)) labels['sidecar.istio.io/inject'] = dice.pick(['true', 'false']);
  if (dice.chance(0.1)) labels['istio.io/dataplane-mode'] = dice.pick(['ambient', 'none']);
  if (dice.chance(0.05)) annotations['sidecar.istio.io/inject'] = dice.pick(['true', 'false']);
  if (dice.chance(0.15))
    annotations['traffic.sidecar.istio.io/excludeInboundPorts'] = dice.pick(['9090', '1,5432']);
  const single = dice.chance(0.7);
  return {
    namespace: dice.chance(0.75) ? 'shop' : dice.pick(spaces),
    labels,
    secretLabels: single ? [] : ['pod-template-hash'],
    annotations,
    account: dice.pick(accounts),
    address: single && dice.chance(0.6) ? dice.pick(meshAddresses.slice(0, 2)) : undefined,
    hostNetwork: dice.chance(0.07),
    single,
    id,
  };
}

function podManifest(pod: OracleMeshPod): Fields {
  const metadata = { labels: pod.labels, annotations: pod.annotations };
  const spec = {
    serviceAccountName: pod.account === 'default' ? undefined : pod.account,
    hostNetwork: pod.hostNetwork || undefined,
    containers: [{ name: 'main' }],
  };
  const own = { name: `w${pod.id}`, namespace: pod.namespace };
  if (pod.single) {
    const status = { phase: 'Running', podIP: pod.address };
    return { apiVersion: 'v1', kind: 'Pod', metadata: { ...own, ...metadata }, spec, status };
  }
  return { apiVersion: 'apps/v1', kind: 'Deployment', metadata: own, spec: { template: { metadata, spec } } };
}

function selector(dice: Dice): Fields | undefined {
  const kind = dice.random();
  if (kind < 0.35) return undefined;
  if (kind < 0.45) return {};
  if (kind < 0.55) return { matchLabels: { 'pod-template-hash': 'abc' } };
  return { matchLabels: { app: dice.pick(apps) } };
}

function fields(dice: Dice, choices: Readonly<Record<string, readonly string[]>>): Fields {
  const found: Fields = {};
  for (let i = 0; i === 0 || dice.chance(0.35); i++) {
    const name = dice.pick(Object.keys(choices));
    const negative = `not${name.slice(0, 1).toUpperCase()}${name.slice(1)}`;
    found[dice.chance(0.3) ? negative : name] = [dice.pick(choices[name]!), ...dice.some(choices[name]!, 1)];
  }
  return found;
}

const sources = {
  principals,
  namespaces,
  serviceAccounts,
  ipBlocks: blocks,
  remoteIpBlocks: blocks,
  requestPrincipals: ['*'],
};
const operations = { ports: meshPorts.map(String), methods, paths, hosts };
const keys: Readonly<Record<string, readonly string[]>> = {
  'source.principal': principals,
  'source.namespace': namespaces,
  'source.ip': blocks,
  'remote.ip': blocks,
  'destination.port': meshPorts.map(String),
  'destination.ip': blocks,
  'request.headers[x-user]': ['admin', '*', 'b*'],
  'request.auth.principal': ['*'],
  'connection.sni': ['x'],
};

function generateRule(dice: Dice): Fields {
  const rule: Fields = {};
  const list = (make: () => Fields) => [make(), ...(dice.chance(0.25) ? [make()] : [])];
  if (dice.chance(0.6)) rule.from = list(() => ({ source: fields(dice, sources) }));
  if (dice.chance(0.6)) rule.to = list(() => ({ operation: fields(dice, operations) }));
  if (dice.chance(0.2)) {
    const key = dice.pick(Object.keys(keys));
    const values = [dice.pick(keys[key]!)];
    rule.when = [{ key, ...(dice.chance(0.3) ? { notValues: values } : { values }) }];
  }
  return rule;
}

function generatePolicy(dice: Dice, name: string): Fields {
  const action = dice.pick([undefined, 'ALLOW', 'ALLOW', 'DENY', 'DENY', 'AUDIT', 'CUSTOM']);
  const most = action === 'DENY' ? 2 : 4;
  const rules = Array.from({ length: dice.below(most) }, () => generateRule(dice));
  const target = dice.chance(0.2)
    ? {
        targetRefs: [
          dice.pick([
            { group: '', kind: 'Service', name: 's0' },
            { kind: 'Service', name: 's1' },
            { group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'waypoint' },
          ]),
        ],
      }
    : { selector: selector(dice) };
  const annotations = dice.chance(0.05) ? { 'istio.io/dry-run': 'true' } : {};
  // Policies of the root namespace come to waypoints only as targets of their own Gateways.
  const namespace = 'targetRefs' in target || dice.chance(0.6) ? 'shop' : dice.pick(spaces);
  return {
    apiVersion: 'security.istio.io/v1',
    kind: 'AuthorizationPolicy',
    metadata: { name, namespace, annotations },
    spec: { action, rules, ...target },
  };
}

function generateAuthentication(dice: Dice, name: string): Fields {
  const mode = () => dice.pick(['STRICT', 'STRICT', 'PERMISSIVE', 'DISABLE', 'UNSET']);
  const own = selector(dice);
  const spec: Fields = { selector: own, ...(dice.chance(0.8) ? { mtls: { mode: mode() } } : {}) };
  if (own?.matchLabels !== undefined && dice.chance(0.5)) {
    spec.portLevelMtls = { [dice.pick(meshPorts)]: { mode: mode() } };
  }
  const creationTimestamp = dice.pick([undefined, '2026-01-01T00:00:00Z', '2026-02-01T00:00:00Z']);
  return {
    apiVersion: 'security.istio.io/v1',
    kind: 'PeerAuthentication',
    metadata: { name, namespace: dice.chance(0.6) ? 'shop' : dice.pick(spaces), creationTimestamp },
    spec,
  };
}

function generateService(dice: Dice, name: string): Fields {
  const port = (number: number) => ({
    name: dice.pick(['http-a', 'http2', 'grpc-x', 'tcp-b', 'https', 'x', undefined]),
    port: dice.pick([80, 8080, 443]) + (number === 0 ? 0 : 1000),
    targetPort: dice.pick(meshPorts.slice(0, 3)),
  });
  const ports = [port(0), ...(dice.chance(0.3) ? [port(1)] : [])];
  const labels = dice.chance(0.4) ? { 'istio.io/use-waypoint': dice.pick(['waypoint', 'none']) } : {};
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace: dice.chance(0.8) ? 'shop' : 'ops', labels },
    spec: {
      selector: { app: dice.pick(apps) },
      ports,
      ...(dice.chance(0.2) ? { type: 'LoadBalancer' } : {}),
    },
  };
}

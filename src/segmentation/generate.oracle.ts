import type { Resource } from '../manifest/resource.ts';
import type { OraclePod, OracleWorld } from './world.oracle.ts';

/** Returns a generator of numbers in [0, 1) that a seed determines (Mulberry32 by Tommy Ettinger, public domain algorithm). */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** Random choices for generated clusters. */
export class Dice {
  readonly random: () => number;

  constructor(seed: number) {
    this.random = randomFrom(seed);
  }

  chance(probability: number): boolean {
    return this.random() < probability;
  }

  below(limit: number): number {
    return Math.floor(this.random() * limit);
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T;
  }

  some<T>(list: readonly T[], most: number): T[] {
    return Array.from({ length: this.below(most + 1) }, () => this.pick(list));
  }
}

/** Returns a resource of a plain value, without a text behind it: every span is the start of a file named after it. */
export function plainResource(value: object, schema: Resource['schema'] = 'valid'): Resource {
  const { apiVersion, kind, metadata } = value as {
    apiVersion: string;
    kind: string;
    metadata: {
      name: string;
      namespace?: string;
      labels?: Record<string, string>;
      annotations?: Record<string, string>;
    };
  };
  const position = { line: 1, column: 1, offset: 0 };
  const span = { file: `${kind}/${metadata.name}`, start: position, end: position };
  return {
    apiVersion,
    kind,
    name: metadata.name,
    namespace: metadata.namespace,
    labels: metadata.labels ?? {},
    annotations: metadata.annotations ?? {},
    value,
    schema,
    file: span.file,
    span,
    at: () => span,
    keyAt: () => span,
    places: () => undefined,
  };
}

const keys = ['app', 'tier', 'env'];
const values = ['a', 'b', 'c'];
export const spaces = ['default', 'shop', 'ops', 'lost'];
const protocols = ['TCP', 'UDP', 'SCTP'];
export const portNumbers = [53, 80, 81, 443, 8080];
export const portNames = ['web', 'dns'];
export const blocks = [
  '0.0.0.0/0',
  '::/0',
  '10.0.0.0/8',
  '10.1.0.0/16',
  '10.1.0.0/30',
  '192.0.2.0/24',
  '192.0.2.1/32',
  '198.51.100.0/24',
  '2001:db8::/32',
  '2001:db8:1::/48',
];
const holes: Readonly<Record<string, readonly string[]>> = {
  '0.0.0.0/0': ['10.0.0.0/8', '198.51.100.7/32', '192.0.2.0/25'],
  '::/0': ['2001:db8::/32', '2001:db8:1::/48'],
  '10.0.0.0/8': ['10.1.0.0/16', '10.1.0.2/32'],
  '2001:db8::/32': ['2001:db8:1::/48'],
};
export const outsideAddresses = [
  '198.51.100.7',
  '203.0.113.9',
  '10.9.9.9',
  '10.77.0.3',
  '2001:db8:9::1',
  '192.0.2.200',
];
const nodeNames = ['n1', 'n2'];
export const nodeLabels: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  n1: { zone: 'a' },
  n2: { zone: 'b', rack: 'top' },
};
const nodeAddresses: Readonly<Record<string, string>> = { n1: '192.0.2.1', n2: '192.0.2.2' };

export interface GeneratedCluster {
  readonly resources: readonly Resource[];
  readonly world: OracleWorld;
  /** In the order of their workloads. */
  readonly pods: readonly OraclePod[];
  readonly names: readonly string[];
}

/** Returns a small random cluster, as manifests and as the oracle reads it. `doubt`: whether things may be left unsaid. */
export function generateCluster(dice: Dice, doubt = true): GeneratedCluster {
  const namespaces: Record<string, Record<string, string>> = {};
  for (const name of doubt ? spaces.slice(0, 3) : spaces) {
    if (!doubt || dice.chance(0.8)) namespaces[name] = labels(dice);
  }
  const pods = Array.from({ length: 2 + dice.below(5) }, (_, id) => generatePod(dice, id, doubt));
  const podNetworks = doubt && dice.chance(0.3) ? ['10.77.0.0/16'] : [];
  const policies = Array.from({ length: dice.below(12) }, (_, i) => generatePolicy(dice, `p${i}`, doubt));
  const services = doubt && dice.chance(0.5) ? [generateService(dice, dice.pick(pods))] : [];
  const names = pods.map(({ id }) => `w${id}`);
  const resources = [
    ...Object.entries(namespaces).map(([name, own]) =>
      plainResource({ apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels: own } }),
    ),
    ...nodeNames.map((name, i) =>
      plainResource({
        apiVersion: 'v1',
        kind: 'Node',
        metadata: { name, labels: nodeLabels[name] as Record<string, string> },
        spec: { podCIDRs: i === 0 ? podNetworks : [] },
        status: { addresses: [{ type: 'InternalIP', address: nodeAddresses[name] }] },
      }),
    ),
    ...pods.map(podManifest),
    ...policies.map(({ value, schema }) => plainResource(value, schema)),
    ...services.map((service) => plainResource(service)),
  ];
  const world: OracleWorld = {
    namespaces,
    policies,
    clusterPolicies: [],
    nodes: nodeLabels,
    ipBlocksMatchPods: doubt ? dice.pick(['yes', 'no', 'maybe'] as const) : 'yes',
    podNetworks,
    masqueraded: (pod, protocol, port) =>
      services.some(({ metadata, spec }) => {
        if (spec.type === 'ClusterIP' || spec.externalTrafficPolicy === 'Local') return false;
        if (metadata.namespace !== pod.namespace) return false;
        if (!Object.entries(spec.selector).every(([key, text]) => pod.labels[key] === text)) return false;
        return spec.ports.some(({ protocol: of, targetPort }) => {
          if (of !== protocol) return false;
          if (typeof targetPort === 'number') return targetPort === port;
          return pod.ports.some((one) => one.name === targetPort && one.protocol === of && one.port === port);
        });
      }),
  };
  return { resources, world, pods, names };
}

function labels(dice: Dice): Record<string, string> {
  return Object.fromEntries(dice.some(keys, 3).map((key) => [key, dice.pick(values)]));
}

function generatePod(dice: Dice, id: number, doubt: boolean): OraclePod {
  const single = !doubt || dice.chance(0.7);
  const hostNetwork = doubt && dice.chance(0.2);
  const node = single && dice.chance(0.7) ? dice.pick(nodeNames) : undefined;
  const own = [`10.1.0.${id}`, ...(doubt && dice.chance(0.2) ? [`2001:db8:1::${id}`] : [])];
  const hasAddress = single && (!doubt || dice.chance(0.8));
  const onNode = node === undefined ? [] : [nodeAddresses[node] as string];
  return {
    kind: 'pod',
    id,
    namespace: dice.chance(0.5) ? 'shop' : dice.pick(spaces),
    labels: labels(dice),
    secretLabels: single ? [] : ['pod-template-hash'],
    addresses: hostNetwork ? onNode : hasAddress ? own : [],
    hostNetwork,
    node,
    finished: single && doubt && dice.chance(0.05),
    ports: dice
      .some(portNames, 2)
      .map((name) => ({ name, protocol: dice.pick(protocols), port: dice.pick(portNumbers) })),
    single,
  };
}

function podManifest(pod: OraclePod): Resource {
  const metadata = { labels: pod.labels };
  const ports = pod.ports.map(({ name, protocol, port }) => ({ name, protocol, containerPort: port }));
  const spec = {
    ...(pod.hostNetwork && { hostNetwork: true }),
    ...(pod.node !== undefined && { nodeName: pod.node }),
    containers: [{ name: 'main', image: 'example.test/main', ports }],
  };
  const where = { name: `w${pod.id}`, ...(pod.namespace !== 'default' && { namespace: pod.namespace }) };
  if (!pod.single) {
    const template = { metadata, spec };
    return plainResource({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: where, spec: { template } });
  }
  const status = {
    phase: pod.finished ? 'Succeeded' : 'Running',
    ...(pod.addresses[0] !== undefined && { podIP: pod.addresses[0] }),
    podIPs: pod.addresses.map((ip) => ({ ip })),
  };
  return plainResource({ apiVersion: 'v1', kind: 'Pod', metadata: { ...where, ...metadata }, spec, status });
}

export function generateSelector(dice: Dice, extraKey?: string): object | null {
  if (dice.chance(0.15)) return {};
  const pool = extraKey === undefined ? keys : [...keys, extraKey];
  const matchLabels = dice.chance(0.7)
    ? Object.fromEntries(dice.some(pool, 2).map((key) => [key, extraValue(dice, key)]))
    : dice.chance(0.2)
      ? null
      : undefined;
  const matchExpressions = dice.chance(0.4)
    ? dice.some(pool, 2).map((key) => {
        const operator = dice.pick(['In', 'NotIn', 'Exists', 'DoesNotExist']);
        const needs = operator === 'In' || operator === 'NotIn';
        return { key, operator, ...(needs && { values: [extraValue(dice, key), ...dice.some(values, 1)] }) };
      })
    : undefined;
  return { ...(matchLabels !== undefined && { matchLabels }), ...(matchExpressions && { matchExpressions }) };
}

function extraValue(dice: Dice, key: string): string {
  return key === 'kubernetes.io/metadata.name' ? dice.pick(spaces) : dice.pick(values);
}

function generatePeer(dice: Dice): object {
  if (dice.chance(0.3)) {
    const cidr = dice.pick(blocks);
    const inner = holes[cidr];
    const except = inner !== undefined && dice.chance(0.5) ? dice.some(inner, 2) : undefined;
    return { ipBlock: { cidr, ...(except && { except }) } };
  }
  const shape = dice.below(3);
  return {
    ...(shape !== 0 && { podSelector: generateSelector(dice, 'pod-template-hash') }),
    ...(shape !== 1 && { namespaceSelector: generateSelector(dice, 'kubernetes.io/metadata.name') }),
    ...(shape === 0 && dice.chance(0.2) && { podSelector: null }),
  };
}

function generatePort(dice: Dice): object {
  const protocol = dice.chance(0.7) ? { protocol: dice.pick(protocols) } : {};
  if (dice.chance(0.15)) return protocol;
  if (dice.chance(0.35)) return { ...protocol, port: dice.pick(portNames) };
  const port = dice.pick(portNumbers);
  return { ...protocol, port, ...(dice.chance(0.25) && { endPort: port + dice.below(400) }) };
}

/** Absent, null, empty or a list with content: the forms that YAML allows. */
function optionalList(dice: Dice, name: string, item: () => object | null): object {
  if (dice.chance(0.2)) return {};
  if (dice.chance(0.1)) return { [name]: dice.pick([null, []]) };
  return { [name]: Array.from({ length: 1 + dice.below(2) }, item) };
}

const faults: readonly object[] = [
  { from: [{}] },
  { from: [{ podSelector: {}, ipBlock: { cidr: '10.0.0.0/8' } }] },
  { from: [{ podSelector: { matchExpressions: [{ key: 'app', operator: 'In' }] } }] },
  { from: [{ ipBlock: { cidr: '10.0.0.0/8', except: ['11.0.0.0/8'] } }] },
  { ports: [{ port: 80, endPort: 79 }] },
  { ports: [{ port: 'web', endPort: 90 }] },
  { ports: [{ port: 80, protocol: 'ICMP' }] },
];

function generatePolicy(dice: Dice, name: string, doubt: boolean) {
  const broken = doubt && dice.chance(0.04);
  const doubtedBySchema = doubt && dice.chance(0.02);
  const rule = (peers: string) => () => ({
    ...optionalList(dice, peers, () => generatePeer(dice)),
    ...optionalList(dice, 'ports', () => generatePort(dice)),
  });
  const types = dice.pick([undefined, null, [], ['Ingress'], ['Egress'], ['Ingress', 'Egress']]);
  const namespace = dice.chance(0.5) ? 'shop' : dice.pick(spaces);
  const ingress = optionalList(dice, 'ingress', rule('from'));
  const value = {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name, ...(namespace !== 'default' && { namespace }) },
    spec: {
      ...(dice.chance(0.1)
        ? { podSelector: null }
        : { podSelector: generateSelector(dice, 'pod-template-hash') }),
      ...(types !== undefined && { policyTypes: types }),
      ...(broken ? { ingress: [dice.pick(faults)] } : ingress),
      ...optionalList(dice, 'egress', rule('to')),
    },
  };
  return {
    value,
    faulty: broken || doubtedBySchema,
    schema: doubtedBySchema ? ('invalid' as const) : ('valid' as const),
  };
}

/** In front of one pod at least, mostly. */
function generateService(dice: Dice, pod: OraclePod) {
  const [label] = Object.entries(pod.labels);
  const selector = label === undefined ? { app: dice.pick(values) } : { [label[0]]: label[1] };
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'front', namespace: pod.namespace },
    spec: {
      type: dice.pick(['ClusterIP', 'NodePort', 'LoadBalancer']),
      externalTrafficPolicy: dice.pick(['Cluster', 'Local']),
      selector,
      ports: [
        {
          protocol: dice.pick(protocols.slice(0, 2)),
          port: 8000,
          targetPort: dice.pick([...portNumbers, ...portNames]),
        },
      ],
    },
  };
}

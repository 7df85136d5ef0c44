import { describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { parseAddress } from '../../net/address.ts';
import { podYaml, policyYaml } from '../../segmentation/manifests.fixture.ts';
import { postureOf } from '../posture.fixture.ts';
import type { Posture } from '../posture.ts';
import { reachEndText } from '../reach/end.ts';
import type { ObservedFlow } from './flow-log.ts';
import { edgeText, type Learned, type LearnOptions, learn } from './learn.ts';
import { replay } from './replay.ts';

const pods =
  podYaml('web', 'app: web, pod-template-hash: abc', '', 'podIP: 10.1.0.1') +
  podYaml('api', 'app: api', '', 'podIP: 10.1.0.2') +
  podYaml('ops/prometheus', 'app.kubernetes.io/name: prometheus, helm.sh/chart: p-1', '', 'podIP: 10.1.0.3') +
  podYaml('idle', 'app: idle', '', 'podIP: 10.1.0.4');

function flow(
  source: string,
  destination: string,
  port: number,
  over: Partial<ObservedFlow> = {},
): ObservedFlow {
  return {
    source: parseAddress(source)!,
    destination: parseAddress(destination)!,
    protocol: 6,
    port,
    sourceName: undefined,
    destinationName: undefined,
    line: 1,
    flows: 1,
    ...over,
  };
}

interface Peer {
  readonly podSelector?: { readonly matchLabels?: object };
  readonly namespaceSelector?: { readonly matchLabels: object };
  readonly ipBlock?: { readonly cidr: string };
}
interface Rule {
  readonly from?: readonly Peer[];
  readonly to?: readonly Peer[];
  readonly ports?: readonly { readonly protocol: string; readonly port: number; readonly endPort?: number }[];
}
interface Policy {
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly spec: {
    readonly podSelector: { readonly matchLabels: object };
    readonly policyTypes: readonly string[];
    readonly ingress: readonly Rule[];
    readonly egress: readonly Rule[];
  };
}

function policiesOf({ yaml }: Learned): Record<string, Policy['spec']> {
  const documents = parseAllDocuments(yaml).map((document) => document.toJS() as Policy);
  return Object.fromEntries(
    documents.map(({ metadata, spec }) => [`${metadata.namespace}/${metadata.name}`, spec]),
  );
}

function learnFrom(posture: Posture, flows: readonly ObservedFlow[], options: LearnOptions = {}): Learned {
  const learned = learn(posture, flows, options);
  expect(learned.replay.refused).toEqual([]);
  return learned;
}

const codes = ({ diagnostics }: Learned) => diagnostics.map(({ code }) => code);

test('exact peers by stable labels, both ways, and DNS; what was not observed is named', () => {
  const learned = learnFrom(postureOf(pods), [
    flow('10.1.0.1', '10.1.0.2', 8080),
    flow('10.1.0.3', '10.1.0.2', 9100),
  ]);
  const policies = policiesOf(learned);
  expect(Object.keys(policies)).toEqual(['ops/picket-prometheus', 'shop/picket-api', 'shop/picket-web']);
  expect(policies['shop/picket-api']).toMatchObject({
    podSelector: { matchLabels: { app: 'api' } },
    policyTypes: ['Ingress', 'Egress'],
    ingress: [
      { from: [{ podSelector: { matchLabels: { app: 'web' } } }], ports: [{ protocol: 'TCP', port: 8080 }] },
      {
        from: [
          {
            namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'ops' } },
            podSelector: { matchLabels: { 'app.kubernetes.io/name': 'prometheus' } },
          },
        ],
        ports: [{ protocol: 'TCP', port: 9100 }],
      },
    ],
  });
  expect(policies['shop/picket-web']).toMatchObject({
    ingress: [],
    egress: [
      {
        ports: [
          { protocol: 'TCP', port: 53 },
          { protocol: 'UDP', port: 53 },
        ],
      },
      { to: [{ podSelector: { matchLabels: { app: 'api' } } }], ports: [{ protocol: 'TCP', port: 8080 }] },
    ],
  });
  expect(learned.proposal.unobserved.map(({ name }) => name)).toEqual(['idle']);
  expect(learned.extras).toEqual([]);
});

test('addresses outside are exact, and wider ranges are offered in comments only', () => {
  const flows = ['203.0.113.8', '203.0.113.9', '198.51.100.7'].map((address) =>
    flow(address, '10.1.0.2', 443),
  );
  const learned = learnFrom(postureOf(pods, 'hosts:\n  printer: 198.51.100.7\n'), flows, {
    mergeExternal: 24,
  });
  const blocks = policiesOf(learned)['shop/picket-api']?.ingress[0]?.from?.map(
    ({ ipBlock }) => ipBlock?.cidr,
  );
  expect(blocks).toEqual(['198.51.100.7/32', '203.0.113.8/31']);
  expect(learned.yaml).toContain('# 203.0.113.0/24 would hold 2 of these, and 254 others');
  expect(learned.yaml).toContain('printer (198.51.100.7)');
  expect(learn(postureOf(pods), flows).yaml).not.toContain('would hold');
});

test('replicas that share labels are extras, with the rule that admits them', () => {
  const twins = postureOf(pods + podYaml('canary', 'app: web', '', 'podIP: 10.1.0.5'));
  const learned = learnFrom(twins, [flow('10.1.0.1', '10.1.0.2', 8080)]);
  expect(
    learned.extras.map(({ source, destination }) => `${reachEndText(source)} ${reachEndText(destination)}`),
  ).toEqual(['shop/canary shop/api']);
});

test('a Service is seen through to its pods, at their port', () => {
  const service = `---
apiVersion: v1
kind: Service
metadata: {name: api, namespace: shop}
spec: {clusterIP: 10.96.0.7, selector: {app: api}, ports: [{port: 80, targetPort: web}]}
`;
  const learned = learnFrom(postureOf(pods + service), [flow('10.1.0.1', '10.96.0.7', 80)]);
  expect(learned.observation.edges.map(edgeText)).toEqual(['shop/web (10.1.0.1) → shop/api TCP 8080']);
});

test('a Service with a port that cannot be leads nowhere', () => {
  const service = `---
apiVersion: v1
kind: Service
metadata: {name: api, namespace: shop}
spec: {clusterIP: 10.96.0.7, selector: {app: api}, ports: [{port: 80, targetPort: 70000}]}
`;
  expect(codes(learnFrom(postureOf(pods + service), [flow('10.1.0.1', '10.96.0.7', 80)]))).toEqual([
    'PKT0462',
  ]);
});

test('behind a Service that hides the client any address is allowed, and that is an extra', () => {
  const service = `---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {type: LoadBalancer, selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}
`;
  const learned = learnFrom(postureOf(pods + service), [flow('203.0.113.9', '10.1.0.1', 8080)]);
  const blocks = policiesOf(learned)['shop/picket-web']?.ingress[0]?.from?.map(
    ({ ipBlock }) => ipBlock?.cidr,
  );
  expect(blocks).toEqual(['0.0.0.0/0', '::/0']);
});

const node = (name: string, address: string) => `---
apiVersion: v1
kind: Node
metadata: {name: ${name}}
spec: {podCIDRs: [10.1.0.0/16]}
status: {addresses: [{type: InternalIP, address: ${address}}]}
`;

test('the own node needs no rule, another one is allowed by its address', () => {
  const placed = postureOf(
    podYaml('api', 'app: api', 'nodeName: one', 'podIP: 10.1.0.2') +
      node('one', '192.0.2.1') +
      node('two', '192.0.2.2'),
  );
  const own = policiesOf(learnFrom(placed, [flow('192.0.2.1', '10.1.0.2', 8080)]));
  expect(own['shop/picket-api']?.ingress).toEqual([]);
  const other = policiesOf(learnFrom(placed, [flow('192.0.2.2', '10.1.0.2', 8080)]));
  expect(other['shop/picket-api']?.ingress[0]?.from).toEqual([{ ipBlock: { cidr: '192.0.2.2/32' } }]);
});

describe('the mesh', () => {
  const meshed = (labels: string) =>
    postureOf(`${pods}---\napiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {${labels}}}\n`);

  test('a sidecar keeps its way to istiod', () => {
    const policies = policiesOf(
      learnFrom(meshed('istio-injection: enabled'), [flow('10.1.0.1', '10.1.0.2', 8080)]),
    );
    expect(policies['shop/picket-web']?.egress[1]).toMatchObject({
      to: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'istio-system' } } }],
      ports: [{ protocol: 'TCP', port: 15_012 }],
    });
  });

  test('ambient pods keep the tunnel and their probes', () => {
    const policies = policiesOf(
      learnFrom(meshed('istio.io/dataplane-mode: ambient'), [flow('10.1.0.1', '10.1.0.2', 8080)]),
    );
    expect(policies['shop/picket-api']?.ingress).toMatchObject([
      { from: [{ ipBlock: { cidr: '169.254.7.127/32' } }] },
      { ports: [{ port: 8080 }, { port: 15_008 }] },
    ]);
    expect(policies['shop/picket-web']?.egress[1]).toMatchObject({
      ports: [{ port: 8080 }, { port: 15_008 }],
    });
  });
});

describe('what is left out', () => {
  test('loopback, multicast, other protocols, and both ends outside', () => {
    const { observation } = learnFrom(postureOf(pods), [
      flow('127.0.0.1', '127.0.0.1', 80),
      flow('10.1.0.1', '224.0.0.251', 5353, { protocol: 17 }),
      flow('10.1.0.1', '10.1.0.2', 0, { protocol: 1 }),
      flow('10.1.0.1', '10.1.0.2', 0),
      flow('10.1.0.1', '10.1.0.1', 80),
      flow('203.0.113.1', '203.0.113.2', 80),
    ]);
    expect(observation.outOfScope.map(({ text }) => text)).toEqual([
      'on loopback',
      'no unicast',
      'ICMP is not in the API of NetworkPolicies',
      'port 0 is not in the API of NetworkPolicies',
      'a pod and itself',
      'neither end is a pod',
    ]);
  });

  test('an undeclared pod is told, one with a recorded name is found by it', () => {
    const posture = postureOf(pods + node('one', '192.0.2.1'));
    const lost = flow('10.1.0.99', '10.1.0.2', 8080);
    const unknown = learnFrom(posture, [lost]);
    expect(codes(unknown)).toEqual(['PKT0462']);
    expect(unknown.yaml).toBe('');
    const named = learnFrom(posture, [{ ...lost, sourceName: 'shop/web' }]);
    expect(named.observation.edges.map(edgeText)).toEqual(['shop/web → shop/api (10.1.0.2) TCP 8080']);
    expect(codes(learnFrom(posture, [{ ...lost, sourceName: 'shop/gone' }]))).toEqual(['PKT0462']);
  });

  test('a workload without stable labels', () => {
    const bare = postureOf(pods + podYaml('bare', 'pod-template-hash: x', '', 'podIP: 10.1.0.6'));
    const learned = learnFrom(bare, [flow('10.1.0.6', '10.1.0.2', 8080)]);
    expect(codes(learned)).toEqual(['PKT0463']);
    expect(policiesOf(learned)['shop/picket-api']?.ingress[0]?.from).toEqual([{ podSelector: {} }]);
    expect(learned.extras.length, 'all pods of the namespace are let in').toBeGreaterThan(0);
  });
});

test('what is denied today is told, and left out when that is asked for', () => {
  const closed = postureOf(pods + policyYaml('deny', '  podSelector: {}'));
  const flows = [flow('10.1.0.1', '10.1.0.2', 8080)];
  const learned = learnFrom(closed, flows);
  expect(codes(learned)).toEqual(['PKT0465']);
  expect(learned.replay.allowed).toBe(1);
  expect(learnFrom(closed, flows, { skipDenied: true }).yaml).toBe('');
});

test('hostile names stay inside their quotes and comments', () => {
  const hostile = postureOf(
    pods +
      `---\napiVersion: v1\nkind: Pod\nmetadata: {name: "x\\nspec: {}\\n# y", namespace: shop, labels: {"k: v": "a\\n  b: c", "yes": "true", "on": "1"}}\nspec: {containers: []}\nstatus: {phase: Running, podIP: 10.1.0.9}\n`,
  );
  const learned = learn(hostile, [flow('10.1.0.9', '10.1.0.2', 8080)]);
  const documents = parseAllDocuments(learned.yaml).map((document) => document.toJS() as Policy);
  expect(documents).toHaveLength(2);
  expect(documents[1]?.metadata.name).toMatch(/^picket-[a-z0-9-]+$/);
  expect(documents[1]?.spec.podSelector.matchLabels).toEqual({ on: '1' });
  expect(learned.replay.refused).toEqual([]);
});

test('a namespace with an impossible name is in no policy', () => {
  const hostile = postureOf(
    `${pods}${podYaml('web', 'app: web', '', 'podIP: 10.1.0.9').replace('namespace: shop', 'namespace: "a\\n- b"')}`,
  );
  const learned = learnFrom(hostile, [flow('10.1.0.9', '10.1.0.2', 8080)]);
  expect([codes(learned), learned.yaml]).toEqual([['PKT0462'], '']);
});

test('a proposal that cuts something off is found out by the replay', () => {
  const posture = postureOf(pods + policyYaml('open', '  podSelector: {}\n  ingress: [{}]'));
  const { observation, yaml } = learnFrom(posture, [
    flow('10.1.0.1', '10.1.0.2', 8080),
    flow('10.1.0.3', '10.1.0.2', 9100),
  ]);
  const mutilated = yaml.replace('port: 9100', 'port: 9101');
  const { refused, allowed } = replay(posture, mutilated, observation.edges);
  expect(refused.map(({ edge }) => edgeText(edge))).toEqual([
    'ops/prometheus (10.1.0.3) → shop/api (10.1.0.2) TCP 9100',
  ]);
  expect(allowed).toBe(1);
});

/**
 * Verdicts per second of the compiled policies, against the naive evaluator that serves as the oracle of the property
 * tests, on generated clusters; then judging connections by address, first seen and repeated.
 */
import type { ManifestSet, Resource } from '../src/manifest/resource.ts';
import { parseAddress } from '../src/net/address.ts';
import { compilePosture } from '../src/posture/compile.ts';
import { destinationOf, judge } from '../src/posture/judge.ts';
import { reachMatrix } from '../src/posture/reach/matrix.ts';
import { Dice, plainResource } from '../src/segmentation/generate.oracle.ts';
import { oracleAnswer } from '../src/segmentation/network-policy.oracle.ts';
import type { OraclePod, OracleWorld } from '../src/segmentation/world.oracle.ts';
import { compare, quick } from './measure.ts';

const sizes = quick
  ? [{ workloads: 50, policies: 20 }]
  : [
      { workloads: 100, policies: 50 },
      { workloads: 1000, policies: 500 },
    ];

/** As in real clusters: teams with a namespace each, workloads of a few tiers, policies that name app and tier. */
function generate(workloads: number, policies: number) {
  const dice = new Dice(workloads);
  const teams = Array.from({ length: Math.max(4, workloads / 20) }, (_, i) => `team-${i}`);
  const tiers = ['frontend', 'backend', 'cache', 'database'];
  const envs = ['production', 'staging'];
  const namespaces = Object.fromEntries(
    teams.map((name, i) => [name, { team: name, env: envs[i % 2] as string }]),
  );
  const pods = Array.from(
    { length: workloads },
    (_, id): OraclePod => ({
      kind: 'pod',
      id,
      namespace: teams[id % teams.length] as string,
      labels: { app: `app-${id % 40}`, tier: dice.pick(tiers), version: dice.pick(['v1', 'v2']) },
      secretLabels: [],
      addresses: [`10.${id >> 16}.${(id >> 8) & 255}.${id & 255}`],
      hostNetwork: false,
      node: undefined,
      finished: false,
      ports: [{ name: 'http', protocol: 'TCP', port: 8080 }],
      single: true,
    }),
  );
  const ports = () => [{ protocol: 'TCP', port: dice.pick([80, 443, 8080, 5432, 'http']) }];
  const tier = () => ({ matchLabels: { tier: dice.pick(tiers) } });
  const peers = () => [
    { podSelector: tier() },
    { namespaceSelector: { matchLabels: { env: dice.pick(envs) } }, podSelector: tier() },
    ...(dice.chance(0.3) ? [{ ipBlock: { cidr: '10.0.0.0/16', except: ['10.0.1.0/24'] } }] : []),
  ];
  const values = Array.from({ length: policies }, (_, i) => ({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: `policy-${i}`, namespace: teams[i % teams.length] as string },
    spec: {
      podSelector: dice.chance(0.1) ? {} : tier(),
      policyTypes: ['Ingress', 'Egress'],
      ingress: [
        { from: peers(), ports: ports() },
        { from: peers(), ports: ports() },
      ],
      egress: [
        { to: peers(), ports: ports() },
        { to: [{ namespaceSelector: {} }], ports: [{ protocol: 'UDP', port: 53 }] },
      ],
    },
  }));
  const resources: Resource[] = [
    ...teams.map((name) =>
      plainResource({
        apiVersion: 'v1',
        kind: 'Namespace',
        metadata: { name, labels: namespaces[name] ?? {} },
      }),
    ),
    ...pods.map(({ id, namespace, labels, addresses }) =>
      plainResource({
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: `w${id}`, namespace, labels },
        spec: { containers: [{ name: 'main', ports: [{ name: 'http', containerPort: 8080 }] }] },
        status: { phase: 'Running', podIP: addresses[0] },
      }),
    ),
    ...values.map((value) => plainResource(value)),
  ];
  const world: OracleWorld = {
    namespaces,
    policies: values.map((value) => ({ value, faulty: false })),
    clusterPolicies: [],
    nodes: {},
    ipBlocksMatchPods: 'yes',
    podNetworks: [],
    masqueraded: () => false,
  };
  return { pods, resources, world };
}

function manifestsOf(resources: readonly Resource[]): ManifestSet {
  const counts = {
    files: 1,
    documents: resources.length,
    resources: resources.length,
    notManifests: 0,
    unknownKinds: new Map<string, number>(),
    refused: 0,
  };
  return { resources, diagnostics: [], counts, sources: new Map<string, string>() };
}

const codes = { yes: 2, maybe: 1, no: 0, allow: 2, unknown: 1, deny: 0 } as const;

for (const { workloads, policies } of sizes) {
  const { pods, resources, world } = generate(workloads, policies);
  const title = `${workloads} workloads × ${policies} policies`;
  const set = manifestsOf(resources);
  const posture = compilePosture(set, { ipBlockMatchesPods: 'match' });
  const { segmentation } = posture;
  const dice = new Dice(7);
  const asked = Array.from({ length: quick ? 200 : 2_000 }, () => ({
    source: dice.below(workloads),
    destination: dice.below(workloads),
    port: dice.pick([80, 443, 8080, 5432, 22]),
  }));
  await compare(
    `${title}: one verdict`,
    [
      {
        name: 'naive evaluator',
        operations: asked.length,
        run: () =>
          asked.reduce((sum, { source, destination, port }) => {
            const answer = oracleAnswer(
              world,
              pods[source] as OraclePod,
              pods[destination] as OraclePod,
              'TCP',
              port,
            );
            return sum + codes[answer];
          }, 0),
      },
      {
        name: 'compiled',
        operations: asked.length * 100,
        run: () => {
          let sum = 0;
          for (let round = 0; round < 100; round++) {
            for (const { source, destination, port } of asked) {
              sum += codes[segmentation.outcome(source, destination, 6, port)];
            }
          }
          return sum / 100;
        },
      },
    ],
    { agree: true },
  );
  const connections = asked.map(({ source, destination, port }) => ({
    source: parseAddress(pods[source]?.addresses[0] as string)!,
    destination: parseAddress(pods[destination]?.addresses[0] as string)!,
    protocol: 6,
    port,
  }));
  const repeated = connections.slice(0, 500);
  await compare(`${title}: judging a connection by address, with reasons`, [
    {
      name: 'first seen',
      operations: connections.length,
      run: () =>
        connections.reduce((sum, connection) => {
          const { protocol, port } = connection;
          const source = posture.addresses.endpoint(connection.source);
          const destination = destinationOf(posture, connection);
          return sum + judge(posture, { source, destination, protocol, port }).reasons.length;
        }, 0),
    },
    {
      name: 'repeated',
      operations: repeated.length * 100,
      run: () => {
        let sum = 0;
        for (let round = 0; round < 100; round++) {
          for (const connection of repeated) sum += posture.judge(connection).reasons.length;
        }
        return sum;
      },
    },
  ]);
  await compare(
    `${title}: compiling, and the whole matrix (per run)`,
    [
      { name: 'compile', operations: 1, run: () => compilePosture(set).counts.policies },
      {
        name: 'matrix, 3 protocols',
        operations: 1,
        run: () => {
          let sum = 0;
          for (const { ports } of reachMatrix(posture))
            for (const { allowed } of ports) sum += allowed.isEmpty ? 0 : 1;
          return sum;
        },
      },
    ],
    { rounds: quick ? 1 : 3 },
  );
}

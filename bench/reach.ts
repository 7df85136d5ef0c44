/**
 * The reach matrix: `node bench/reach.ts [--quick]`. Full matrices of generated clusters of growing size, with the
 * classes and atoms that they come down to; one query after loading; and netpol-analyzer beside it on the same
 * manifests, where it is found (`NETPOL_ANALYZER=PATH`, or `netpolicy` on the PATH).
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { readManifests } from '../src/manifest/read.ts';
import { compilePosture } from '../src/posture/compile.ts';
import type { Posture } from '../src/posture/posture.ts';
import { ReachMatrix } from '../src/posture/reach/matrix.ts';
import { reach } from '../src/posture/reach/query.ts';
import { Dice, plainResource } from '../src/segmentation/generate.oracle.ts';
import { quick } from './measure.ts';

/** As in real clusters: teams with a namespace each, apps of a few tiers, policies that name app and tier, some ranges. */
function generate(workloads: number, policies: number): object[] {
  const dice = new Dice(workloads);
  const teams = Array.from({ length: Math.max(4, Math.ceil(workloads / 25)) }, (_, i) => `team-${i}`);
  const tiers = ['frontend', 'backend', 'cache', 'database'];
  const label = (i: number) => ({
    app: `app-${i % 40}`,
    tier: tiers[i % 4] as string,
    team: teams[i % teams.length] as string,
  });
  const namespaces = teams.map((name, i) => ({
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name, labels: { team: name, env: i % 2 === 0 ? 'production' : 'staging' } },
  }));
  const deployments = Array.from({ length: workloads }, (_, i) => ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: `w${i}`, namespace: teams[i % teams.length] },
    spec: {
      replicas: 2,
      selector: { matchLabels: { app: `app-${i % 40}`, w: `w${i}` } },
      template: {
        metadata: { labels: { ...label(i), w: `w${i}` } },
        spec: {
          containers: [
            { name: 'main', image: 'example.test/main', ports: [{ name: 'http', containerPort: 8080 }] },
          ],
        },
      },
    },
  }));
  // netpol-analyzer refuses port names beside address ranges.
  const ports = (names: boolean) => [
    { protocol: 'TCP', port: dice.pick([80, 443, 8080, 5432, 6379, ...(names ? ['http'] : [])]) },
  ];
  const tier = () => ({ matchLabels: { tier: dice.pick(tiers) } });
  const pods = () => [
    { podSelector: tier() },
    ...(dice.chance(0.5)
      ? [
          {
            namespaceSelector: { matchLabels: { env: dice.pick(['production', 'staging']) } },
            podSelector: { matchLabels: { app: `app-${dice.pick([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])}` } },
          },
        ]
      : []),
  ];
  const ranges = () => [
    { ipBlock: { cidr: `198.${dice.pick([18, 19])}.${dice.pick([0, 16, 32, 48, 64, 80])}.0/20` } },
  ];
  const rule = (list: 'from' | 'to') =>
    dice.chance(0.2)
      ? { [list]: [...pods(), ...ranges()], ports: ports(false) }
      : { [list]: pods(), ports: ports(true) };
  const networkPolicies = Array.from({ length: policies }, (_, i) => ({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: `policy-${i}`, namespace: teams[i % teams.length] },
    spec: {
      podSelector: dice.chance(0.1)
        ? {}
        : {
            matchLabels: {
              tier: dice.pick(tiers),
              ...(dice.chance(0.5) ? { app: `app-${dice.pick([1, 2, 3, 5, 8, 13, 21, 34])}` } : {}),
            },
          },
      policyTypes: ['Ingress', 'Egress'],
      ingress: [rule('from'), rule('from')],
      egress: [rule('to'), { to: [{ namespaceSelector: {} }], ports: [{ protocol: 'UDP', port: 53 }] }],
    },
  }));
  return [...namespaces, ...deployments, ...networkPolicies];
}

function postureOf(objects: readonly object[]): Posture {
  const counts = {
    files: 1,
    documents: objects.length,
    resources: objects.length,
    notManifests: 0,
    unknownKinds: new Map<string, number>(),
    refused: 0,
  };
  const resources = objects.map((value) => plainResource(value));
  return compilePosture(
    { resources, diagnostics: [], counts, sources: new Map() },
    { ipBlockMatchesPods: 'match' },
  );
}

/** Asks for every pair, and for everything from and to the outside. Returns the answer numbers' sum, so that all are made. */
function everything(posture: Posture): {
  readonly matrix: ReachMatrix;
  readonly pairs: number;
  readonly sum: number;
} {
  const matrix = new ReachMatrix(posture);
  const { length } = posture.inventory.workloads;
  let [sum, pairs] = [0, 0];
  for (let from = 0; from < length; from++) {
    for (let to = 0; to < length; to++) sum += matrix.answer(from, to);
    pairs += length;
    for (const { index } of matrix.atoms.atoms) {
      sum += matrix.fromOutside(index, from) + matrix.toOutside(from, index);
      pairs += 2;
    }
  }
  return { matrix, pairs, sum };
}

const sizes: readonly (readonly [number, number])[] = quick
  ? [
      [50, 25],
      [200, 100],
    ]
  : [
      [100, 50],
      [300, 150],
      [1000, 500],
      [2500, 1500],
      [5000, 5000],
    ];

console.log('full matrix, policies compiled from objects in memory; median of rounds (least to most)');
console.log(
  'workloads policies   compile ms      matrix ms         pairs  classes atoms answers  ns/pair  peak MB',
);
for (const [workloads, policies] of sizes) {
  const objects = generate(workloads, policies);
  const rounds = quick ? 2 : workloads > 2000 ? 3 : 5;
  const times: number[] = [];
  const compiled: number[] = [];
  let result: ReturnType<typeof everything> | undefined;
  for (let round = 0; round < rounds; round++) {
    const begun = performance.now();
    const posture = postureOf(objects);
    const ready = performance.now();
    result = everything(posture);
    times.push(performance.now() - ready);
    compiled.push(ready - begun);
  }
  const { matrix, pairs } = result as NonNullable<typeof result>;
  const [median, least, most] = spread(times);
  const row = [
    String(workloads).padStart(9),
    String(policies).padStart(8),
    `${spread(compiled)[0].toFixed(0)}`.padStart(12),
    `${median.toFixed(0)} (${least.toFixed(0)}-${most.toFixed(0)})`.padStart(18),
    String(pairs).padStart(13),
    String(matrix.classes.representatives.length).padStart(8),
    String(matrix.atoms.atoms.length).padStart(5),
    String(matrix.answers.size).padStart(7),
    ((median * 1e6) / pairs).toFixed(0).padStart(8),
    (process.resourceUsage().maxRSS / 1024).toFixed(0).padStart(8),
  ];
  console.log(row.join(' '));
}

function spread(values: readonly number[]): [number, number, number] {
  const sorted = values.toSorted((a, b) => a - b);
  return [sorted[sorted.length >>> 1] as number, sorted[0] as number, sorted.at(-1) as number];
}

{
  const [workloads, policies] = quick ? [200, 100] : [1000, 500];
  const posture = postureOf(generate(workloads, policies));
  const dice = new Dice(1);
  const queries = Array.from({ length: 2000 }, () => {
    const end = () => ({ kind: 'workload', workload: dice.pick(posture.inventory.workloads) }) as const;
    return [end(), end()] as const;
  });
  const times = queries.map(([source, destination]) => {
    const begun = performance.now();
    reach(posture, source, destination, 'TCP', 8080);
    return performance.now() - begun;
  });
  const [median, , most] = spread(times);
  console.log(
    `one query with its reasons, ${workloads} workloads and ${policies} policies: median ${(median * 1000).toFixed(1)} µs, worst of ${times.length} ${most.toFixed(2)} ms`,
  );
}

/** Beside the peer: whole processes, from files to the printed list. */
const peer = process.env.NETPOL_ANALYZER ?? onPath('netpolicy');
if (peer === undefined || !existsSync(peer)) {
  console.log(
    'netpol-analyzer is not here (go install github.com/np-guard/netpol-analyzer/cmd/netpolicy@v1.4.4): no comparison',
  );
} else {
  const shared = process.env.PICKET_SHARED ?? fileURLToPath(new URL('../../shared', import.meta.url));
  const folder = mkdtempSync(join(tmpdir(), 'picket-bench-'));
  try {
    const [workloads, policies] = quick ? [100, 50] : [1000, 500];
    const text = generate(workloads, policies).map(
      (value) => `---\n${stringify(value, { aliasDuplicateObjects: false })}`,
    );
    writeFileSync(join(folder, 'set.yaml'), text.join(''));
    compareWith(peer, folder, `${workloads} × ${policies}, generated`);
    for (const name of ['ipblockstest_4', 'onlineboutique']) {
      const input = `${shared}/data/netpol/${name}/input`;
      if (existsSync(input)) compareWith(peer, input, name);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function onPath(name: string): string | undefined {
  return (process.env.PATH ?? '')
    .split(':')
    .map((folder) => join(folder, name))
    .find((path) => existsSync(path));
}

function compareWith(command: string, folder: string, title: string): void {
  const limit = quick ? 20_000 : 300_000;
  const own: number[] = [];
  const inProcess: number[] = [];
  const others: number[] = [];
  for (let round = 0; round < (quick ? 1 : 3); round++) {
    const begun = performance.now();
    execFileSync(fileURLToPath(new URL('../picket', import.meta.url)), ['reach', folder, '-o', 'csv'], {
      stdio: ['ignore', 'ignore', 'ignore'],
      maxBuffer: 2 ** 30,
    });
    own.push(performance.now() - begun);
    inProcess.push(analysis(folder));
    const started = performance.now();
    const { status, error } = spawnSync(command, ['list', '--dirpath', folder, '-q'], {
      stdio: 'ignore',
      timeout: limit,
    });
    const took = performance.now() - started;
    if (error !== undefined || status !== 0) {
      console.log(
        `${title}: picket ${own[0]?.toFixed(0)} ms; netpol-analyzer ${error === undefined ? `failed (${status})` : `did not end within ${limit / 1000} s`}: at least ${(took / (own[0] as number)).toFixed(0)} times`,
      );
      return;
    }
    others.push(took);
  }
  const [mine, least, most] = spread(own);
  const [theirs, low, high] = spread(others);
  const [analysed] = spread(inProcess);
  console.log(
    `${title}: whole process picket ${mine.toFixed(0)} ms (${least.toFixed(0)}-${most.toFixed(0)}), netpol-analyzer ${theirs.toFixed(0)} ms (${low.toFixed(0)}-${high.toFixed(0)}): ${(theirs / mine).toFixed(1)} times; compile and matrix alone ${analysed.toFixed(1)} ms: ${(theirs / analysed).toFixed(0)} times`,
  );
}

/** Compiling and the whole matrix, without reading files and printing. */
function analysis(folder: string): number {
  const names = execFileSync('find', [
    folder,
    '-type',
    'f',
    '(',
    '-name',
    '*.yaml',
    '-o',
    '-name',
    '*.yml',
    '-o',
    '-name',
    '*.json',
    ')',
  ])
    .toString()
    .trim()
    .split('\n');
  const files = names.map((name) => ({
    name,
    bytes: new Uint8Array(execFileSync('cat', [name], { maxBuffer: 2 ** 30 })),
  }));
  const set = readManifests(files);
  const begun = performance.now();
  everything(compilePosture(set, { ipBlockMatchesPods: 'match' }));
  return performance.now() - begun;
}

import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readManifests } from '../../manifest/read.ts';
import { PortSet } from '../../net/port-set.ts';
import { type Workload, workloadName } from '../../segmentation/model.ts';
import { compilePosture } from '../compile.ts';
import type { Posture } from '../posture.ts';
import { reachMatrix } from './matrix.ts';

/** Connectivity lists that netpol-analyzer computed for real and constructed sets of manifests. */
const root = join(
  process.env.PICKET_SHARED ?? join(import.meta.dirname, '../../../../shared'),
  'data/netpol',
);

/** Cases whose pods name an owner without a kind, which the API server refuses; the list folds them by guess. */
const withoutOwnerKind = /^example_pods_w_same_owner_and_labels_gap_/;

/** Pairs on which addresses decide though the pods of this case have none; the reference takes them for outside. */
const undecided: Readonly<Record<string, readonly string[]>> = {
  anp_and_banp_using_networks_and_nodes_test: ['ns1/pod1[Deployment] => ns2/pod1[Deployment]'],
  anp_and_banp_using_networks_test: [
    'ns1/pod1[Deployment] => ns2/pod1[Deployment]',
    'ns2/pod1[Deployment] => ns1/pod1[Deployment]',
  ],
  'semanticDiff-different-topologies-policy-a-with-ipblock': [
    'default/cog-agents-0[DaemonSet] => default/cog-agents-1[DaemonSet]',
    'default/cog-agents-3[DaemonSet] => default/cog-agents-1[DaemonSet]',
    'default/cog-local-analyzer-7d77fb55cc[ReplicaSet] => default/cog-agents-1[DaemonSet]',
  ],
};

/** Real ports: lists of the reference begin at 1. */
const ports = PortSet.range(1, 65535);

function filesUnder(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    return statSync(path).isDirectory() ? filesUnder(path) : [path];
  });
}

function read(name: string): Posture {
  const paths = filesUnder(join(root, name, 'input')).filter((path) => /\.(ya?ml|json)$/.test(path));
  const set = readManifests(paths.map((path) => ({ name: path, bytes: readFileSync(path) })));
  return compilePosture(set, { ipBlockMatchesPods: 'match' });
}

/** `TCP 1-80,443,UDP 53` or `All Connections` as one set per protocol. */
function parsePorts(text: string): Record<string, PortSet> {
  if (text === 'All Connections') return { TCP: ports, UDP: ports, SCTP: ports };
  const sets = [...text.matchAll(/(TCP|UDP|SCTP) ([\d,-]*\d)/g)];
  return Object.fromEntries(sets.map(([, protocol, list]) => [protocol, PortSet.parse(list as string)]));
}

const nameOf = (workload: Workload) => `${workloadName(workload)}[${workload.kind}]`;

const cases = existsSync(root) ? readdirSync(root).filter((name) => !withoutOwnerKind.test(name)) : [];

describe.skipIf(cases.length === 0)(`workload pairs as in ${root}`, () => {
  test.each(cases)('%s', (name) => {
    const posture = read(name);
    const listed = new Map<string, Record<string, PortSet>>();
    for (const line of readFileSync(join(root, name, 'expected.connlist.txt'), 'utf8').split('\n')) {
      const [, source, destination, text] = /^(\S+) => (\S+) : (.*)$/.exec(line.trim()) ?? [];
      if (text !== undefined) listed.set(`${source} => ${destination}`, parsePorts(text));
    }
    const doubtful = new Set<string>();
    for (const { ports: answers, ...ends } of reachMatrix(posture)) {
      if (ends.source.kind !== 'workload' || ends.destination.kind !== 'workload') continue;
      const [source, destination] = [ends.source.workload, ends.destination.workload];
      // The reference leaves self edges out and treats pods on the host's network as ordinary ones.
      if (source === destination || source.hostNetwork || destination.hostNetwork) continue;
      const pair = `${nameOf(source)} => ${nameOf(destination)}`;
      for (const { protocol, allowed, unknown } of answers) {
        const expected = (listed.get(pair)?.[protocol] ?? PortSet.empty).subtract(unknown);
        expect(`${pair} ${protocol} ${allowed.intersect(ports)}`).toBe(`${pair} ${protocol} ${expected}`);
        if (!unknown.isEmpty) doubtful.add(pair);
      }
    }
    const { foreign, inventory } = posture.segmentation;
    // Policies of kinds that are not evaluated yet leave more doubt.
    if (foreign.length === 0) expect([...doubtful]).toEqual(undecided[name] ?? []);
    const known = new Set(inventory.workloads.map(nameOf));
    const ends = [...listed.keys()].flatMap((pair) => pair.split(' => '));
    expect(ends.filter((end) => !known.has(end) && !/\[External\]$|^\{/.test(end))).toEqual([]);
  });
});

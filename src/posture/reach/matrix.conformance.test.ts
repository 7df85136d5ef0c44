import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Address, formatAddress, ipv4, parseAddress } from '../../net/address.ts';
import { PortSet } from '../../net/port-set.ts';
import { prefixContains } from '../../net/prefix.ts';
import { type AnswerId, answerProtocols } from '../../segmentation/answers.ts';
import { masqueradedPorts } from '../../segmentation/masquerade.ts';
import { type Workload, workloadName } from '../../segmentation/model.ts';
import { fieldAt, fieldsOf, listOf as listIn } from '../../segmentation/values.ts';
import { ReachMatrix, reachMatrix } from './matrix.ts';
import { setsWith, storedPosture, storedSets } from './stored-set.fixture.ts';

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

/** `TCP 1-80,443,UDP 53` or `All Connections` as one set per protocol. */
function parsePorts(text: string): Record<string, PortSet> {
  if (text === 'All Connections') return { TCP: ports, UDP: ports, SCTP: ports };
  const sets = [...text.matchAll(/(TCP|UDP|SCTP) ([\d,-]*\d)/g)];
  return Object.fromEntries(sets.map(([, protocol, list]) => [protocol, PortSet.parse(list as string)]));
}

/**
 * Pods that name an owner without a kind, which the API server refuses, are pods of their own; the reference folds them
 * into one end with the owner's name.
 */
function nameOf(workload: Workload): string {
  const { source, namespace, kind } = workload;
  const [owner] = listIn(fieldAt(source.value, 'metadata', 'ownerReferences'));
  const { name, kind: ownerKind } = fieldsOf(owner);
  if (kind === 'Pod' && typeof name === 'string' && ownerKind === undefined)
    return `${namespace.name}/${name}[Pod]`;
  return `${workloadName(workload)}[${kind}]`;
}

/** One line of a list: the ports of each protocol between two ends, as they are written there. */
interface Listed {
  readonly source: string;
  readonly destination: string;
  readonly ports: Record<string, PortSet>;
}

function listOf(name: string): Listed[] {
  return readFileSync(join(storedSets, name, 'expected.connlist.txt'), 'utf8')
    .split('\n')
    .flatMap((line) => {
      const [, source, destination, text] = /^(\S+) => (\S+) : (.*)$/.exec(line.trim()) ?? [];
      return source && destination && text ? [{ source, destination, ports: parsePorts(text) }] : [];
    });
}

/** `1.2.3.4-1.2.3.9[External]` as its two addresses. */
function rangeOf(end: string): { readonly from: Address; readonly to: Address } | undefined {
  const [, from, to] = /^([\d.]+)-([\d.]+)\[External\]$/.exec(end) ?? [];
  return from && to ? { from: parseAddress(from)!, to: parseAddress(to)! } : undefined;
}

/** What the matrix says for one address outside and one workload, as the reference writes it. */
function answered(
  matrix: ReachMatrix,
  id: AnswerId,
): (protocol: string) => { allowed: PortSet; unknown: PortSet } {
  const bounds = matrix.answers.bounds(id);
  return (protocol) => {
    const { certain, possible } = bounds[answerProtocols.indexOf(protocol as 'TCP')]!;
    return { allowed: certain.intersect(ports), unknown: possible.subtract(certain).intersect(ports) };
  };
}

const cases = setsWith('expected.connlist.txt');

describe.skipIf(cases.length === 0)(`as in ${storedSets}`, () => {
  test.each(cases)('%s: pairs of workloads', (name) => {
    const posture = storedPosture(name, { ipBlockMatchesPods: 'match' });
    const listed = new Map(listOf(name).map((one) => [`${one.source} => ${one.destination}`, one.ports]));
    const doubtful = new Set<string>();
    for (const { ports: answers, ...ends } of reachMatrix(posture)) {
      if (ends.source.kind !== 'workload' || ends.destination.kind !== 'workload') continue;
      const [source, destination] = [ends.source.workload, ends.destination.workload];
      // The reference leaves self edges out and treats pods on the host's network as ordinary ones.
      if (nameOf(source) === nameOf(destination) || source.hostNetwork || destination.hostNetwork) continue;
      const pair = `${nameOf(source)} => ${nameOf(destination)}`;
      for (const { protocol, allowed, unknown } of answers) {
        const expected = (listed.get(pair)?.[protocol] ?? PortSet.empty).subtract(unknown);
        expect(`${pair} ${protocol} ${allowed.intersect(ports)}`).toBe(`${pair} ${protocol} ${expected}`);
        if (!unknown.isEmpty) doubtful.add(pair);
      }
    }
    expect([...doubtful]).toEqual(undecided[name] ?? []);
    const known = new Set(posture.inventory.workloads.map(nameOf));
    const ends = [...listed.keys()].flatMap((pair) => pair.split(' => '));
    expect(ends.filter((end) => !known.has(end) && !/\[External\]$|^\{/.test(end))).toEqual([]);
  });

  test.each(cases)('%s: from and to outside', (name) => {
    const posture = storedPosture(name, { ipBlockMatchesPods: 'match' });
    const matrix = new ReachMatrix(posture);
    const listed = listOf(name);
    const ranges = listed.flatMap(({ source, destination }) => rangeOf(source) ?? rangeOf(destination) ?? []);
    // Between the bounds of both cuts nothing changes, so that one address of each piece tells all.
    const samples = [
      ...matrix.atoms.atoms.map(({ sample }) => sample),
      ...ranges.flatMap(({ from, to }) => [from, to, ipv4((to.d + 1) >>> 0), ipv4((from.d - 1) >>> 0)]),
    ].filter(({ family }) => family === 4);
    const unique = [...new Map(samples.map((sample) => [sample.d, sample])).values()];
    const podNetworks = posture.inventory.nodes.flatMap((node) => node.podNetworks);
    for (const workload of posture.inventory.workloads) {
      // Pods on the host's network are ordinary ones there; finished ones have no address.
      if (workload.hostNetwork || workload.finished) continue;
      const mine = nameOf(workload);
      const from = listed.filter(({ destination }) => destination === mine);
      const to = listed.filter(({ source }) => source === mine);
      for (const sample of unique) {
        if (podNetworks.some((net) => prefixContains(net, sample))) continue;
        const at = matrix.atoms.at(sample);
        for (const [rows, id, side] of [
          [from, matrix.fromOutside(at, workload.index), 'source'],
          [to, matrix.toOutside(workload.index, at), 'destination'],
        ] as const) {
          const here = rows.filter((row) => {
            const range = rangeOf(row[side]);
            return range !== undefined && range.from.d <= sample.d && sample.d <= range.to.d;
          });
          const answer = answered(matrix, id);
          for (const protocol of answerProtocols) {
            const wanted = here.reduce(
              (set, row) => set.union(row.ports[protocol] ?? PortSet.empty),
              PortSet.empty,
            );
            const { allowed, unknown } = answer(protocol);
            const what = `${mine} ${side} ${formatAddress(sample)} ${protocol}`;
            if (unknown.isEmpty) expect(`${what} ${allowed}`).toBe(`${what} ${wanted}`);
            else {
              // A Service may hide the client's address from the policy; the reference takes no note of it.
              expect(wanted.subtract(allowed.union(unknown)).isEmpty, what).toBe(true);
              expect(masqueradedPorts(posture.inventory).has(workload.index), what).toBe(true);
            }
          }
        }
      }
    }
  });

  test.each(cases.filter((name) => listOf(name).some(({ source }) => source.startsWith('{'))))(
    '%s: from the ingress controller',
    (name) => {
      const posture = storedPosture(name, { ipBlockMatchesPods: 'match' });
      const found = new Map<string, { allowed: PortSet; unknown: PortSet }>();
      const proxied = new Set(
        posture.entries.filter(({ proxy }) => proxy !== undefined).map(({ text }) => text),
      );
      for (const { source, destination, ports: answers } of reachMatrix(posture)) {
        if (source.kind !== 'entry' || !proxied.has(source.text) || destination.kind !== 'workload') continue;
        const key = nameOf(destination.workload);
        const { allowed, unknown } = answers.find(({ protocol }) => protocol === 'TCP')!;
        const known = found.get(key) ?? { allowed: PortSet.empty, unknown: PortSet.empty };
        found.set(key, { allowed: known.allowed.union(allowed), unknown: known.unknown.union(unknown) });
      }
      const listed = listOf(name).filter(({ source }) => source === '{ingress-controller}');
      for (const { destination, ports: wanted } of listed) {
        const { allowed, unknown } = found.get(destination) ?? {
          allowed: PortSet.empty,
          unknown: PortSet.empty,
        };
        const tcp = wanted.TCP ?? PortSet.empty;
        expect(allowed.subtract(tcp).isEmpty, destination).toBe(true);
        expect(tcp.subtract(allowed.union(unknown)).isEmpty, `${destination} ${tcp}`).toBe(true);
      }
      // What only certain pods may do, the reference denies to a controller that nobody declares: here it is unknown.
      const others = [...found].filter(([key]) => !listed.some(({ destination }) => destination === key));
      for (const [key, { allowed }] of others) expect(`${key} ${allowed}`).toBe(`${key} none`);
    },
  );
});

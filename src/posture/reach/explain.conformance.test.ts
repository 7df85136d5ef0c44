import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { formatAddress } from '../../net/address.ts';
import { PortSet } from '../../net/port-set.ts';
import type { Endpoint } from '../../segmentation/endpoint.ts';
import { entryEdges } from '../../segmentation/entry/edges.ts';
import { type ApiProtocol, apiProtocols } from '../../segmentation/protocol.ts';
import type { Posture } from '../posture.ts';
import { compareReasons } from './explained-reasons.fixture.ts';
import { reachMatrix } from './matrix.ts';
import { reach } from './query.ts';
import { storedEnds, storedName, storedRange } from './stored-ends.fixture.ts';
import {
  readStoredExplanation,
  type StoredConnection,
  type StoredGroup,
} from './stored-explanation.oracle.ts';
import { setsWith, storedPosture, storedSets } from './stored-set.fixture.ts';

/**
 * Picket's point verdicts and their reasons, held to what netpol-analyzer explains of the same manifests.
 *
 * Verdicts are equal at every port at which any pair of the file changes, just outside of it, and in between. A range of
 * addresses is asked at both its ends and inside. Every pair of workloads, and of a workload with any address outside, is
 * in the file, and every port of it in one group.
 *
 * Reasons, for each direction whose end is a pod (an end outside is the default there and has no reason here):
 * - decided by default: no object decides, and Picket says that no NetworkPolicy selects the pod;
 * - allowed, or denied by a tier: the reference lists every such rule, Picket gives the first that decides. Its object
 *   and rule are among the listed ones;
 * - denied because policies isolate the pod: Picket names the same policies, all of them. Of the rules with the right
 *   peer and the wrong ports, which the reference lists, Picket names one. That there is no rule at all is said by both;
 * - passed on by a tier: both name the object and the rule.
 *
 * Deviations, each checked for what it is:
 * - `undecided`: addresses decide and the pods of the manifests have none. The reference takes the pods for outside,
 *   Picket says unknown, says that an address is missing, and names the object that the reference names;
 * - pods on the host's network: the reference treats them as ordinary ones, so here they are declared to be ordinary
 *   ones; as they stand, Picket says that NetworkPolicies do not apply to them, and the rest is as in the file;
 * - `{ingress-controller}`: to Picket each Ingress and Route is a source of its own. Those that lead to a port are the
 *   ones listed, and so are those that lead to the pods on other ports. An Ingress without a class is unknown.
 */
const truth = 'expected.explain.txt';
const cases = setsWith(truth);

/** Pairs on which addresses decide that the pods do not have. */
const undecided: Readonly<Record<string, readonly string[]>> = {
  anp_and_banp_using_networks_and_nodes_test: ['ns1/pod1[Deployment] => ns2/pod1[Deployment]'],
};

const protocols = Object.keys(apiProtocols) as ApiProtocol[];
const controller = '{ingress-controller}';

test.skipIf(cases.length > 0)(`explanations of others' results: needs ${storedSets}`, () => {});

const total = { connections: 0, verdicts: 0, reasons: 0, doubted: 0, entries: 0 };
afterAll(() => {
  const { connections, verdicts, reasons, doubted, entries } = total;
  console.log(
    `${cases.length} explanations: ${connections} connections with ${verdicts} verdicts, ${reasons} reasons and ${entries} ways in compared; ${doubted} reasons say unknown`,
  );
});

test.each(cases)('explanation: %s', (name) => {
  const posture = read(name, asOrdinary);
  const stored = readStored(name);
  expectComplete(posture, stored);
  const doubtful = new Set<string>();
  for (const { what, pair, group, source, destination, protocol, port } of asked(posture, stored)) {
    const verdict = reach(posture, source, destination, protocol, port);
    if (verdict.outcome === 'unknown') doubtful.add(pair);
    else expect(`${what} ${verdict.outcome}`).toBe(`${what} ${group.outcome}`);
    const found = compareReasons(what, verdict, group, { egress: source, ingress: destination });
    total.verdicts += 1;
    total.reasons += found.agreed;
    total.doubted += found.doubted;
  }
  expect([...doubtful]).toEqual(undecided[name] ?? []);
  total.connections += stored.length;
});

test.each(cases.filter((name) => onHost(read(name)).length > 0))('explanation: %s, on the host', (name) => {
  const posture = read(name);
  expect(onHost(read(name, asOrdinary))).toEqual([]);
  for (const { what, group, source, destination, protocol, port } of asked(posture, readStored(name))) {
    const { reasons } = reach(posture, source, destination, protocol, port);
    for (const [direction, end] of [
      ['egress', source],
      ['ingress', destination],
    ] as const) {
      if (end.kind !== 'workload') continue;
      const [reason] = reasons.filter((one) => one.direction === direction);
      const said = `${what} ${direction} ${reason?.outcome}`;
      if (end.workload.hostNetwork) {
        expect(said).toBe(`${what} ${direction} allow`);
        expect(reason?.text).toMatch(/ is on its host's network: NetworkPolicies do not apply to it$/);
      } else if (![source, destination].some((one) => one.kind === 'workload' && one.workload.hostNetwork)) {
        expect(said).toBe(`${what} ${direction} ${group.directions[direction].outcome}`);
      }
    }
  }
});

test.each(cases.filter((name) => readStored(name).some(({ source }) => source === controller)))(
  'explanation: %s, through the ingress controller',
  (name) => {
    const posture = read(name);
    const stored = readStored(name);
    const rows = [...reachMatrix(posture)];
    for (const { destination, groups } of stored.filter(({ source }) => source === controller)) {
      expectPartition(`${controller} => ${destination}`, groups);
      const [end] = storedEnds(posture, destination);
      const mine = rows.filter((row) => {
        return row.destination.kind === 'workload' && storedName(row.destination.workload) === destination;
      });
      const edges = entryEdges(posture.entries).filter(({ workload }) => {
        return end?.kind === 'workload' && workload === end.workload;
      });
      for (const [protocol, port, { outcome, directions }] of questions(groups, samplePorts(stored))) {
        const what = `${controller} => ${destination} ${protocol} ${port}`;
        const found = { allowed: [] as string[], unknown: [] as string[] };
        for (const { source, ports } of mine) {
          if (source.kind !== 'entry') continue;
          const sets = ports.find((one) => one.protocol === protocol);
          if (sets?.allowed.contains(port)) found.allowed.push(source.text);
          if (sets?.unknown.contains(port)) found.unknown.push(source.text);
        }
        const { egress, ingress } = directions;
        const listed = ingress.lines.map(({ kind, name: of }) => `${kind} ${of}`).sort();
        const leading = [...found.allowed, ...found.unknown].sort();
        expect(leading, what).toEqual(outcome === 'allow' ? listed : []);
        expect(edges.map(({ entry }) => entry.text).sort(), what).toEqual(listed);
        const doubted = edges.filter(({ entry }) => found.unknown.includes(entry.text));
        for (const { doubt } of doubted) expect(doubt, what).toContain('names no class');
        const does = new Set(ingress.lines.map((line) => line.does));
        expect(does, what).toEqual(new Set([outcome === 'allow' ? 'leads' : 'leads elsewhere']));
        expect(egress, what).toEqual({ outcome: 'allow', lines: [] });
      }
      total.entries += edges.length;
    }
  },
);

interface Asked {
  readonly what: string;
  readonly pair: string;
  readonly group: StoredGroup;
  readonly source: Endpoint;
  readonly destination: Endpoint;
  readonly protocol: ApiProtocol;
  readonly port: number;
}

/** Every question of a file; those of the controller aside. */
function* asked(posture: Posture, stored: readonly StoredConnection[]): Generator<Asked> {
  const samples = samplePorts(stored);
  for (const connection of stored.filter((one) => one.source !== controller)) {
    const pair = `${connection.source} => ${connection.destination}`;
    expectPartition(pair, connection.groups);
    for (const source of storedEnds(posture, connection.source)) {
      for (const destination of storedEnds(posture, connection.destination)) {
        for (const [protocol, port, group] of questions(connection.groups, samples)) {
          const what = `${pair} ${endText(source)} ${endText(destination)} ${protocol} ${port}`;
          yield { what, pair, group, source, destination, protocol, port };
        }
      }
    }
  }
}

/** Every port goes to exactly one group. */
function expectPartition(pair: string, groups: readonly StoredGroup[]): void {
  for (const protocol of protocols) {
    const sets = groups.map(({ ports }) => ports[protocol]);
    const union = sets.reduce((all, set) => all.union(set), PortSet.empty);
    expect(`${pair} ${protocol} ${union}`).toBe(`${pair} ${protocol} 1-65535`);
    expect(
      sets.reduce((sum, { size }) => sum + size, 0),
      pair,
    ).toBe(union.size);
  }
}

/** Every ordered pair of workloads, and every address outside with every workload, is in the file. */
function expectComplete({ inventory }: Posture, stored: readonly StoredConnection[]): void {
  const names = [...new Set(inventory.workloads.map((workload) => storedName(workload)))];
  const pairs = new Set(stored.map(({ source, destination }) => `${source} => ${destination}`));
  const missing = names.flatMap((source) => {
    const others = names.filter((destination) => destination !== source);
    return others.map((destination) => `${source} => ${destination}`).filter((pair) => !pairs.has(pair));
  });
  expect(missing).toEqual([]);
  for (const name of names) {
    for (const [mine, other] of [
      ['source', 'destination'],
      ['destination', 'source'],
    ] as const) {
      const ranges = stored.flatMap((one) => (one[mine] === name ? (storedRange(one[other]) ?? []) : []));
      const addresses = ranges.reduce((sum, { from, to }) => sum + (to.d - from.d + 1), 0);
      expect(`${name} ${mine} ${addresses}`).toBe(`${name} ${mine} ${2 ** 32}`);
    }
  }
}

/** Each protocol and port with the group that it is in. */
function* questions(
  groups: readonly StoredGroup[],
  samples: readonly number[],
): Generator<readonly [ApiProtocol, number, StoredGroup]> {
  for (const protocol of protocols) {
    for (const port of samples) {
      yield [protocol, port, groups.find(({ ports }) => ports[protocol].contains(port)) as StoredGroup];
    }
  }
}

/** The bounds of every range of the file, the ports around them, and one inside of each. */
function samplePorts(stored: readonly StoredConnection[]): number[] {
  const ranges = stored.flatMap(({ groups }) =>
    groups.flatMap(({ ports }) => protocols.flatMap((protocol) => [...ports[protocol].ranges()])),
  );
  const near = ranges.flatMap(({ from, to }) => [from - 1, from, (from + to) >>> 1, to, to + 1]);
  return [...new Set(near)].filter((port) => port >= 1 && port <= 65535);
}

function endText(end: Endpoint): string {
  return end.kind === 'external' ? formatAddress(end.address) : '';
}

function onHost({ inventory }: Posture): string[] {
  return inventory.workloads.filter(({ hostNetwork }) => hostNetwork).map(storedName);
}

function asOrdinary(text: string): string {
  return text.replaceAll('hostNetwork: true', 'hostNetwork: false');
}

function readStored(name: string): StoredConnection[] {
  return readStoredExplanation(readFileSync(join(storedSets, name, truth), 'utf8'));
}

function read(name: string, edit?: (text: string) => string): Posture {
  return storedPosture(name, { ipBlockMatchesPods: 'match' }, edit);
}

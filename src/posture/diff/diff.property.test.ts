import { expect, test } from 'vitest';
import type { Resource } from '../../manifest/resource.ts';
import { parseAddress } from '../../net/address.ts';
import type { Endpoint } from '../../segmentation/endpoint.ts';
import { Dice, generateCluster, outsideAddresses } from '../../segmentation/generate.oracle.ts';
import type { ApiProtocol } from '../../segmentation/protocol.ts';
import { compilePosture } from '../compile.ts';
import type { Posture } from '../posture.ts';
import type { ReachEnd } from '../reach/end.ts';
import { reach } from '../reach/query.ts';
import { type ConnectionChange, diffPostures } from './diff.ts';
import { explainChange } from './explain.ts';
import { reachRows } from './rows.ts';

const protocols: readonly ApiProtocol[] = ['TCP', 'UDP', 'SCTP'];
const ports = [1, 53, 80, 81, 443, 8080, 8081, 65_535];

function postureOfResources(resources: readonly Resource[]): Posture {
  return compilePosture({
    resources,
    diagnostics: [],
    counts: {
      files: 0,
      documents: 0,
      resources: resources.length,
      notManifests: 0,
      unknownKinds: new Map(),
      refused: 0,
    },
    sources: { get: () => undefined },
  });
}

const isPolicy = ({ kind }: Resource) => kind === 'NetworkPolicy';

function inEnd(end: ReachEnd | undefined, endpoint: Endpoint): boolean {
  if (end?.kind === 'workload') {
    return endpoint.kind === 'workload' && end.workload.name === endpoint.workload.name;
  }
  return end?.kind === 'external' && endpoint.kind === 'external' && end.range.contains(endpoint.address);
}

function changeOf(
  changes: readonly ConnectionChange[],
  source: Endpoint,
  destination: Endpoint,
  protocol: ApiProtocol,
  port: number,
): ConnectionChange[] {
  return changes.filter(
    (change) =>
      inEnd(change.source.after, source) &&
      inEnd(change.destination.after, destination) &&
      change.ports.some((one) => one.protocol === protocol && one.ports.contains(port)),
  );
}

test('a connection is in the difference exactly when the two answers for it differ', () => {
  let differing = 0;
  for (let seed = 1; seed <= 25; seed++) {
    const dice = new Dice(seed);
    const { resources } = generateCluster(dice);
    const others = generateCluster(dice).resources.filter(isPolicy);
    const before = postureOfResources(resources);
    const after = postureOfResources([
      ...resources.filter((one) => !isPolicy(one) || dice.chance(0.5)),
      ...others,
    ]);
    const { changes, added, removed } = diffPostures(before, after);
    expect([added, removed]).toEqual([[], []]);
    const rows = [...reachRows(before)];
    const pairs: [Endpoint, Endpoint][] = rows.flatMap(({ source, destination }) =>
      source.kind === 'workload' && destination.kind === 'workload'
        ? [
            [
              { kind: 'workload', workload: source.workload },
              { kind: 'workload', workload: destination.workload },
            ] as [Endpoint, Endpoint],
          ]
        : [],
    );
    for (const text of outsideAddresses) {
      const outside: Endpoint = { kind: 'external', address: parseAddress(text)! };
      for (const workload of before.inventory.workloads) {
        const end: Endpoint = { kind: 'workload', workload };
        if (!workload.finished) pairs.push([outside, end], [end, outside]);
      }
    }
    for (const [source, destination] of pairs) {
      for (const protocol of protocols) {
        for (const port of ports) {
          const ask = (posture: Posture) => {
            const own = (end: Endpoint): Endpoint =>
              end.kind === 'workload'
                ? { kind: 'workload', workload: posture.inventory.workloads[end.workload.index]! }
                : end;
            return reach(posture, own(source), own(destination), protocol, port).outcome;
          };
          const [from, to] = [ask(before), ask(after)];
          const found = changeOf(changes, source, destination, protocol, port);
          const told = found.map((change) => `${change.from} ${change.to}`);
          expect(told, `seed ${seed}`).toEqual(from === to ? [] : [`${from} ${to}`]);
          if (from !== to) differing++;
        }
      }
    }
    for (const change of changes) {
      // Of a way in nobody can ask for one connection.
      if (change.source.after?.kind === 'entry') continue;
      const { why } = explainChange(change, before, after);
      expect([why.before?.outcome, why.after?.outcome], `seed ${seed}`).toEqual([change.from, change.to]);
    }
  }
  expect(differing).toBeGreaterThan(300);
});

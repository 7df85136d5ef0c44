import { expect, test } from 'vitest';
import { formatAddress, parseAddress } from '../net/address.ts';
import type { Endpoint } from './endpoint.ts';
import { equivalenceClasses } from './equivalence.ts';
import { verdict } from './explain.ts';
import { Dice, type GeneratedCluster, generateCluster, outsideAddresses } from './generate.oracle.ts';
import { readInventory } from './inventory.ts';
import type { Workload } from './model.ts';
import { type OracleEnd, type OraclePod, oracleAnswer } from './network-policy.oracle.ts';
import { portAnswer } from './port-sets.ts';
import { Segmentation } from './segmentation.ts';

/** Connections judged; PICKET_CASES=100000 for a long run. */
const cases = Number(process.env.PICKET_CASES ?? 20_000);
const connectionsPerCluster = 8;
const numbers = { TCP: 6, UDP: 17, SCTP: 132, ICMP: 1 } as const;
const expected = { yes: 'allow', no: 'deny', maybe: 'unknown' } as const;
const scopes = { yes: 'match', no: 'never', maybe: 'unknown' } as const;

function compile({ resources, world }: GeneratedCluster): Segmentation {
  const options = { ipBlockMatchesPods: scopes[world.ipBlocksMatchPods] };
  return new Segmentation(readInventory(resources), resources, options);
}

function workloadOf(segmentation: Segmentation, pod: OraclePod): Workload {
  return segmentation.inventory.workloads.find(({ name }) => name === `w${pod.id}`) as Workload;
}

function randomEnd(
  dice: Dice,
  { pods }: GeneratedCluster,
  segmentation: Segmentation,
): [OracleEnd, Endpoint] {
  const kind = dice.random();
  if (kind < 0.2) {
    const address = dice.pick(outsideAddresses);
    return [
      { kind: 'external', address },
      { kind: 'external', address: parseAddress(address)! },
    ];
  }
  if (kind < 0.28) {
    const node = dice.pick([undefined, ...segmentation.inventory.nodes]);
    const end: OracleEnd = {
      kind: 'node',
      node: node?.name,
      addresses: node?.addresses.map(formatAddress) ?? [],
    };
    return [end, node === undefined ? { kind: 'node' } : { kind: 'node', node }];
  }
  const pod = dice.pick(pods);
  const workload = workloadOf(segmentation, pod);
  if (pod.addresses.length > 0 && dice.chance(0.4)) {
    const address = dice.pick(pod.addresses);
    return [
      { ...pod, addresses: [address] },
      { kind: 'workload', workload, address: parseAddress(address)! },
    ];
  }
  return [pod, { kind: 'workload', workload }];
}

test(`agrees with the naive evaluator on ${cases} random connections`, { timeout: 600_000 }, () => {
  const tally = { allow: 0, deny: 0, unknown: 0 };
  let judged = 0;
  for (let seed = 1; judged < cases; seed++) {
    const dice = new Dice(seed);
    const cluster = generateCluster(dice);
    const segmentation = compile(cluster);
    for (let i = 0; i < connectionsPerCluster && judged < cases; i++, judged++) {
      const [oracleSource, source] = randomEnd(dice, cluster, segmentation);
      const [oracleDestination, destination] = randomEnd(dice, cluster, segmentation);
      const protocol = dice.chance(0.05) ? 'ICMP' : dice.pick(['TCP', 'UDP', 'SCTP'] as const);
      const port = dice.pick([53, 80, 81, 443, 8080, 1, 300, 65535]);
      const wanted = expected[oracleAnswer(cluster.world, oracleSource, oracleDestination, protocol, port)];
      const { outcome, reasons } = verdict(segmentation, source, destination, numbers[protocol], port);
      tally[outcome]++;
      if (outcome !== wanted) {
        const question = { seed, source: oracleSource, destination: oracleDestination, protocol, port };
        expect.fail(
          `${JSON.stringify(question)}: ${outcome}, not ${wanted}: ${reasons.map(({ text }) => text).join('; ')}`,
        );
      }
    }
  }
  process.stderr.write(`${judged} connections, 0 differences: ${JSON.stringify(tally)}\n`);
  for (const count of Object.values(tally)) expect(count).toBeGreaterThan(judged / 20);
});

test('the fast answer, the explained one and the port sets are one', () => {
  for (let seed = 1; seed <= Math.max(500, cases / 40); seed++) {
    const dice = new Dice(-seed);
    const segmentation = compile(generateCluster(dice));
    const { workloads } = segmentation.inventory;
    for (let i = 0; i < 6; i++) {
      const [source, destination] = [dice.pick(workloads), dice.pick(workloads)];
      const protocol = dice.pick([6, 17, 132, 1]);
      const port = dice.pick([53, 80, 81, 443, 8080, 0, 300, 65535]);
      const fast = segmentation.outcome(source.index, destination.index, protocol, port);
      const ends = [source, destination].map((workload): Endpoint => ({ kind: 'workload', workload }));
      const { outcome } = verdict(segmentation, ends[0]!, ends[1]!, protocol, port);
      expect(outcome, `seed ${-seed}`).toBe(fast);
      if (protocol === 1) continue;
      const { allowed, unknown } = portAnswer(segmentation, source, destination, protocol);
      const bySet = allowed.contains(port) ? 'allow' : unknown.contains(port) ? 'unknown' : 'deny';
      expect(bySet, `seed ${-seed}`).toBe(fast);
    }
  }
});

test('workloads of one class are interchangeable', () => {
  let shared = 0;
  for (let seed = 1; seed <= Math.max(1_500, cases / 20); seed++) {
    const segmentation = compile(generateCluster(new Dice(seed)));
    const { workloads } = segmentation.inventory;
    const classes = equivalenceClasses(segmentation);
    for (const one of workloads) {
      const twin = workloads.find(({ index }) => index > one.index && classes[index] === classes[one.index]);
      if (twin === undefined) continue;
      shared += 1;
      for (const other of workloads) {
        if (other === one || other === twin) continue;
        for (const protocol of [6, 17, 132]) {
          const answers = [one, twin].map((workload) => [
            portAnswer(segmentation, workload, other, protocol),
            portAnswer(segmentation, other, workload, protocol),
          ]);
          expect(answers[0], `seed ${seed}`).toEqual(answers[1]);
        }
      }
    }
  }
  expect(shared).toBeGreaterThan(80);
});

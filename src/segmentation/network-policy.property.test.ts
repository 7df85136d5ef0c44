import { expect, test } from 'vitest';
import { generateTieredCluster } from './cluster-policy/generate.oracle.ts';
import type { Endpoint } from './endpoint.ts';
import { workloadClasses } from './equivalence.ts';
import { verdict } from './explain.ts';
import { Dice, generateCluster } from './generate.oracle.ts';
import { oracleAnswer } from './network-policy.oracle.ts';
import { portAnswer } from './port-sets.ts';
import { compileGenerated, randomEnd } from './random-ends.oracle.ts';

/** Connections judged; PICKET_CASES=100000 for a long run. */
const cases = Number(process.env.PICKET_CASES ?? 20_000);
const connectionsPerCluster = 8;
const numbers = { TCP: 6, UDP: 17, SCTP: 132, ICMP: 1 } as const;
const expected = { yes: 'allow', no: 'deny', maybe: 'unknown' } as const;

/** NetworkPolicies alone, and with the tiers around them. */
const worlds = [
  ['NetworkPolicies', generateCluster],
  ['cluster-wide tiers', generateTieredCluster],
] as const;

test.each(worlds)(
  `%s: agree with the naive evaluator on ${cases} random connections`,
  {
    timeout: 600_000,
  },
  (_, generate) => {
    const tally = { allow: 0, deny: 0, unknown: 0 };
    let judged = 0;
    for (let seed = 1; judged < cases; seed++) {
      const dice = new Dice(seed);
      const cluster = generate(dice);
      const segmentation = compileGenerated(cluster);
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
  },
);

test.each(worlds)('%s: the fast answer, the explained one and the port sets are one', (_, generate) => {
  for (let seed = 1; seed <= Math.max(500, cases / 40); seed++) {
    const dice = new Dice(-seed);
    const segmentation = compileGenerated(generate(dice));
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

test.each(worlds)('%s: workloads of one class are interchangeable', (_, generate) => {
  let shared = 0;
  for (let seed = 1; seed <= Math.max(1_500, cases / 20); seed++) {
    const segmentation = compileGenerated(generate(new Dice(seed)));
    const { workloads } = segmentation.inventory;
    const { of: classes } = workloadClasses(segmentation);
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
  expect(shared).toBeGreaterThan(40);
});

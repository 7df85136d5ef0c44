import { expect, test } from 'vitest';
import type { Outcome } from '../../flow/verdict.ts';
import { parseAddress } from '../../net/address.ts';
import type { AnswerId } from '../../segmentation/answers.ts';
import { answerProtocols } from '../../segmentation/answers.ts';
import type { Endpoint } from '../../segmentation/endpoint.ts';
import { Dice, generateCluster, outsideAddresses } from '../../segmentation/generate.oracle.ts';
import type { Workload } from '../../segmentation/model.ts';
import { apiProtocols } from '../../segmentation/protocol.ts';
import { compilePosture } from '../compile.ts';
import { judgeEnds } from '../judge.ts';
import { postureOf as postureOfText } from '../posture.fixture.ts';
import type { Posture } from '../posture.ts';
import { machinesYaml } from './machines.fixture.ts';
import { ReachMatrix } from './matrix.ts';

/** Clusters; PICKET_CASES=100000 for a long run. */
const clusters = Number(process.env.PICKET_CASES ?? 20_000) / 40;
const ports = [0, 1, 53, 80, 81, 82, 300, 443, 8080, 65_535];

/** Some clusters get what their machines say too. */
function withMachines(dice: Dice): Posture {
  const { resources, world } = generateCluster(dice);
  const text = resources.map(({ value }) => `---\n${JSON.stringify(value)}\n`).join('');
  return postureOfText(text + machinesYaml(dice), undefined, {
    ipBlockMatchesPods: scopes[world.ipBlocksMatchPods],
  });
}

const scopes = { yes: 'match', no: 'never', maybe: 'unknown' } as const;

function postureOf(dice: Dice): Posture {
  const { resources, world } = generateCluster(dice);
  const counts = {
    files: 1,
    documents: 1,
    resources: resources.length,
    notManifests: 0,
    refused: 0,
    unknownKinds: new Map(),
  };
  const set = { resources, diagnostics: [], counts, sources: new Map() };
  return compilePosture(set, { ipBlockMatchesPods: scopes[world.ipBlocksMatchPods] });
}

/** Compares an answer of the matrix with the layers' own verdicts, port by port. */
function compare(
  posture: Posture,
  matrix: ReachMatrix,
  id: AnswerId,
  source: Endpoint,
  destination: Endpoint,
  seed: number,
) {
  const tally = { allow: 0, deny: 0, unknown: 0 };
  for (const [at, { certain, possible }] of matrix.answers.bounds(id).entries()) {
    const protocol = apiProtocols[answerProtocols[at]!];
    for (const port of ports) {
      const outcome: Outcome = certain.contains(port)
        ? 'allow'
        : possible.contains(port)
          ? 'unknown'
          : 'deny';
      const verdict = judgeEnds(posture, { source, destination, protocol, port });
      tally[outcome]++;
      if (outcome !== verdict.outcome) {
        const why = verdict.reasons.map(({ text }) => text).join('; ');
        const ends = [source, destination].map((end) =>
          end.kind === 'workload' ? end.workload.name : end.kind,
        );
        expect.fail(
          `seed ${seed}, ${ends.join(' to ')} ${protocol}/${port}: ${outcome}, not ${verdict.outcome}: ${why}`,
        );
      }
    }
  }
  return tally;
}

/** Compares some cells of the matrix, or all of them: between workloads, from outside, to the outside. */
function compareCells(posture: Posture, dice: Dice, seed: number, all: boolean) {
  const sum = { allow: 0, deny: 0, unknown: 0 };
  const matrix = new ReachMatrix(posture);
  const workloads = posture.inventory.workloads.filter(({ finished }) => !finished);
  const end = (workload: Workload): Endpoint => ({ kind: 'workload', workload });
  const check = (id: AnswerId, source: Endpoint, destination: Endpoint) => {
    const tally = compare(posture, matrix, id, source, destination, seed);
    for (const key of ['allow', 'deny', 'unknown'] as const) sum[key] += tally[key];
  };
  const some = <T>(list: readonly T[]) => (list.length === 0 ? [] : [0, 1, 2].map(() => dice.pick(list)));
  const pairs = workloads.flatMap((source) => workloads.map((destination) => [source, destination] as const));
  for (const [source, destination] of all ? pairs : some(pairs)) {
    if (source === destination && source.single) continue;
    check(matrix.answer(source.index, destination.index), end(source), end(destination));
  }
  const outer = workloads.flatMap((workload) => outsideAddresses.map((text) => [workload, text] as const));
  for (const [workload, text] of all ? outer : some(outer)) {
    const outside: Endpoint = { kind: 'external', address: parseAddress(text)! };
    const atom = matrix.atoms.at(outside.address);
    check(matrix.fromOutside(atom, workload.index), outside, end(workload));
    check(matrix.toOutside(workload.index, atom), end(workload), outside);
  }
  return sum;
}

test(`the matrix is the verdict of the layers for all ports at once: ${clusters} clusters`, {
  timeout: 600_000,
}, () => {
  const sums = { plain: { allow: 0, deny: 0, unknown: 0 }, machines: { allow: 0, deny: 0, unknown: 0 } };
  for (let seed = 1; seed <= clusters; seed++) {
    const dice = new Dice(seed * 7);
    const which = seed % 4 === 0 ? 'machines' : 'plain';
    const posture = which === 'machines' ? withMachines(dice) : postureOf(dice);
    const tally = compareCells(posture, dice, seed, which === 'machines');
    for (const key of ['allow', 'deny', 'unknown'] as const) sums[which][key] += tally[key];
  }
  for (const sum of Object.values(sums)) {
    for (const count of Object.values(sum)) expect(count).toBeGreaterThan(1000);
  }
});

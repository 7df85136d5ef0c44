import { expect, test } from 'vitest';
import type { Outcome } from '../../flow/verdict.ts';
import { parseAddress } from '../../net/address.ts';
import type { AnswerId } from '../../segmentation/answers.ts';
import { answerProtocols } from '../../segmentation/answers.ts';
import type { Endpoint } from '../../segmentation/endpoint.ts';
import { Dice, generateCluster, outsideAddresses } from '../../segmentation/generate.oracle.ts';
import { apiProtocols } from '../../segmentation/protocol.ts';
import { compilePosture } from '../compile.ts';
import { judgeEnds } from '../judge.ts';
import type { Posture } from '../posture.ts';
import { ReachMatrix } from './matrix.ts';

/** Clusters; PICKET_CASES=100000 for a long run. */
const clusters = Number(process.env.PICKET_CASES ?? 20_000) / 40;
const ports = [0, 1, 53, 80, 81, 82, 300, 443, 8080, 65_535];

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
  const scopes = { yes: 'match', no: 'never', maybe: 'unknown' } as const;
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

test(`the matrix is the verdict of the layers for all ports at once: ${clusters} clusters`, {
  timeout: 600_000,
}, () => {
  const sum = { allow: 0, deny: 0, unknown: 0 };
  for (let seed = 1; seed <= clusters; seed++) {
    const dice = new Dice(seed * 7);
    const posture = postureOf(dice);
    const matrix = new ReachMatrix(posture);
    const workloads = posture.inventory.workloads.filter(({ finished }) => !finished);
    const end = (index: number): Endpoint => ({
      kind: 'workload',
      workload: posture.inventory.workloads[index]!,
    });
    const add = (tally: typeof sum) => {
      for (const key of ['allow', 'deny', 'unknown'] as const) sum[key] += tally[key];
    };
    for (let turn = 0; turn < 3 && workloads.length > 0; turn++) {
      const [source, destination] = [dice.pick(workloads), dice.pick(workloads)];
      if (source === destination && source.single) continue;
      const id = matrix.answer(source.index, destination.index);
      add(compare(posture, matrix, id, end(source.index), end(destination.index), seed));
      const address = parseAddress(dice.pick(outsideAddresses))!;
      const atom = matrix.atoms.at(address);
      const outside: Endpoint = { kind: 'external', address };
      const from = matrix.fromOutside(atom, destination.index);
      add(compare(posture, matrix, from, outside, end(destination.index), seed));
      const to = matrix.toOutside(source.index, atom);
      add(compare(posture, matrix, to, end(source.index), outside, seed));
    }
  }
  for (const count of Object.values(sum)) expect(count).toBeGreaterThan(1000);
});

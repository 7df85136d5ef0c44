import { expect, test } from 'vitest';
import type { Outcome } from '../../flow/verdict.ts';
import { parseAddress } from '../../net/address.ts';
import { Protocol } from '../../net/protocol.ts';
import type { Endpoint } from '../endpoint.ts';
import { Dice } from '../generate.oracle.ts';
import { readInventory } from '../inventory.ts';
import type { Inventory, Workload } from '../model.ts';
import type { HttpRequest } from '../request.ts';
import { generateMesh, meshAddresses, meshPorts, requests } from './generate.oracle.ts';
import { fold } from './mesh.fixture.ts';
import {
  type OracleMeshPod,
  type OracleRequest,
  type OracleSource,
  oracleMeshAnswer,
} from './mesh.oracle.ts';
import { Mesh } from './mesh.ts';

/** Connections judged; PICKET_CASES=100000 for a long run. */
const cases = Number(process.env.PICKET_CASES ?? 20_000);
const connectionsPerMesh = 10;
const expected = { yes: 'allow', no: 'deny', maybe: 'unknown' } as const;

function workloadOf({ workloads }: Inventory, { id }: OracleMeshPod): Workload {
  return workloads.find(({ name }) => name === `w${id}`) as Workload;
}

function httpOf(request: OracleRequest | undefined): HttpRequest | undefined {
  if (request === undefined) return undefined;
  const { headers, ...rest } = request;
  return { ...rest, ...(headers && { headers: new Map(Object.entries(headers)) }) };
}

function outcomeOf(mesh: Mesh, source: Endpoint, workload: Workload, port: number, request?: HttpRequest) {
  const destination = { kind: 'workload', workload } as const;
  const question = { source, destination, protocol: Protocol.Tcp, port, ...(request && { request }) };
  const reasons = mesh.judge(question);
  return { outcome: fold(reasons), text: reasons.map(({ text }) => text).join('; ') };
}

function randomSource(
  dice: Dice,
  pods: readonly OracleMeshPod[],
  inventory: Inventory,
): [OracleSource, Endpoint] {
  const kind = dice.random();
  if (kind < 0.15) {
    const address = dice.pick(meshAddresses.slice(2));
    return [
      { kind: 'outside', address },
      { kind: 'external', address: parseAddress(address)! },
    ];
  }
  if (kind < 0.2) return [{ kind: 'node' }, { kind: 'node' }];
  const pod = dice.pick(pods);
  return [
    { kind: 'pod', pod },
    { kind: 'workload', workload: workloadOf(inventory, pod) },
  ];
}

test(`agrees with the naive evaluator on ${cases} random connections`, { timeout: 600_000 }, () => {
  const tally: Record<Outcome, number> = { allow: 0, deny: 0, unknown: 0 };
  let judged = 0;
  for (let seed = 1; judged < cases; seed++) {
    const dice = new Dice(seed);
    const { resources, mesh: world, pods } = generateMesh(dice);
    const inventory = readInventory(resources);
    const mesh = new Mesh(inventory, resources);
    for (let i = 0; i < connectionsPerMesh && judged < cases; i++, judged++) {
      const [oracleSource, source] = randomSource(dice, pods, inventory);
      const pod = dice.pick(pods);
      const port = dice.pick(meshPorts);
      const request = dice.pick(requests);
      const wanted = expected[oracleMeshAnswer(world, oracleSource, pod, port, request)];
      const { outcome, text } = outcomeOf(mesh, source, workloadOf(inventory, pod), port, httpOf(request));
      tally[outcome]++;
      if (outcome !== wanted) {
        const question = { seed, source: oracleSource, pod, port, request };
        expect.fail(
          `${JSON.stringify(question)}: ${outcome}, not ${wanted}: ${text}\n${JSON.stringify(world, undefined, 1)}`,
        );
      }
    }
  }
  process.stderr.write(`${judged} connections, 0 differences: ${JSON.stringify(tally)}\n`);
  for (const count of Object.values(tally)) expect(count).toBeGreaterThan(judged / 20);
});

test('port bounds are the single answers over all ports where anything changes', () => {
  for (let seed = 1; seed <= Math.max(300, cases / 60); seed++) {
    const dice = new Dice(-seed);
    const { resources, pods } = generateMesh(dice);
    const inventory = readInventory(resources);
    const mesh = new Mesh(inventory, resources);
    for (let i = 0; i < 4; i++) {
      const [, source] = randomSource(dice, pods, inventory);
      const destination = dice.pick(inventory.workloads);
      const { certain, possible } = mesh.tcpBounds(source, destination);
      for (const known of [0, 65535, 15021, 15090, 9443, ...meshPorts]) {
        for (const port of [known - 1, known, known + 1].filter((one) => one >= 0 && one <= 65535)) {
          const { outcome, text } = outcomeOf(mesh, source, destination, port);
          const bound = certain.contains(port) ? 'allow' : possible.contains(port) ? 'unknown' : 'deny';
          expect(bound, `seed ${-seed} port ${port}: ${text}`).toBe(outcome);
        }
      }
    }
  }
});

test('workloads with equal signatures are judged alike', () => {
  let pairs = 0;
  for (let seed = 1; seed <= Math.max(400, cases / 40); seed++) {
    const dice = new Dice(seed * 7919);
    const { resources } = generateMesh(dice);
    const inventory = readInventory(resources);
    const mesh = new Mesh(inventory, resources);
    const groups = Map.groupBy(inventory.workloads, (workload) => mesh.signature(workload));
    for (const [first, second] of groups.values()) {
      if (first === undefined || second === undefined) continue;
      pairs++;
      for (const other of inventory.workloads.filter((one) => one !== first && one !== second)) {
        for (const port of meshPorts) {
          const request = httpOf(dice.pick(requests));
          const ends = [first, second, other].map((workload): Endpoint => ({ kind: 'workload', workload }));
          const told = `seed ${seed * 7919} ${first.name} ${second.name} ${other.name} ${port}`;
          expect(outcomeOf(mesh, ends[0]!, other, port, request).outcome, told).toBe(
            outcomeOf(mesh, ends[1]!, other, port, request).outcome,
          );
          expect(outcomeOf(mesh, ends[2]!, first, port, request).outcome, told).toBe(
            outcomeOf(mesh, ends[2]!, second, port, request).outcome,
          );
        }
      }
    }
  }
  expect(pairs).toBeGreaterThan(50);
});

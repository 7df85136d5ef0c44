import { expect, test } from 'vitest';
import type { Resource } from '../../manifest/resource.ts';
import { type Address, parseAddress } from '../../net/address.ts';
import { addressesOf } from '../../segmentation/endpoint.ts';
import { Dice, generateCluster, outsideAddresses } from '../../segmentation/generate.oracle.ts';
import { apiProtocols } from '../../segmentation/protocol.ts';
import { compilePosture } from '../compile.ts';
import type { Posture } from '../posture.ts';
import type { ObservedFlow } from './flow-log.ts';
import { learn } from './learn.ts';

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

/** Kinds of the generated clusters that other layers or tiers judge by; their say is not what is tested here. */
const policyKinds = /Policy$/;

function randomFlows(dice: Dice, { inventory }: Posture): ObservedFlow[] {
  const addresses: Address[] = [
    ...inventory.workloads.flatMap(addressesOf),
    ...inventory.workloads.flatMap(addressesOf),
    ...inventory.nodes.flatMap((node) => node.addresses),
    ...outsideAddresses.map((text) => parseAddress(text) as Address),
  ];
  return Array.from({ length: 1 + dice.below(12) }, (_, line) => ({
    source: dice.pick(addresses),
    destination: dice.pick(addresses),
    protocol: dice.pick(Object.values(apiProtocols)),
    port: dice.pick([53, 80, 443, 8080]),
    sourceName: undefined,
    destinationName: undefined,
    line: line + 1,
    flows: 1,
  }));
}

test('the proposal allows every flow that it was made from, and its YAML reads without an error', () => {
  let [replayed, proposed] = [0, 0];
  for (let seed = 1; seed <= 300; seed++) {
    const dice = new Dice(seed);
    const { resources } = generateCluster(dice);
    const posture = postureOfResources(
      resources.filter(({ kind }) => !policyKinds.test(kind) || kind === 'NetworkPolicy'),
    );
    const { replay, proposal, diagnostics } = learn(posture, randomFlows(dice, posture));
    const refused = diagnostics.filter(({ code }) => code === 'PKT0464').map(({ message }) => message);
    expect(refused, `seed ${seed}`).toEqual([]);
    expect(replay.refused, `seed ${seed}`).toEqual([]);
    replayed += replay.allowed;
    proposed += proposal.policies.length;
  }
  expect(replayed).toBeGreaterThan(500);
  expect(proposed).toBeGreaterThan(250);
});

test('the same flows in another order give the same proposal', () => {
  for (let seed = 1; seed <= 30; seed++) {
    const dice = new Dice(seed);
    const posture = postureOfResources(generateCluster(dice).resources);
    const flows = randomFlows(dice, posture);
    expect(learn(posture, flows.toReversed()).yaml, `seed ${seed}`).toBe(learn(posture, flows).yaml);
  }
});

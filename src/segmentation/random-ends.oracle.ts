import { formatAddress, parseAddress } from '../net/address.ts';
import type { Endpoint } from './endpoint.ts';
import { type Dice, type GeneratedCluster, outsideAddresses } from './generate.oracle.ts';
import { readInventory } from './inventory.ts';
import type { Workload } from './model.ts';
import { Segmentation } from './segmentation.ts';
import type { OracleEnd } from './world.oracle.ts';

const scopes = { yes: 'match', no: 'never', maybe: 'unknown' } as const;

/** Returns a generated cluster as it is compiled from its manifests. */
export function compileGenerated({ resources, world }: GeneratedCluster): Segmentation {
  const options = { ipBlockMatchesPods: scopes[world.ipBlocksMatchPods] };
  return new Segmentation(readInventory(resources), resources, options);
}

/** Returns a random end of a connection, as the oracle and as the compiled evaluator see it. */
export function randomEnd(
  dice: Dice,
  { pods }: GeneratedCluster,
  { inventory }: Segmentation,
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
    const node = dice.pick([undefined, ...inventory.nodes]);
    const end: OracleEnd = {
      kind: 'node',
      node: node?.name,
      addresses: node?.addresses.map(formatAddress) ?? [],
    };
    return [end, node === undefined ? { kind: 'node' } : { kind: 'node', node }];
  }
  const pod = dice.pick(pods);
  const workload = inventory.workloads.find(({ name }) => name === `w${pod.id}`) as Workload;
  if (pod.addresses.length > 0 && dice.chance(0.4)) {
    const address = dice.pick(pod.addresses);
    return [
      { ...pod, addresses: [address] },
      { kind: 'workload', workload, address: parseAddress(address)! },
    ];
  }
  return [pod, { kind: 'workload', workload }];
}

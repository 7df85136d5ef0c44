import { parseAddress } from '../net/address.ts';
import type { Endpoint } from './endpoint.ts';
import { verdict } from './explain.ts';
import { readInventory } from './inventory.ts';
import { manifests } from './manifests.fixture.ts';
import { workloadName } from './model.ts';
import { Segmentation, type SegmentationOptions } from './segmentation.ts';

/**
 * Returns a function that judges a connection under the manifests of a YAML text. An end is `namespace/workload`, an
 * address, `node NAME`, or `node` for any.
 */
export function ask(text: string, options: SegmentationOptions = {}) {
  const { resources } = manifests(text);
  const segmentation = new Segmentation(readInventory(resources), resources, options);
  const end = (name: string): Endpoint => {
    const address = parseAddress(name);
    if (address !== undefined) return { kind: 'external', address };
    if (name === 'node' || name.startsWith('node ')) {
      const node = segmentation.inventory.nodes.find((one) => one.name === name.slice(5));
      return node === undefined ? { kind: 'node' } : { kind: 'node', node };
    }
    const workload = segmentation.inventory.workloads.find((one) => workloadName(one) === name);
    return { kind: 'workload', workload: workload! };
  };
  return (
    source: string,
    destination: string,
    port = 5432,
    protocol: 'TCP' | 'UDP' | 'SCTP' | number = 'TCP',
  ) => verdict(segmentation, end(source), end(destination), protocol, port);
}

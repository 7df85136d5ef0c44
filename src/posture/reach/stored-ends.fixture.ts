import { type Address, ipv4, parseAddress } from '../../net/address.ts';
import type { Endpoint } from '../../segmentation/endpoint.ts';
import { type Workload, workloadName } from '../../segmentation/model.ts';
import type { Posture } from '../posture.ts';

/**
 * Returns the ends that netpol-analyzer's name of one stands for: the workload of `shop/api[Deployment]`, or the first, a
 * middle and the last address of `1.2.3.4-1.2.3.9[External]`. Throws for a workload that is not declared.
 */
export function storedEnds({ inventory }: Posture, text: string): Endpoint[] {
  const range = storedRange(text);
  if (range !== undefined) {
    const [from, to] = [range.from.d, range.to.d];
    const inside = Math.floor((from + to) / 2);
    return [...new Set([from, inside, to])].map((d) => ({ kind: 'external', address: ipv4(d) }));
  }
  const workload = inventory.workloads.find((one) => storedName(one) === text);
  if (workload === undefined) throw new Error(`no workload ${text}`);
  return [{ kind: 'workload', workload }];
}

/** Returns e.g. `shop/api[Deployment]`. */
export function storedName(workload: Workload): string {
  return `${workloadName(workload)}[${workload.kind}]`;
}

/** Returns `1.2.3.4-1.2.3.9[External]` as its two addresses; undefined for other ends. */
export function storedRange(end: string): { readonly from: Address; readonly to: Address } | undefined {
  const [, from, to] = /^([\d.]+)-([\d.]+)\[External\]$/.exec(end) ?? [];
  return from && to ? { from: parseAddress(from)!, to: parseAddress(to)! } : undefined;
}

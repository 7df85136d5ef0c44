import { members } from './bitset.ts';
import { nodesOf } from './endpoint.ts';
import type { Workload } from './model.ts';
import type { Segmentation } from './segmentation.ts';

/**
 * Returns a class number per workload index: workloads of one class have the same policies on them, are the same to
 * every rule as a peer, and give port names the same numbers, so that any answer about one holds for the others.
 * Workloads on their host's network or finished are in a class of their own each; where
 * there are such, the nodes of the others count too, as traffic with the own node is always allowed.
 */
export function equivalenceClasses(segmentation: Segmentation): Int32Array {
  const { workloads } = segmentation.inventory;
  const columns = workloads.map((): number[] => []);
  let column = 0;
  for (const { directions } of segmentation.policies) {
    for (const directed of [directions.egress, directions.ingress]) {
      for (const { yes, maybe } of directed?.rules ?? []) {
        for (const workload of members(yes)) columns[workload]?.push(column);
        for (const workload of members(maybe)) columns[workload]?.push(-1 - column);
        column += 1;
      }
    }
  }
  const plans = new Map<object, number>();
  const planNumber = (plan: object): number => {
    const number = plans.get(plan) ?? plans.size;
    plans.set(plan, number);
    return number;
  };
  const nodesCount = workloads.some(({ hostNetwork }) => hostNetwork);
  const classes = new Map<string, number>();
  return Int32Array.from(workloads, (workload) => {
    const { index, hostNetwork, finished } = workload;
    const [egress, ingress] = [segmentation.plan('egress', index), segmentation.plan('ingress', index)];
    const key =
      hostNetwork || finished
        ? `${index}`
        : `${planNumber(egress)}/${planNumber(ingress)}/${columns[index]}/${portsKey(workload)}/${nodesCount ? nodesKey(workload) : ''}`;
    const number = classes.get(key) ?? classes.size;
    classes.set(key, number);
    return number;
  });
}

function portsKey({ ports }: Workload): string {
  const named = ports.filter(({ name }) => name !== undefined);
  return named.map(({ name, protocol, port }) => `${protocol}:${port}:${name}`).join();
}

function nodesKey(workload: Workload): string {
  const nodes = nodesOf({ kind: 'workload', workload });
  return nodes === 'anywhere' ? nodes : [...nodes].sort((a, b) => a - b).join();
}

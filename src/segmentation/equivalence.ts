import { members } from './bitset.ts';
import { nodesOf } from './endpoint.ts';
import type { Selection } from './label-selector.ts';
import type { Workload } from './model.ts';
import type { SubjectPlan } from './plan.ts';
import type { Segmentation } from './segmentation.ts';

/** Workloads that no control tells apart, so that any answer about one of a class holds for the others. */
export interface WorkloadClasses {
  /** Class number per workload index. */
  readonly of: Int32Array;
  /** One workload of each class. */
  readonly representatives: readonly Workload[];
  /** Another one of each class, to ask about traffic inside it; the same one where there is no other. */
  readonly seconds: readonly Workload[];
}

/**
 * Returns the classes of workloads that have the same policies on them, are the same to every rule as a peer, and give
 * port names the same numbers; `distinguish` adds what other layers tell apart. Workloads on their host's network or
 * finished are in a class of their own each; where there are such, the nodes of the others count too, as traffic
 * with the own node is always allowed.
 */
export function workloadClasses(
  segmentation: Segmentation,
  distinguish: (workload: Workload) => string = () => '',
): WorkloadClasses {
  const { workloads } = segmentation.inventory;
  const plans = new Map<SubjectPlan, number>();
  const planNumber = (plan: SubjectPlan): number => {
    const number = plans.get(plan) ?? plans.size;
    plans.set(plan, number);
    return number;
  };
  const nodesCount = workloads.some(({ hostNetwork }) => hostNetwork);
  const partition = new Partition(
    workloads.map((workload) => {
      const { index, hostNetwork, finished } = workload;
      if (hostNetwork || finished) return `${index}`;
      const [egress, ingress] = [segmentation.plan('egress', index), segmentation.plan('ingress', index)];
      const nodes = nodesCount ? nodesKey(workload) : '';
      return `${planNumber(egress)}/${planNumber(ingress)}/${portsKey(workload)}/${nodes}/${distinguish(workload)}`;
    }),
  );
  for (const { yes, maybe } of selections(segmentation, plans.keys())) {
    partition.split(members(yes));
    partition.split(members(maybe));
  }
  return partition.classes(workloads);
}

/** Every set of workloads that a rule means as the other end. */
function* selections({ policies }: Segmentation, plans: Iterable<SubjectPlan>): Generator<Selection> {
  for (const { directions } of policies) {
    for (const directed of [directions.egress, directions.ingress]) yield* directed?.rules ?? [];
  }
  const seen = new Set<object>();
  for (const { admin, baseline } of plans) {
    for (const rule of [...admin, ...baseline]) {
      if (!seen.has(rule.yes)) yield rule;
      seen.add(rule.yes);
    }
  }
}

/** A partition that sets refine one after the other; each costs no more than its members. */
class Partition {
  readonly #of: Int32Array;
  #next: number;

  constructor(keys: readonly string[]) {
    const numbers = new Map<string, number>();
    this.#of = Int32Array.from(keys, (key) => {
      const number = numbers.get(key) ?? numbers.size;
      numbers.set(key, number);
      return number;
    });
    this.#next = numbers.size;
  }

  split(set: Iterable<number>): void {
    const moved = new Map<number, number>();
    for (const member of set) {
      const old = this.#of[member] as number;
      let number = moved.get(old);
      if (number === undefined) {
        number = this.#next++;
        moved.set(old, number);
      }
      this.#of[member] = number;
    }
  }

  /** Numbers the classes from 0 in the order of their first members. */
  classes(workloads: readonly Workload[]): WorkloadClasses {
    const numbers = new Map<number, number>();
    const representatives: Workload[] = [];
    const seconds: Workload[] = [];
    const of = this.#of.map((old, index) => {
      const workload = workloads[index] as Workload;
      let number = numbers.get(old);
      if (number === undefined) {
        number = numbers.size;
        numbers.set(old, number);
        representatives.push(workload);
        seconds.push(workload);
      } else if (seconds[number] === representatives[number]) seconds[number] = workload;
      return number;
    });
    return { of, representatives, seconds };
  }
}

function portsKey({ ports }: Workload): string {
  const named = ports.filter(({ name }) => name !== undefined);
  return named.map(({ name, protocol, port }) => `${protocol}:${port}:${name}`).join();
}

function nodesKey(workload: Workload): string {
  const nodes = nodesOf({ kind: 'workload', workload });
  return nodes === 'anywhere' ? nodes : [...nodes].sort((a, b) => a - b).join();
}

import type { Group } from './model.ts';
import type { GraphEdge } from './picture.ts';

/** All groups of a namespace, or of the cluster, as one end of arrows. */
export interface Hub {
  readonly id: number;
  /** Undefined for the whole cluster. */
  readonly namespace: string | undefined;
  readonly groups: readonly number[];
}

export interface Bundles {
  readonly arrows: readonly GraphEdge[];
  readonly hubs: readonly Hub[];
}

/**
 * Joins arrows with the same ports: where all workloads of the cluster, else of a namespace, reach an end, one arrow
 * stands for theirs, and likewise where one end reaches them all. Nothing is added and nothing lost; an end within such a
 * set reaches all the others of it.
 */
export function bundle(arrows: readonly GraphEdge[], groups: readonly Group[]): Bundles {
  const hubs = hubsOf(groups);
  const bySource = gather(arrows, 'destination', 'source', hubs);
  const joined = gather(bySource, 'source', 'destination', hubs);
  const used = new Set(joined.flatMap(({ source, destination }) => [source, destination]));
  return { arrows: joined, hubs: hubs.filter(({ id }) => used.has(id)) };
}

/** The widest hub comes first. */
function hubsOf(groups: readonly Group[]): Hub[] {
  const workloads = groups.filter(({ kind }) => kind === 'workload');
  const byNamespace = Map.groupBy(workloads, ({ namespace }) => namespace as string);
  const sets: [string | undefined, readonly Group[]][] = [
    ...(byNamespace.size > 1 ? [[undefined, workloads] as [undefined, readonly Group[]]] : []),
    ...byNamespace,
  ];
  return sets
    .filter(([, own]) => own.length > 2)
    .map(([namespace, own], at) => ({
      id: groups.length + at,
      namespace,
      groups: own.map(({ index }) => index),
    }));
}

/** For each `fixed` end and ports: replaces `free` ends that are all of a hub by the hub. */
function gather(
  arrows: readonly GraphEdge[],
  fixed: 'source' | 'destination',
  free: 'source' | 'destination',
  hubs: readonly Hub[],
): GraphEdge[] {
  const byLabel = Map.groupBy(arrows, (arrow) => `${arrow[fixed]} ${arrow.outcome} ${arrow.ports}`);
  return [...byLabel.values()].flatMap((own) => {
    const [first] = own;
    const left = new Map(own.map((arrow) => [arrow[free], arrow]));
    const joined: GraphEdge[] = [];
    for (const { id, groups } of hubs) {
      const others = groups.filter((index) => index !== first![fixed]);
      if (others.length < 2 || !others.every((index) => left.has(index))) continue;
      for (const index of others) left.delete(index);
      joined.push({ ...first!, [free]: id });
    }
    return [...joined, ...left.values()];
  });
}

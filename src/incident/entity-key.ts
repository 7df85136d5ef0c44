import type { EntityKind, EntityRef } from '../detect/detector.ts';

/** Names of machines, whatever they are declared as: one name is one of them. */
const machines: ReadonlySet<EntityKind> = new Set(['address', 'workload', 'service', 'node', 'host', 'peer']);

/** Characters of a name that are kept. */
export const maxNameLength = 256;

/** What makes two entities the same one. */
export function entityKey({ kind, name }: Pick<EntityRef, 'kind' | 'name'>): string {
  const short = name.length <= maxNameLength ? name : name.slice(0, maxNameLength);
  return machines.has(kind) ? short : `${kind}:${short}`;
}

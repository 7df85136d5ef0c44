import type { Span } from '../../../diagnostic/diagnostic.ts';
import type { Path } from '../../../manifest/resource.ts';
import type { Entry, EntryTarget, NowhereCause } from '../../../segmentation/entry/model.ts';
import { fieldsOf, textOf } from '../../../segmentation/values.ts';
import type { Declared } from '../../posture.ts';

/** A backend that leads nowhere. Several of one entry that name the same port of the same Service are one. */
export interface LostTarget {
  readonly entry: Entry;
  readonly target: EntryTarget;
  readonly namespace: string;
  /** Of the Service, as the backend names it. */
  readonly name: string;
}

/** Returns the backends of all ways in that lead nowhere for this cause, each once. */
export function lostTargets({ entries }: Declared, cause: NowhereCause): LostTarget[] {
  return entries.flatMap((entry) => {
    const found = new Map<string, LostTarget>();
    for (const target of entry.targets) {
      if (target.cause !== cause) continue;
      const lost = { entry, target, ...serviceOf(entry, target) };
      const key = JSON.stringify([lost.namespace, lost.name, target.servicePort]);
      if (!found.has(key)) found.set(key, lost);
    }
    return [...found.values()];
  });
}

/** Returns the Service that a backend names, declared or not; its name is empty when it names none. */
export function serviceOf(entry: Entry, target: EntryTarget): { namespace: string; name: string } {
  if (target.service !== undefined) return target.service;
  const { service, serviceName, name, namespace } = fieldsOf(valueAt(entry, target.path));
  const of = entry.kind === 'Ingress' ? (fieldsOf(service).name ?? serviceName) : name;
  return { namespace: textOf(namespace) ?? entry.namespace, name: textOf(of) ?? '' };
}

/** Returns the place of the name of the Service in a backend. */
export function nameSpan({ source, kind }: Entry, { path }: EntryTarget): Span {
  return source.at([...path, ...namePath(kind)]);
}

/** Returns the place of the port in a backend; of the backend where it names none. */
export function portPath(entry: Entry, { path, servicePort }: EntryTarget): Path {
  if (entry.kind !== 'Ingress')
    return entry.kind === 'Route' ? ['spec', 'port', 'targetPort'] : [...path, 'port'];
  const { servicePort: old } = fieldsOf(valueAt(entry, path));
  if (old !== undefined) return [...path, 'servicePort'];
  return [...path, 'service', 'port', typeof servicePort === 'number' ? 'number' : 'name'];
}

function namePath(kind: Entry['kind']): Path {
  return kind === 'Ingress' ? ['service', 'name'] : ['name'];
}

function valueAt({ source }: Entry, path: Path): unknown {
  return path.reduce<unknown>(
    (value, key) => (Array.isArray(value) ? value[Number(key)] : fieldsOf(value)[key]),
    source.value,
  );
}

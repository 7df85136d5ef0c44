import type { Resource } from '../manifest/resource.ts';
import type { Inventory, Namespace } from './model.ts';
import { NodeTable } from './nodes.ts';
import { readService } from './services.ts';
import { groupOf, isWorkload, namespaceOf, readWorkloads } from './workloads.ts';

/** The label that the API server sets on every namespace (core/v1 `LabelMetadataName`). */
export const namespaceNameLabel = 'kubernetes.io/metadata.name';

/**
 * Returns what the resources declare that can be an end of a connection. Of several objects with the same kind,
 * namespace and name the last one counts, as when they are applied in this order.
 */
export function readInventory(resources: readonly Resource[]): Inventory {
  const declared = lastOfEach(resources);
  const nodes = new NodeTable();
  const namespaces = new Map<string, Namespace>();
  for (const resource of declared) {
    if (groupOf(resource) !== '') continue;
    if (resource.kind === 'Node') nodes.declare(resource);
    if (resource.kind === 'Namespace') {
      namespaces.set(resource.name, declaredNamespace(resource, namespaces.size));
    }
  }
  const namespace = (name: string): Namespace => {
    let found = namespaces.get(name);
    if (found === undefined) {
      found = usedNamespace(name, namespaces.size);
      namespaces.set(name, found);
    }
    return found;
  };
  const workloads = readWorkloads(declared.filter(isWorkload), nodes, namespace);
  const services = declared
    .filter((resource) => resource.kind === 'Service' && groupOf(resource) === '')
    .map((resource) => readService(resource, workloads));
  return { namespaces: [...namespaces.values()], nodes: nodes.finish(), workloads, services };
}

/** Returns the resources without those that a later one of the same kind, namespace and name replaces. */
export function lastOfEach(resources: readonly Resource[]): Resource[] {
  const last = new Map<string, Resource>();
  for (const resource of resources) last.set(identityOf(resource), resource);
  return resources.filter((resource) => last.get(identityOf(resource)) === resource);
}

/** Returns a text that two resources share when they are versions of the same object. */
export function identityOf(resource: Resource): string {
  // Objects with a generated name are all different.
  if (resource.name === '') return `${resource.file}:${resource.span.start.offset}`;
  return `${groupOf(resource)}/${resource.kind}/${namespaceOf(resource)}/${resource.name}`;
}

function declaredNamespace(source: Resource, index: number): Namespace {
  const known = new Map(Object.entries(source.labels)).set(namespaceNameLabel, source.name);
  return { index, name: source.name, labels: { known, undetermined: new Set() }, source };
}

function usedNamespace(name: string, index: number): Namespace {
  return { index, name, labels: { known: new Map([[namespaceNameLabel, name]]), undetermined: 'others' } };
}

import type { Resource } from '../../manifest/resource.ts';
import type { ContainerFacts, PodFacts } from './container-facts.ts';
import type { DataKey, DataObject } from './data-object.ts';
import { flagUses } from './flag-uses.ts';
import { mountedFiles } from './mounted-files.ts';
import { podUses } from './pod-uses.ts';
import { referenceUses } from './reference-uses.ts';
import type { FindObject, MountedFile, ObjectUse } from './uses.ts';

/** Which ConfigMaps and Secrets are used, by whom, and where their keys appear. */
export interface Consumption {
  readonly uses: readonly ObjectUse[];
  readonly files: readonly MountedFile[];
  /** Objects that nothing in the set refers to. A program may still read them through the cluster's API. */
  readonly unused: readonly DataObject[];
  /** Uses of objects that are not in the set. */
  readonly missing: readonly ObjectUse[];
  usesOf(object: DataObject): readonly ObjectUse[];
  /** Where the key appears as a file. */
  filesOf(key: DataKey): readonly MountedFile[];
  /** The keys that are files in the container, in the order of mounts. */
  filesIn(container: ContainerFacts): readonly MountedFile[];
  /** The key that is the file at `path` of the container; the last mount wins, as in a container. */
  fileAt(container: ContainerFacts, path: string): MountedFile | undefined;
}

/** Returns who uses the objects. */
export function readConsumption(
  objects: readonly DataObject[],
  pods: readonly PodFacts[],
  resources: readonly Resource[],
): Consumption {
  const byName = new Map(
    objects.map((object) => [keyOf(object.kind, object.namespace, object.name), object]),
  );
  const find: FindObject = (kind, namespace, name) => byName.get(keyOf(kind, namespace, name));
  const uses = [
    ...pods.flatMap((pod) => podUses(pod, find)),
    ...referenceUses(resources, find),
    ...pods.flatMap((pod) => flagUses(pod, find)),
  ];
  const files = pods.flatMap((pod) => mountedFiles(pod, find));
  const byObject = Map.groupBy(uses, ({ object }) => object);
  const byKey = Map.groupBy(files, ({ key }) => key);
  const byContainer = Map.groupBy(files, ({ container }) => container);
  return {
    uses,
    files,
    unused: objects.filter((object) => !byObject.has(object)),
    missing: uses.filter(({ object }) => object === undefined),
    usesOf: (object) => byObject.get(object) ?? [],
    filesOf: (key) => byKey.get(key) ?? [],
    filesIn: (container) => byContainer.get(container) ?? [],
    fileAt: (container, path) => byContainer.get(container)?.findLast((file) => file.path === path),
  };
}

function keyOf(kind: string, namespace: string, name: string): string {
  return `${kind}/${namespace}/${name}`;
}

import { namespaceOf } from '../../segmentation/workloads.ts';
import type { ContainerFacts, MountFacts, PodFacts } from './container-facts.ts';
import type { DataObject } from './data-object.ts';
import type { Placed } from './placed.ts';
import type { FindObject, MountedFile } from './uses.ts';
import { type VolumeItem, type VolumeSource, volumeSources } from './volumes.ts';

/** Returns the keys of ConfigMaps and Secrets that appear as files in the containers of a pod, in the order of mounts. */
export function mountedFiles(pod: PodFacts, find: FindObject): MountedFile[] {
  const sources = Map.groupBy(volumeSources(pod), ({ volume }) => volume);
  if (sources.size === 0) return [];
  const namespace = namespaceOf(pod.source);
  const found: MountedFile[] = [];
  for (const container of pod.containers) {
    for (const mount of container.mounts) {
      for (const source of sources.get(mount.value.volume) ?? []) {
        const object = find(source.kind, namespace, source.name);
        if (object) found.push(...filesOf(container, mount, source, object));
      }
    }
  }
  return found;
}

function* filesOf(
  container: ContainerFacts,
  { value: mount, span }: Placed<MountFacts>,
  source: VolumeSource,
  object: DataObject,
): Generator<MountedFile> {
  // What an expression stands for is known in the pod alone.
  if (mount.subPathExpr !== undefined) return;
  const keys = new Map(object.keys.map((key) => [key.name, key]));
  const items: readonly VolumeItem[] =
    source.items ?? object.keys.map(({ name }) => ({ key: name, path: name, mode: undefined }));
  for (const item of items) {
    const key = keys.get(item.key);
    const path = pathInContainer(mount, item.path);
    if (key === undefined || path === undefined) continue;
    yield {
      container,
      path,
      mountPath: mount.mountPath,
      key,
      subPath: mount.subPath !== undefined,
      mode: item.mode ?? source.mode,
      span,
      volumeSpan: container.pod.at(...source.volumePath),
    };
  }
}

/** Where a file of the volume is in the container; undefined when the mount's subPath leaves it out. */
function pathInContainer({ mountPath, subPath }: MountFacts, file: string): string | undefined {
  const base = mountPath.replace(/(?<=[^/])\/+$/, '');
  const inVolume = trimmed(file);
  if (subPath === undefined) return `${base === '/' ? '' : base}/${inVolume}`;
  const sub = trimmed(subPath);
  if (inVolume === sub) return base;
  return inVolume.startsWith(`${sub}/`) ? `${base}${inVolume.slice(sub.length)}` : undefined;
}

/** A relative path without `./` before it and slashes around it. */
function trimmed(path: string): string {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  return parts.join('/');
}

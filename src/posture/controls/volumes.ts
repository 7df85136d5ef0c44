import type { Path } from '../../manifest/resource.ts';
import { type Fields, fieldAt, fieldsOf, listOf, textOf } from '../../segmentation/values.ts';
import type { PodFacts } from './container-facts.ts';
import type { DataObject } from './data-object.ts';

/** A ConfigMap or Secret as (part of) a volume of a pod. */
export interface VolumeSource {
  /** Name of the volume. */
  readonly volume: string;
  readonly how: 'volume' | 'projected';
  readonly kind: DataObject['kind'];
  readonly name: string;
  readonly optional: boolean;
  /** The keys that are taken and their paths in the volume; undefined: all keys, each under its own name. */
  readonly items: readonly VolumeItem[] | undefined;
  /** Permission bits of files whose item has none. */
  readonly mode: number;
  /** Of the volume below the pod's spec. */
  readonly volumePath: Path;
  /** Of the object's name below the pod's spec. */
  readonly namePath: Path;
}

export interface VolumeItem {
  readonly key: string;
  readonly path: string;
  readonly mode: number | undefined;
}

/** Mode of files in volumes when none is given (core/v1 ConfigMapVolumeSource, SecretVolumeSource). */
const DEFAULT_MODE = 0o644;

/** Returns the ConfigMaps and Secrets that are volumes of a pod, those inside projected volumes too. */
export function volumeSources(pod: PodFacts): VolumeSource[] {
  return listOf(pod.fields.volumes).flatMap((item, index) => {
    const volume = fieldsOf(item);
    const name = textOf(volume.name);
    if (name === undefined) return [];
    const path: Path = ['volumes', index];
    const mode = modeOf(fieldAt(volume, 'projected', 'defaultMode')) ?? DEFAULT_MODE;
    const projected = listOf(fieldAt(volume, 'projected', 'sources')).flatMap((source, at) => {
      const sourcePath: Path = [...path, 'projected', 'sources', at];
      const fields = fieldsOf(source);
      return [
        sourceOf('ConfigMap', fields.configMap, 'name', [...sourcePath, 'configMap'], mode),
        sourceOf('Secret', fields.secret, 'name', [...sourcePath, 'secret'], mode),
      ];
    });
    const own = [
      sourceOf('ConfigMap', volume.configMap, 'name', [...path, 'configMap'], DEFAULT_MODE),
      sourceOf('Secret', volume.secret, 'secretName', [...path, 'secret'], DEFAULT_MODE),
    ];
    const found: VolumeSource[] = [];
    for (const source of own)
      if (source) found.push({ ...source, volume: name, how: 'volume', volumePath: path });
    for (const source of projected)
      if (source) found.push({ ...source, volume: name, how: 'projected', volumePath: path });
    return found;
  });
}

function sourceOf(
  kind: DataObject['kind'],
  value: unknown,
  nameField: string,
  path: Path,
  defaultMode: number,
): Omit<VolumeSource, 'volume' | 'how' | 'volumePath'> | undefined {
  const fields = fieldsOf(value);
  const name = textOf(fields[nameField]);
  if (name === undefined) return undefined;
  return {
    kind,
    name,
    optional: fields.optional === true,
    items: Array.isArray(fields.items) ? fields.items.flatMap((item) => itemOf(fieldsOf(item))) : undefined,
    mode: modeOf(fields.defaultMode) ?? defaultMode,
    namePath: [...path, nameField],
  };
}

function itemOf({ key, path, mode }: Fields): VolumeItem[] {
  if (typeof key !== 'string' || typeof path !== 'string') return [];
  return [{ key, path, mode: modeOf(mode) }];
}

function modeOf(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}

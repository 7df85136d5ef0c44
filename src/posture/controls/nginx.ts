import type { Resource } from '../../manifest/resource.ts';
import { ingressNginx } from '../../product/ingress-nginx.ts';
import { nginxConfigMapKeys, removedNginxConfigMapKeys } from '../../product/ingress-nginx-config-map.ts';
import { groupOf } from '../../segmentation/workloads.ts';
import type { ConfigFile } from './config-file.ts';
import type { Consumption } from './consumption.ts';
import type { ContainerFacts } from './container-facts.ts';
import type { DataObject } from './data-object.ts';
import { type Placed, placed } from './placed.ts';
import type { ObjectUse } from './uses.ts';

/** A ConfigMap of settings for ingress-nginx. */
export interface NginxConfig {
  readonly object: DataObject;
  /** One for each key. */
  readonly settings: readonly NginxSetting[];
  /** Whether it is the one that the controller reads when it is not told otherwise. */
  readonly isDefault: boolean;
  /** Controllers of the set whose `--configmap` names it. */
  readonly readBy: readonly ContainerFacts[];
}

export interface NginxSetting extends Placed<string> {
  readonly name: string;
}

/** An annotation `nginx.ingress.kubernetes.io/…` of an Ingress. */
export interface NginxAnnotation extends Placed<string> {
  readonly ingress: Resource;
  /** Without the prefix. */
  readonly name: string;
}

/**
 * Returns the ConfigMaps that are settings of ingress-nginx: the one of the default name, those that a controller is told
 * to read, and those of which at least two keys, and half of all, are settings.
 */
export function readNginxConfigs(objects: readonly DataObject[], consumption: Consumption): NginxConfig[] {
  const { namespace, name } = ingressNginx.configMap;
  return objects.flatMap((object): NginxConfig[] => {
    if (object.kind !== 'ConfigMap') return [];
    const isDefault = object.namespace === namespace && object.name === name;
    const readBy = consumption
      .usesOf(object)
      .flatMap((use) => (use.container && namesSettings(use) ? [use.container] : []));
    const { keys } = object;
    const known = keys.filter(
      (key) => nginxConfigMapKeys.has(key.name) || removedNginxConfigMapKeys.has(key.name),
    ).length;
    if (!isDefault && readBy.length === 0 && (known < 2 || known * 2 < keys.length)) return [];
    const settings = keys.flatMap((key): NginxSetting[] =>
      key.text ? [{ name: key.name, ...placed(object.source, key.path, key.text.text) }] : [],
    );
    return [{ object, settings, isDefault, readBy }];
  });
}

/** Returns whether this is a controller's `--configmap`, not one of its flags for other ConfigMaps. */
export function namesSettings({ how, container, span }: ObjectUse): boolean {
  if (how !== 'flag' || container === undefined || !isController(container)) return false;
  const word = container.argv.find((one) => one.span.start.offset === span.start.offset);
  return /^--?configmap=/.test(word?.value ?? '');
}

/** Returns whether the container is an ingress-nginx controller: by its image, or its program. */
export function isController(container: ContainerFacts): boolean {
  const repository = container.image?.repository ?? '';
  if (/(?:^|\/)(?:ingress-nginx\/controller(?:-chroot)?|nginx-ingress-controller)$/.test(repository))
    return true;
  return container.argv.some(({ value }) => value === '/nginx-ingress-controller');
}

/** Returns the annotations of Ingresses that are meant for ingress-nginx. */
export function readNginxAnnotations(resources: readonly Resource[]): NginxAnnotation[] {
  const { annotationPrefix } = ingressNginx;
  return resources.flatMap((ingress) => {
    if (ingress.kind !== 'Ingress' || !isIngressGroup(groupOf(ingress))) return [];
    return Object.entries(ingress.annotations).flatMap(([key, value]) =>
      key.startsWith(annotationPrefix)
        ? [
            {
              ingress,
              name: key.slice(annotationPrefix.length),
              ...placed(ingress, ['metadata', 'annotations', key], value),
            },
          ]
        : [],
    );
  });
}

function isIngressGroup(group: string): boolean {
  return group === 'networking.k8s.io' || group === 'extensions';
}

const DIRECTIVES = /^[ \t]*(?:server|http|events|stream|upstream|location)\b[^\n{;]{0,200}\{/m;

/** Returns nginx configurations of one's own: keys `nginx.conf`, `*.conf` and `*.conf.template` with nginx blocks. */
export function readNginxFiles(objects: readonly DataObject[]): ConfigFile[] {
  return objects.flatMap(({ keys }) =>
    keys.flatMap((key) => {
      if (!/\.conf(?:\.template)?$/.test(key.name)) return [];
      const { text } = key;
      if (text === undefined) return [];
      return key.name === 'nginx.conf' || DIRECTIVES.test(text.text) ? [{ key, text }] : [];
    }),
  );
}

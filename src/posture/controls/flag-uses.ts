import { namespaceOf } from '../../segmentation/workloads.ts';
import type { PodFacts } from './container-facts.ts';
import type { FindObject, ObjectUse } from './uses.ts';

/** `--flag=namespace/name` or `--flag=name`; the namespace may be a variable such as `$(POD_NAMESPACE)`. */
const FLAG = /^--?([\w.-]+)=(?:([^/\s=]+)\/)?([^/\s=]+)$/;
const ABOUT_OBJECTS = /config-?map|secret|certificate/i;

/**
 * Returns the uses of objects that a program is told to read through the cluster's API, e.g. ingress-nginx's
 * `--configmap=$(POD_NAMESPACE)/ingress-nginx-controller`. A guess from the flag's name and value,
 * so that only `--configmap` may name an object that is not in the set.
 */
export function flagUses(pod: PodFacts, find: FindObject): ObjectUse[] {
  const own = namespaceOf(pod.source);
  return pod.containers.flatMap((container) =>
    container.argv.flatMap(({ value, span }): ObjectUse[] => {
      const [, flag = '', space, name = ''] = FLAG.exec(value) ?? [];
      if (!ABOUT_OBJECTS.test(flag)) return [];
      const namespace = space === undefined || space.startsWith('$(') ? own : space;
      const kind = /config-?map/i.test(flag) ? 'ConfigMap' : 'Secret';
      const object = find(kind, namespace, name);
      if (object === undefined && flag !== 'configmap') return [];
      const use = { how: 'flag', kind, namespace, name, object, key: undefined, optional: true } as const;
      return [{ ...use, source: pod.source, pod, container, span }];
    }),
  );
}

import type { Path } from '../../manifest/resource.ts';
import { fieldAt, fieldsOf, listOf, textOf } from '../../segmentation/values.ts';
import { namespaceOf } from '../../segmentation/workloads.ts';
import type { ContainerFacts, PodFacts } from './container-facts.ts';
import type { DataObject } from './data-object.ts';
import type { FindObject, ObjectUse } from './uses.ts';
import { volumeSources } from './volumes.ts';

/** Returns the uses of ConfigMaps and Secrets in a pod's spec: volumes, variables, pull secrets. */
export function podUses(pod: PodFacts, find: FindObject): ObjectUse[] {
  const namespace = namespaceOf(pod.source);
  const found: ObjectUse[] = [];
  const add = (
    use: Pick<ObjectUse, 'how' | 'kind' | 'name' | 'key' | 'optional' | 'container'>,
    namePath: Path,
  ): void => {
    const object = find(use.kind, namespace, use.name);
    const { source } = pod;
    found.push({ ...use, namespace, object, source, pod, span: source.at([...pod.path, ...namePath]) });
  };
  for (const { how, kind, name, optional, items, namePath } of volumeSources(pod)) {
    const key = items?.length === 1 ? items[0]!.key : undefined;
    add({ how, kind, name, key, optional, container: undefined }, namePath);
  }
  for (const [index, item] of listOf(pod.fields.imagePullSecrets).entries()) {
    const name = textOf(fieldsOf(item).name);
    const path: Path = ['imagePullSecrets', index, 'name'];
    if (name === undefined) continue;
    add(
      { how: 'imagePullSecret', kind: 'Secret', name, key: undefined, optional: true, container: undefined },
      path,
    );
  }
  for (const container of pod.containers) {
    for (const { path, ...use } of variableUses(container)) {
      add({ ...use, container }, [...container.path.slice(pod.path.length), ...path]);
    }
  }
  return found;
}

type VariableUse = Pick<ObjectUse, 'how' | 'kind' | 'name' | 'key' | 'optional'> & { readonly path: Path };

const variableSources: readonly (readonly [DataObject['kind'], string, string])[] = [
  ['ConfigMap', 'configMapKeyRef', 'configMapRef'],
  ['Secret', 'secretKeyRef', 'secretRef'],
];

function variableUses({ fields }: ContainerFacts): VariableUse[] {
  const found: VariableUse[] = [];
  for (const [kind, keyField, wholeField] of variableSources) {
    for (const [index, item] of listOf(fields.env).entries()) {
      const { name, key, optional } = fieldsOf(fieldAt(item, 'valueFrom', keyField));
      if (typeof name !== 'string' || typeof key !== 'string') continue;
      const inner: Path = ['env', index, 'valueFrom', keyField, 'name'];
      found.push({ how: 'env', kind, name, key, optional: optional === true, path: inner });
    }
    for (const [index, item] of listOf(fields.envFrom).entries()) {
      const { name, optional } = fieldsOf(fieldsOf(item)[wholeField]);
      if (typeof name !== 'string') continue;
      const inner: Path = ['envFrom', index, wholeField, 'name'];
      found.push({ how: 'envFrom', kind, name, key: undefined, optional: optional === true, path: inner });
    }
  }
  return found;
}

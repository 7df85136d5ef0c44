import type { Path, Resource } from '../../manifest/resource.ts';
import { fieldAt, fieldsOf, listOf, textOf } from '../../segmentation/values.ts';
import { groupOf, namespaceOf } from '../../segmentation/workloads.ts';
import type { DataObject } from './data-object.ts';
import type { FindObject, ObjectUse } from './uses.ts';

interface Reference {
  readonly kind: DataObject['kind'];
  readonly namespace: string;
  readonly name: string;
  readonly path: Path;
}

/** Returns the uses of Secrets and ConfigMaps by Ingresses (TLS), Gateways (certificates) and ServiceAccounts. */
export function referenceUses(resources: readonly Resource[], find: FindObject): ObjectUse[] {
  return resources.flatMap((source) =>
    referencesOf(source).map(
      ({ kind, namespace, name, path }): ObjectUse => ({
        how: 'reference',
        kind,
        namespace,
        name,
        object: find(kind, namespace, name),
        key: undefined,
        optional: false,
        source,
        pod: undefined,
        container: undefined,
        span: source.at(path),
      }),
    ),
  );
}

function referencesOf(source: Resource): Reference[] {
  const group = groupOf(source);
  if (source.kind === 'Ingress') return named(source, ['spec', 'tls'], 'secretName');
  if (source.kind === 'ServiceAccount' && group === '') {
    return [...named(source, ['secrets'], 'name'), ...named(source, ['imagePullSecrets'], 'name')];
  }
  if (source.kind === 'Gateway' && group === 'gateway.networking.k8s.io') return gatewayReferences(source);
  if (source.kind === 'Gateway' && group === 'networking.istio.io') return istioReferences(source);
  return [];
}

function named(source: Resource, path: readonly string[], field: string): Reference[] {
  return listOf(fieldAt(source.value, ...path)).flatMap((item, index) => {
    const name = textOf(fieldsOf(item)[field]);
    if (name === undefined) return [];
    return [{ kind: 'Secret', namespace: namespaceOf(source), name, path: [...path, index, field] }];
  });
}

/** `listeners[].tls.certificateRefs` and `frontendValidation.caCertificateRefs` (Gateway API v1). */
function gatewayReferences(source: Resource): Reference[] {
  return listOf(fieldAt(source.value, 'spec', 'listeners')).flatMap((listener, at) =>
    [['certificateRefs'], ['frontendValidation', 'caCertificateRefs']].flatMap((inner) =>
      listOf(fieldAt(listener, 'tls', ...inner)).flatMap((item, index): Reference[] => {
        const { kind = 'Secret', name, namespace } = fieldsOf(item);
        if ((kind !== 'Secret' && kind !== 'ConfigMap') || typeof name !== 'string') return [];
        const path: Path = ['spec', 'listeners', at, 'tls', ...inner, index, 'name'];
        return [{ kind, namespace: textOf(namespace) ?? namespaceOf(source), name, path }];
      }),
    ),
  );
}

/** `servers[].tls.credentialName`: a Secret beside the gateway's pods, by default where the Gateway is. */
function istioReferences(source: Resource): Reference[] {
  return listOf(fieldAt(source.value, 'spec', 'servers')).flatMap((server, index): Reference[] => {
    const name = textOf(fieldAt(server, 'tls', 'credentialName'));
    if (name === undefined) return [];
    const path: Path = ['spec', 'servers', index, 'tls', 'credentialName'];
    return [{ kind: 'Secret', namespace: namespaceOf(source), name, path }];
  });
}

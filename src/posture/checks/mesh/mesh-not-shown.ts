import { diagnose } from '../../../diagnostic/diagnostic.ts';
import { membershipOf } from '../../../segmentation/mesh/membership.ts';
import { workloadName } from '../../../segmentation/model.ts';
import type { Declared } from '../../posture.ts';
import type { Check } from '../definition.ts';
import { authenticationsOf, authorizationsOf, isMeshedNamespace, rootNamespace } from './declared-mesh.ts';

/** Mesh policies for pods of which nothing shows that they are in the mesh. */
export const meshNotShown: Check = {
  code: 'PKT1045',
  title: 'Mesh policy without a mesh in sight',
  class: 'environment',
  severity: 'note',
  since: '0.2.0',
  doc: `Istio enforces AuthorizationPolicy and PeerAuthentication in a proxy: a sidecar, or the node's ztunnel. Pods without one
ignore both, silently. These manifests declare policies for a namespace and nothing that puts its pods into the mesh: no
Namespace with \`istio-injection: enabled\`, \`istio.io/rev\` or \`istio.io/dataplane-mode: ambient\`, no such label on the pods.

It holds if the namespace is labelled elsewhere. Declaring the Namespace here makes it certain, and lets \`picket reach\`
answer for the mesh.`,
  example: {
    bad: 'kind: PeerAuthentication\nmetadata: {namespace: production}   # no Namespace production with an injection label',
    good: 'kind: Namespace\nmetadata:\n  name: production\n  labels: {istio-injection: enabled}',
  },
  run(declared) {
    const policies = [...authenticationsOf(declared), ...authorizationsOf(declared)];
    const byNamespace = Map.groupBy(policies, ({ namespace }) => namespace);
    return [...byNamespace].flatMap(([namespace, ofNamespace]) => {
      const [first] = ofNamespace;
      if (first === undefined || namespace === rootNamespace || isShown(namespace, declared)) return [];
      const outside = declared.inventory.workloads.find((workload) => workload.namespace.name === namespace);
      const known =
        declared.inventory.namespaces.find(({ name }) => name === namespace)?.source !== undefined;
      const what = ofNamespace.length === 1 ? 'this policy does' : `these ${ofNamespace.length} policies do`;
      const why =
        outside !== undefined && known
          ? `${workloadName(outside)} ${membershipOf(outside).text}`
          : 'no manifest shows an injection or ambient label';
      return [
        diagnose(meshNotShown, {
          message: `${what} nothing unless the pods of ${namespace} are in the mesh: ${why}`,
          span: first.source.at(['metadata', 'namespace']),
          help: `declare Namespace ${namespace} with the label \`istio-injection: enabled\` or \`istio.io/dataplane-mode: ambient\``,
        }),
      ];
    });
  },
};

function isShown(namespace: string, { inventory }: Declared): boolean {
  const { labels } = inventory.namespaces.find(({ name }) => name === namespace) ?? {};
  if (labels !== undefined && isMeshedNamespace(labels.known)) return true;
  return inventory.workloads.some((workload) => {
    const { mode } = membershipOf(workload);
    return workload.namespace.name === namespace && mode !== 'none' && mode !== 'unknown';
  });
}

import { diagnose } from '../../../diagnostic/diagnostic.ts';
import { type Namespace, workloadName } from '../../../segmentation/model.ts';
import type { Check } from '../definition.ts';
import { enforcedLevel, enforceLabel } from './pod-security.ts';

/** Pods on their machine's network, where neither policies nor the mesh bind them, in a namespace that does not say so. */
export const onHostNetwork: Check = {
  code: 'PKT1344',
  title: "Pods on the host's network, and the namespace does not say so",
  class: 'environment',
  severity: 'note',
  since: '0.2.0',
  doc: `A pod with \`hostNetwork: true\` has the machine's addresses and ports. NetworkPolicies do not apply to it (Kubernetes
leaves it to the plugin; most take it for the node), no sidecar redirects its traffic, what it listens on is open on every
interface of the machine, and it may connect to whatever listens on the machine's loopback.

Such pods need the Pod Security level \`privileged\`: where the cluster enforces another one by default they are refused, and
where it enforces none every other pod of the namespace may do the same. So keep them in a namespace of their own, declare it
with its level, and bound their ports with the machine's firewall. A Service with a node port or \`hostPort\` often serves as
well and leaves the pod in the policies' reach.`,
  example: {
    bad: 'kind: DaemonSet\nspec: {template: {spec: {hostNetwork: true}}}',
    good: `kind: Namespace\nmetadata:\n  name: vpn\n  labels:\n    ${enforceLabel}: privileged`,
  },
  run({ controls, mesh, segmentation }) {
    const hasPolicies = segmentation.policies.length + segmentation.clusterPolicies.length > 0;
    const escaped = [
      ...(hasPolicies ? ['NetworkPolicies'] : []),
      ...(mesh.policies.length > 0 ? ['the mesh'] : []),
    ];
    const pods = controls.pods.filter(({ hostNetwork, workload }) => {
      return hostNetwork && !workload.finished && enforcedLevel(workload.namespace) === undefined;
    });
    return [...Map.groupBy(pods, ({ workload }) => workload.namespace)].map(([namespace, own]) => {
      const names = own.map(({ workload }) => `${workload.kind} ${workloadName(workload)}`);
      const first = own[0]!;
      const reach = escaped.length > 0 ? `, out of reach of ${escaped.join(' and ')}` : '';
      return diagnose(onHostNetwork, {
        message: `${names.join(', ')} ${own.length === 1 ? 'is' : 'are'} on the machine's network${reach}; if the cluster enforces Pod Security, no pod starts: ${lacking(namespace)}`,
        span: first.keyAt('hostNetwork'),
        related: own.slice(1).map((pod) => ({ span: pod.keyAt('hostNetwork'), message: 'here too' })),
        help: `where the host's network is needed: ${namespace.source ? 'give' : 'declare'} Namespace ${namespace.name} ${namespace.source ? '' : 'with '}the label \`${enforceLabel}: privileged\`, keep other pods out of it, and bound the ports with the machine's firewall; else take out \`hostNetwork\``,
      });
    });
  },
};

function lacking({ name, source }: Namespace): string {
  return source === undefined
    ? `namespace ${name} is declared nowhere`
    : `namespace ${name} does not name the level privileged`;
}

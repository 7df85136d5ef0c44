import { diagnose } from '../../../diagnostic/diagnostic.ts';
import type { NetworkPolicy } from '../../../segmentation/network-policy.ts';
import { openPlan } from '../../../segmentation/plan.ts';
import { readFirewalls } from '../../firewalls.ts';
import type { Declared } from '../../posture.ts';
import type { Check } from '../definition.ts';
import { familyOf, filterOf } from './filtering.ts';

/** A host firewall that filters INPUT, in manifests where nothing filters what goes through the machine. */
export const inputOnly: Check = {
  code: 'PKT1209',
  title: 'Firewall of INPUT alone',
  class: 'provable',
  severity: 'note',
  since: '0.2.0',
  doc: `INPUT is met by packets for the machine itself. Packets for pods are forwarded and meet FORWARD; so do those for ports of
Services on nodes (NodePort) and for a hostPort, whose destination is rewritten to a pod's before (with IPVS they meet INPUT).
What the machine and pods on its network send meets OUTPUT. A filter of INPUT leaves all of that open.

Say of pods with NetworkPolicies what may reach them and what they may reach; this note is not given where a policy isolates
every pod of the manifests or, where they declare none with an address of its own, every namespace that they use. Filter
FORWARD on the machine only with care: whatever is dropped there cuts off pods.`,
  example: {
    bad: 'iptables -A INPUT -j DROP   # and no NetworkPolicy',
    good: 'kind: NetworkPolicy\nmetadata: {name: default-deny, namespace: shop}\nspec:\n  podSelector: {}\n  policyTypes: [Ingress, Egress]',
  },
  run(declared) {
    const family = familyOf(declared);
    const firewalls = readFirewalls(declared.controls);
    const isOpen = (chain: 'FORWARD' | 'OUTPUT') =>
      firewalls.every(
        ({ ruleset, ...firewall }) =>
          ruleset.opaque.length === 0 && filterOf({ ...firewall, ruleset }, family, chain) === undefined,
      );
    if (!isOpen('FORWARD') || arePodsIsolated(declared)) return [];
    return firewalls.flatMap((firewall) => {
      const filter = filterOf(firewall, family);
      if (filter === undefined) return [];
      const output = isOpen('OUTPUT') ? ', and OUTPUT lets everything leave' : '';
      return [
        diagnose(inputOnly, {
          message: `INPUT alone is filtered: what goes to pods, through NodePorts and hostPorts too, meets FORWARD, which is open${output}`,
          span: firewall.span(filter.at),
          help: 'isolate the pods with NetworkPolicies (`podSelector: {}`, `policyTypes: [Ingress, Egress]`) in each namespace, and let NodePorts and hostPorts be only where they are needed',
        }),
      ];
    });
  },
};

/**
 * Whether a policy isolates each pod with an address of its own; where the manifests declare none, whether each namespace
 * that they use has one that isolates whatever comes.
 */
function arePodsIsolated({ inventory, manifests, segmentation }: Declared): boolean {
  const pods = inventory.workloads.filter(({ hostNetwork, finished }) => !hostNetwork && !finished);
  if (pods.length > 0) return pods.every(({ index }) => segmentation.plan('ingress', index) !== openPlan);
  const isolates = (policy: NetworkPolicy) =>
    policy.fault === undefined && policy.subject?.length === 0 && policy.rules.ingress !== undefined;
  const isolated = new Set(
    segmentation.policies.flatMap(({ policy }) => (isolates(policy) ? policy.namespace : [])),
  );
  const used = manifests.resources.flatMap(
    ({ namespace, kind, name }) => namespace ?? (kind === 'Namespace' ? name : []),
  );
  return used.every((name) => isolated.has(name) || name?.startsWith('kube-'));
}

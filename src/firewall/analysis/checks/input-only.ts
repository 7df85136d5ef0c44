import { diagnose } from '../../../diagnostic/diagnostic.ts';
import type { FirewallCheck } from '../definition.ts';
import { filterOf } from '../filtering.ts';

/** A host firewall that filters INPUT, in manifests where nothing filters what goes through the machine. */
export const inputOnly: FirewallCheck = {
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
  run(firewall) {
    const { ruleset, machine } = firewall;
    const all = [ruleset, ...machine.beside];
    const isOpen = (chain: 'FORWARD' | 'OUTPUT') =>
      all.every((one) => one.opaque.length === 0 && filterOf(one, machine.family, chain) === undefined);
    const filter = filterOf(ruleset, machine.family);
    if (filter === undefined || !machine.isClusterNode || machine.arePodsIsolated || !isOpen('FORWARD'))
      return [];
    const output = isOpen('OUTPUT') ? ', and OUTPUT lets everything leave' : '';
    return [
      diagnose(inputOnly, {
        message: `INPUT alone is filtered: what goes to pods, through NodePorts and hostPorts too, meets FORWARD, which is open${output}`,
        span: firewall.span(filter.at),
        help: 'isolate the pods with NetworkPolicies (`podSelector: {}`, `policyTypes: [Ingress, Egress]`) in each namespace, and let NodePorts and hostPorts be only where they are needed',
      }),
    ];
  },
};

import type { FirewallSubject, MachineFacts } from '../firewall/analysis/subject.ts';
import type { Family } from '../net/address.ts';
import { nodePorts } from '../product/well-known-ports.ts';
import { workloadName } from '../segmentation/model.ts';
import type { NetworkPolicy } from '../segmentation/network-policy.ts';
import { openPlan } from '../segmentation/plan.ts';
import { readFirewalls } from './firewalls.ts';
import type { MachineFirewall } from './machine-firewall.ts';
import type { Declared } from './posture.ts';

const known = new WeakMap<Declared, readonly FirewallSubject[]>();

/** Returns the packet filters that manifests put onto machines, as the checks of packet filters see them. */
export function firewallSubjects(declared: Declared): readonly FirewallSubject[] {
  const found = known.get(declared) ?? readSubjects(declared);
  known.set(declared, found);
  return found;
}

/** Returns the IP version in which the machines speak to each other: of the first one's address, 4 when none is told. */
export function familyOf({ inventory }: Declared): Family {
  return inventory.nodes[0]?.addresses[0]?.family ?? 4;
}

function readSubjects(declared: Declared): FirewallSubject[] {
  const firewalls = readFirewalls(declared.controls);
  if (firewalls.length === 0) return [];
  const arePodsIsolated = isolatesPods(declared);
  return firewalls.map((firewall) => {
    const { script, container, calls, ruleset, problems, span, text, follow } = firewall;
    const machine: MachineFacts = {
      family: familyOf(declared),
      isClusterNode: true,
      isEveryNode: firewall.workload.kind === 'DaemonSet',
      needs: nodePorts,
      others: [],
      beside: firewalls
        .filter((other) => other !== firewall && isBeside(other, firewall))
        .map((other) => other.ruleset),
      arePodsIsolated,
    };
    return {
      ruleset,
      calls,
      // Hooks of WireGuard have their counterpart in PreDown and PostDown.
      ...(script && {
        script: {
          text: script.text.text,
          errexit: script.errexit,
          follow,
        },
      }),
      ...(script && container.role !== 'init' && { secondRun: () => follow({ runs: 2 }) }),
      texts: script === undefined ? [] : [{ text: script.text.text, at: 0 }],
      problems,
      machine,
      span,
      text,
      written: ({ file, start, end }) =>
        declared.manifests.sources.get(file)?.slice(start.offset, end.offset),
    };
  });
}

/** Whether the other packet filter comes onto the machines of this one. */
function isBeside(other: MachineFirewall, { workload }: MachineFirewall): boolean {
  return workloadName(other.workload) === workloadName(workload) || other.workload.kind === 'DaemonSet';
}

/**
 * Whether a policy isolates each pod with an address of its own; where the manifests declare none, whether each namespace
 * that they use has one that isolates whatever comes.
 */
function isolatesPods({ inventory, manifests, segmentation }: Declared): boolean {
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

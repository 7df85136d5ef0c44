import { type Diagnostic, diagnose } from '../../../diagnostic/diagnostic.ts';
import { nearest } from '../../../diagnostic/suggest.ts';
import { members, unite } from '../../../segmentation/bitset.ts';
import type { Workload } from '../../../segmentation/model.ts';
import type { NetworkPolicy, PolicyRule } from '../../../segmentation/network-policy.ts';
import type { NamedPort } from '../../../segmentation/policy-ports.ts';
import { protocolText } from '../../../segmentation/protocol.ts';
import type { Segmentation } from '../../../segmentation/segmentation.ts';
import { fieldAt, fieldsOf, listOf } from '../../../segmentation/values.ts';
import type { Check } from '../definition.ts';

/** A port name that none of the pods it is looked up on has. */
export const undefinedNamedPort: Check = {
  code: 'PKT1003',
  title: 'Port name that no destination pod has',
  class: 'provable',
  severity: 'warning',
  since: '0.1.0',
  doc: `A rule allows a port by name. The name is looked up among the container ports of each destination pod, for the
protocol of the rule (TCP when it names none): the selected pods for ingress, the peers for egress. No destination pod
in these manifests has such a port, so this entry allows nothing. Names of Service ports do not count.

Use the name of a container port, or the number.`,
  example: {
    bad: 'ports:\n- port: http   # the container port is named "web"',
    good: 'ports:\n- port: web',
  },
  run({ segmentation, inventory }) {
    return segmentation.policies.flatMap(({ policy, selects }) => {
      if (policy.fault !== undefined) return [];
      const subjects = [...members(unite(selects.yes, selects.maybe))];
      return (['ingress', 'egress'] as const).flatMap((direction) =>
        (policy.rules[direction] ?? []).flatMap((rule) => {
          if (rule.ports === undefined || rule.ports.named.length === 0) return [];
          const indexes = direction === 'ingress' ? subjects : peersOf(segmentation, policy, rule);
          if (indexes === undefined || indexes.length === 0) return [];
          const pods = indexes.map((index) => inventory.workloads[index] as Workload);
          return rule.ports.named
            .filter(({ numbers }) => indexes.every((index) => numbers[index] === undefined))
            .map((port) => finding(policy, rule, port, pods));
        }),
      );
    });
  },
};

/**
 * The workloads that an egress rule names as destinations; undefined when it may mean pods that are not in these
 * manifests, whose ports are not known: it names none, or one of its peers matches nothing here.
 */
function peersOf(
  { population }: Segmentation,
  policy: NetworkPolicy,
  rule: PolicyRule,
): number[] | undefined {
  const found = new Set<number>();
  for (const peer of rule.peers ?? [{ block: undefined, podSelector: [], namespaceSelector: [] }]) {
    if (peer.block !== undefined) continue;
    // All namespaces, or all but some: that is more than these manifests can show.
    if (
      peer.namespaceSelector?.every(({ operator }) => operator === 'NotIn' || operator === 'DoesNotExist')
    ) {
      return undefined;
    }
    const { yes, maybe } = population.select(peer.podSelector, peer.namespaceSelector ?? policy.namespace);
    const indexes = [...members(unite(yes, maybe))];
    if (indexes.length === 0) return undefined;
    for (const index of indexes) found.add(index);
  }
  return [...found];
}

function finding(
  { source }: NetworkPolicy,
  rule: PolicyRule,
  { name, protocol }: NamedPort,
  pods: readonly Workload[],
): Diagnostic {
  const at = listOf(fieldAt(source.value, ...(rule.path.slice(0, -1) as string[])));
  const index = listOf(fieldsOf(at[rule.index]).ports).findIndex((port) => fieldsOf(port).port === name);
  const ports = pods.flatMap((workload) => workload.ports);
  const names = [...new Set(ports.flatMap((port) => (port.protocol === protocol && port.name) || []))];
  const elsewhere = ports.find((port) => port.name === name);
  const near = nearest(name, names);
  const text = protocolText(protocol);
  const which = pods.length === 1 ? 'the destination pod' : `any of the ${pods.length} destination workloads`;
  return diagnose(undefinedNamedPort, {
    message: `no ${text} port named \`${name}\` on ${which}`,
    span: source.at([...rule.path, 'ports', index, 'port']),
    help:
      elsewhere !== undefined
        ? `the container port \`${name}\` is ${protocolText(elsewhere.protocol)}: write \`protocol: ${protocolText(elsewhere.protocol)}\``
        : near !== undefined
          ? `did you mean \`${near}\`?`
          : names.length > 0
            ? `${text} ports there are named ${names.slice(0, 6).join(', ')}`
            : `name the container port \`${name}\`, or give its number here`,
  });
}

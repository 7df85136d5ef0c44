import { diagnose } from '../../../diagnostic/diagnostic.ts';
import { isEmpty, without } from '../../../segmentation/bitset.ts';
import { selectorText } from '../../../segmentation/label-selector.ts';
import type { CompiledPolicy } from '../../../segmentation/plan.ts';
import { portsText } from '../../../segmentation/policy-ports.ts';
import type { Declared } from '../../posture.ts';
import type { Check } from '../definition.ts';
import { implies } from './companions.ts';

/** Pods that a policy guards the way to, and that accept everything themselves. */
export const destinationLeftOpen: Check = {
  code: 'PKT1013',
  title: 'Guarded way to unguarded pods',
  class: 'provable',
  severity: 'warning',
  since: '0.2.0',
  doc: `A NetworkPolicy allows its pods to reach certain other pods on certain ports. Those pods are not isolated for ingress
themselves: no policy selects them. The rule bounds one caller; everybody else may connect to them on any port.

Add a policy that selects them and allows ingress from that caller on that port.`,
  example: {
    bad: 'podSelector: {matchLabels: {tier: frontend}}\negress:\n- to: [{podSelector: {matchLabels: {tier: backend}}}]',
    good: 'podSelector: {matchLabels: {tier: backend}}\ningress:\n- from: [{podSelector: {matchLabels: {tier: frontend}}}]',
  },
  run(declared) {
    return declared.segmentation.policies.flatMap((compiled) => {
      const { policy } = compiled;
      if (policy.fault !== undefined) return [];
      return (policy.rules.egress ?? []).flatMap(({ peers, ports }) =>
        (peers ?? []).flatMap(({ podSelector, namespaceSelector, path }) => {
          // Other namespaces have their policies in other manifests.
          if (podSelector === undefined || podSelector.length === 0 || namespaceSelector !== undefined)
            return [];
          if (isGuarded(compiled, podSelector, declared)) return [];
          const port = ports === undefined ? '' : ` on ${portsText(ports)}`;
          return [
            diagnose(destinationLeftOpen, {
              message: `pods with \`${selectorText(podSelector)}\` accept connections from anyone: no policy selects them for ingress`,
              span: policy.source.at([...path, 'podSelector']),
              help: `add a NetworkPolicy in ${policy.namespace} that selects \`${selectorText(podSelector)}\` and allows ingress from \`${selectorText(policy.subject ?? [])}\`${port}`,
            }),
          ];
        }),
      );
    });
  },
};

function isGuarded(
  { policy }: CompiledPolicy,
  selector: Parameters<typeof implies>[0],
  { segmentation }: Declared,
): boolean {
  const pods = segmentation.population.select(selector, policy.namespace);
  return segmentation.policies.some((other) => {
    if (other.policy.namespace !== policy.namespace || other.directions.ingress === undefined) return false;
    if (other.policy.fault !== undefined || implies(selector, other.policy.subject ?? [])) return true;
    return !isEmpty(pods.yes) && isEmpty(without(pods.yes, other.selects.yes));
  });
}

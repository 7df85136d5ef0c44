import { diagnose } from '../../../diagnostic/diagnostic.ts';
import { workloadName } from '../../../segmentation/model.ts';
import { openPlan } from '../../../segmentation/plan.ts';
import type { Check } from '../definition.ts';

/** A workload that everybody may connect to, in a set of manifests that has policies. */
export const unprotectedWorkload: Check = {
  code: 'PKT1018',
  title: 'Workload that no policy isolates',
  class: 'provable',
  severity: 'note',
  since: '0.2.0',
  doc: `These manifests have NetworkPolicies, and none of them selects this workload for ingress: every pod, and every
address that is routed to it, may connect on any port. Pods on the host's network are left out, since policies do not
apply to them.

Select it with a policy, or isolate its whole namespace by default.`,
  example: {
    bad: 'kind: Deployment\nmetadata: {name: cache, namespace: shop}   # no policy of shop selects it',
    good: 'kind: NetworkPolicy\nmetadata: {name: default-deny, namespace: shop}\nspec:\n  podSelector: {}\n  policyTypes: [Ingress, Egress]',
  },
  run({ segmentation, inventory }) {
    if (segmentation.policies.length === 0) return [];
    return inventory.workloads.flatMap((workload) => {
      const isolated = segmentation.plan('ingress', workload.index) !== openPlan;
      if (isolated || workload.hostNetwork || workload.finished) return [];
      return [
        diagnose(unprotectedWorkload, {
          message: `no policy isolates ${workloadName(workload)} for ingress: anyone may connect to it`,
          span: workload.source.at(['metadata', 'name']),
          help: `add a NetworkPolicy in ${workload.namespace.name} that selects it, or one with \`podSelector: {}\``,
        }),
      ];
    });
  },
};

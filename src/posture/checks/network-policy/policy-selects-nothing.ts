import { diagnose } from '../../../diagnostic/diagnostic.ts';
import { matches, selectorText } from '../../../segmentation/label-selector.ts';
import { Ternary } from '../../../segmentation/ternary.ts';
import type { Check } from '../definition.ts';
import { labelsText, nearestLabel } from './labels.ts';

/** A policy that applies to none of the workloads beside it. */
export const policySelectsNothing: Check = {
  code: 'PKT1002',
  title: 'NetworkPolicy selects no workload',
  class: 'provable',
  severity: 'note',
  since: '0.1.0',
  doc: `The \`podSelector\` of a NetworkPolicy matches no workload of its namespace in these manifests, though there are
workloads in it. The policy protects nothing here; often a label is misspelt or was renamed.

It is right when the pods it means are deployed from elsewhere.`,
  example: {
    bad: 'podSelector:\n  matchLabels:\n    tier: fronted   # pods have tier: frontend',
    good: 'podSelector:\n  matchLabels:\n    tier: frontend',
  },
  run({ segmentation, inventory }) {
    return segmentation.policies.flatMap(({ policy }) => {
      const { subject } = policy;
      if (policy.fault !== undefined || subject === undefined) return [];
      const there = inventory.workloads.filter(({ namespace }) => namespace.name === policy.namespace);
      if (there.length === 0) return [];
      if (there.some(({ labels }) => matches(subject, labels) !== Ternary.No)) return [];
      const labels = there.map((workload) => workload.labels);
      const near = nearestLabel(subject, labels);
      const existing = labelsText(labels);
      const workloads = there.length === 1 ? 'the one workload' : `any of the ${there.length} workloads`;
      return [
        diagnose(policySelectsNothing, {
          message: `\`${selectorText(subject)}\` does not select ${workloads} of namespace ${policy.namespace}`,
          span: policy.source.at(['spec', 'podSelector']),
          help:
            near === undefined
              ? `${existing === '' ? 'no pod there has labels' : `labels there: ${existing}`}`
              : `did you mean \`${near.meant}\` instead of \`${near.asked}\`?`,
        }),
      ];
    });
  },
};

import { diagnose, type Fix } from '../../../diagnostic/diagnostic.ts';
import type { Direction } from '../../../flow/verdict.ts';
import type { NetworkPolicy } from '../../../segmentation/network-policy.ts';
import type { Declared } from '../../posture.ts';
import type { Check } from '../definition.ts';
import { appendDocument } from '../yaml-edit.ts';

/** A namespace with policies for some pods and none for the others. */
export const namespaceWithoutDefaultDeny: Check = {
  code: 'PKT1012',
  title: 'Namespace without default deny',
  class: 'provable',
  severity: 'warning',
  since: '0.2.0',
  doc: `A namespace has NetworkPolicies that select some of its pods, and none that selects all of them. A pod which no policy
selects is not isolated: it accepts connections from anywhere and may call anything. That holds for pods that are there
today, and for each one that is deployed later.

Add a policy with an empty \`podSelector\` and both policy types and no rules; the other policies then say what is allowed.`,
  example: {
    bad: 'kind: NetworkPolicy\nmetadata: {namespace: production}\nspec:\n  podSelector: {matchLabels: {tier: frontend}}',
    good: 'kind: NetworkPolicy\nmetadata: {name: default-deny, namespace: production}\nspec:\n  podSelector: {}\n  policyTypes: [Ingress, Egress]',
  },
  run(declared) {
    const sound = declared.segmentation.policies.map(({ policy }) => policy).filter(isSound);
    const byNamespace = Map.groupBy(sound, ({ namespace }) => namespace);
    return [...byNamespace].flatMap(([namespace, policies]) => {
      const open = (['ingress', 'egress'] as const).filter(
        (direction) =>
          policies.some(({ rules }) => rules[direction] !== undefined) && !isolatesAll(policies, direction),
      );
      const [first] = policies;
      if (first === undefined || open.length === 0) return [];
      return [finding(first, namespace, open, declared)];
    });
  },
};

function isSound({ fault }: NetworkPolicy): boolean {
  return fault === undefined;
}

function isolatesAll(policies: readonly NetworkPolicy[], direction: Direction): boolean {
  return policies.some(({ subject, rules }) => subject?.length === 0 && rules[direction] !== undefined);
}

function finding(
  { source }: NetworkPolicy,
  namespace: string,
  open: readonly Direction[],
  { manifests, inventory }: Declared,
) {
  const types = open.map((direction) => (direction === 'ingress' ? 'Ingress' : 'Egress'));
  const manifest = [
    'apiVersion: networking.k8s.io/v1',
    'kind: NetworkPolicy',
    'metadata:',
    '  name: default-deny',
    `  namespace: ${namespace}`,
    'spec:',
    '  podSelector: {}',
    `  policyTypes: [${types.join(', ')}]`,
  ];
  const edit = appendDocument(manifests.sources, source, manifest.join('\n'));
  const fix: Fix | undefined = edit && { title: 'add a default deny', safe: false, edits: [edit] };
  const { length } = inventory.workloads.filter((workload) => workload.namespace.name === namespace);
  const known =
    length === 0 ? '' : ` (${length} ${length === 1 ? 'workload is' : 'workloads are'} declared there)`;
  const which = open.length === 2 ? '' : ` for ${open[0]}`;
  return diagnose(namespaceWithoutDefaultDeny, {
    message: `no policy isolates all pods of namespace ${namespace}${which}: the ones that none selects are open${known}`,
    span: source.keyAt(['spec', 'podSelector']),
    help: `add a NetworkPolicy in ${namespace} with \`podSelector: {}\`, \`policyTypes: [${types.join(', ')}]\` and no rules`,
    ...(fix && { fix }),
  });
}

import { diagnose, type Fix } from '../../../diagnostic/diagnostic.ts';
import type { Labels, Selector } from '../../../segmentation/label-selector.ts';
import { matches, selectorText } from '../../../segmentation/label-selector.ts';
import type { NetworkPolicy, PolicyPeer } from '../../../segmentation/network-policy.ts';
import { Ternary } from '../../../segmentation/ternary.ts';
import type { Declared } from '../../posture.ts';
import type { Check } from '../definition.ts';
import { appendFields } from '../yaml-edit.ts';
import { labelsText } from './labels.ts';

/** Labels of the pods that are usually meant, by namespace name: the projects' own manifests. */
const usualPods: ReadonlyMap<string, string> = new Map([
  ['ingress-nginx', 'app.kubernetes.io/name: ingress-nginx'],
  ['traefik', 'app.kubernetes.io/name: traefik'],
  ['monitoring', 'app.kubernetes.io/name: prometheus'],
  ['prometheus', 'app.kubernetes.io/name: prometheus'],
  ['istio-system', 'app: istiod'],
  ['istio-ingress', 'istio: ingressgateway'],
]);

/** An ingress rule that trusts every pod of another namespace. */
export const wholeNamespaceTrusted: Check = {
  code: 'PKT1010',
  title: 'Ingress from a whole namespace',
  class: 'provable',
  severity: 'warning',
  since: '0.2.0',
  doc: `An ingress rule names another namespace and no pods in it. Every pod there may connect, including the ones that are
deployed there next year, and a pod that someone got into.

Put a \`podSelector\` into the same list item as the \`namespaceSelector\`: both must match then. (A list item of its own
would be an alternative, and open more.)`,
  example: {
    bad: 'from:\n- namespaceSelector:\n    matchLabels:\n      kubernetes.io/metadata.name: ingress-nginx',
    good: 'from:\n- namespaceSelector:\n    matchLabels:\n      kubernetes.io/metadata.name: ingress-nginx\n  podSelector:\n    matchLabels:\n      app.kubernetes.io/name: ingress-nginx',
  },
  run(declared) {
    return declared.segmentation.policies.flatMap(({ policy }) => {
      if (policy.fault !== undefined) return [];
      return (policy.rules.ingress ?? []).flatMap(({ peers }) =>
        (peers ?? []).flatMap((peer) => {
          const { podSelector, namespaceSelector } = peer;
          if (namespaceSelector === undefined || (podSelector?.length ?? 0) > 0) return [];
          // All namespaces, or all but some: that is meant to be wide.
          const names = namespaceSelector.filter(({ operator }) => operator === 'In');
          return names.length === 0 ? [] : [finding(policy, peer, namespaceSelector, declared)];
        }),
      );
    });
  },
};

function finding(
  { source }: NetworkPolicy,
  { path, podSelector }: PolicyPeer,
  namespaces: Selector,
  declared: Declared,
) {
  const [name] = namespaces.flatMap(({ key, values }) =>
    /(?:^|\/)(?:metadata\.)?name$/.test(key) ? [...values] : [],
  );
  const usual = name === undefined ? undefined : usualPods.get(name);
  const there = labelsOfPods(namespaces, declared);
  const hint = usual ?? (there === '' ? undefined : `one of ${there}`);
  const edit =
    usual === undefined || podSelector !== undefined
      ? undefined
      : appendFields(declared.manifests.sources, source, path, [
          'podSelector:',
          '  matchLabels:',
          `    ${usual}`,
        ]);
  const fix: Fix | undefined = edit && { title: `only pods with ${usual}`, safe: false, edits: [edit] };
  return diagnose(wholeNamespaceTrusted, {
    message: `every pod of the namespaces with \`${selectorText(namespaces)}\` may connect`,
    span: source.at([...path, 'namespaceSelector']),
    help: `add a \`podSelector\` to the same list item${hint === undefined ? '' : `: \`matchLabels\` with \`${hint}\``}`,
    ...(fix && { fix }),
  });
}

function labelsOfPods(namespaces: Selector, { inventory }: Declared): string {
  const labels: Labels[] = inventory.workloads
    .filter(({ namespace }) => matches(namespaces, namespace.labels) === Ternary.Yes)
    .map((workload) => workload.labels);
  return labelsText(labels, 3);
}

import { type Diagnostic, diagnose, type Fix } from '../../../diagnostic/diagnostic.ts';
import type { Path } from '../../../manifest/resource.ts';
import { namespaceNameLabel } from '../../../segmentation/inventory.ts';
import { type Labels, matches, type Selector, selectorText } from '../../../segmentation/label-selector.ts';
import type { NetworkPolicy } from '../../../segmentation/network-policy.ts';
import { Ternary } from '../../../segmentation/ternary.ts';
import { fieldAt, fieldsOf, listOf } from '../../../segmentation/values.ts';
import type { Declared } from '../../posture.ts';
import type { Check } from '../definition.ts';
import { nearestLabel } from './labels.ts';

/** A peer in namespaces that do not exist, by the looks of its label. */
export const namespaceSelectorMatchesNothing: Check = {
  code: 'PKT1004',
  title: 'namespaceSelector matches no namespace',
  class: 'product',
  severity: 'warning',
  since: '0.1.0',
  doc: `A peer selects namespaces by a label that none has. Nothing comes through this peer.

The usual case is the label \`name\`: nothing sets it. The API server labels every namespace with
\`kubernetes.io/metadata.name\` instead. The other case is a label that differs by a few letters from one that a
declared namespace has.`,
  example: {
    bad: 'namespaceSelector:\n  matchLabels:\n    name: ingress-nginx',
    good: 'namespaceSelector:\n  matchLabels:\n    kubernetes.io/metadata.name: ingress-nginx',
  },
  run(declared) {
    const namespaces = declared.inventory.namespaces.filter(({ source }) => source !== undefined);
    const labels = namespaces.map((namespace) => namespace.labels);
    return declared.segmentation.policies.flatMap(({ policy }) => {
      if (policy.fault !== undefined) return [];
      const rules = [...(policy.rules.ingress ?? []), ...(policy.rules.egress ?? [])];
      return rules.flatMap(({ peers }) =>
        (peers ?? []).flatMap(({ namespaceSelector, path }) => {
          if (namespaceSelector === undefined || namespaceSelector.length === 0) return [];
          if (labels.some((known) => matches(namespaceSelector, known) === Ternary.Yes)) return [];
          const where = [...path, 'namespaceSelector'];
          return (
            byNameLabel(policy, namespaceSelector, where, labels, declared) ??
            bySimilarLabel(policy, namespaceSelector, where, labels) ??
            []
          );
        }),
      );
    });
  },
};

function byNameLabel(
  { source }: NetworkPolicy,
  selector: Selector,
  where: Path,
  namespaces: readonly Labels[],
  { manifests }: Declared,
): Diagnostic | undefined {
  const requirement = selector.find(({ key, operator }) => key === 'name' && operator === 'In');
  if (requirement === undefined) return undefined;
  if (namespaces.some((labels) => matches([requirement], labels) !== Ternary.No)) return undefined;
  const key = keyPath(source.value, where);
  if (key === undefined) return undefined;
  const span = key.isMapKey ? source.keyAt(key.path) : source.at(key.path);
  const text = manifests.sources.get(source.file)?.slice(span.start.offset, span.end.offset);
  const fix: Fix | undefined =
    text === 'name'
      ? { title: `select by ${namespaceNameLabel}`, safe: false, edits: [{ span, text: namespaceNameLabel }] }
      : undefined;
  const values = [...requirement.values].join(', ');
  return diagnose(namespaceSelectorMatchesNothing, {
    message: `no namespace has the label \`name: ${values}\`: nothing sets it`,
    span,
    help: `write \`${namespaceNameLabel}: ${values}\`, which the API server sets on every namespace`,
    ...(fix && { fix }),
  });
}

/** Where the key `name` stands: in matchLabels, or as the `key` of an expression. */
function keyPath(
  value: unknown,
  where: Path,
): { readonly path: Path; readonly isMapKey: boolean } | undefined {
  let selector: unknown = value;
  for (const part of where) {
    selector = typeof part === 'number' ? listOf(selector)[part] : fieldsOf(selector)[part];
  }
  if (fieldAt(selector, 'matchLabels', 'name') !== undefined) {
    return { path: [...where, 'matchLabels', 'name'], isMapKey: true };
  }
  const index = listOf(fieldAt(selector, 'matchExpressions')).findIndex(
    (one) => fieldsOf(one).key === 'name',
  );
  return index < 0 ? undefined : { path: [...where, 'matchExpressions', index, 'key'], isMapKey: false };
}

/** Only where a declared namespace has nearly this label: others may be declared elsewhere. */
function bySimilarLabel(
  { source }: NetworkPolicy,
  selector: Selector,
  where: Path,
  namespaces: readonly Labels[],
): Diagnostic | undefined {
  const asksForName = selector.some(({ key }) => key === namespaceNameLabel);
  const near = asksForName ? undefined : nearestLabel(selector, namespaces);
  if (near === undefined) return undefined;
  return diagnose(namespaceSelectorMatchesNothing, {
    message: `no declared namespace matches \`${selectorText(selector)}\``,
    span: source.at(where),
    help: `did you mean \`${near.meant}\` instead of \`${near.asked}\`?`,
  });
}

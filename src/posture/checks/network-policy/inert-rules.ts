import { type Diagnostic, diagnose, type Fix } from '../../../diagnostic/diagnostic.ts';
import type { Resource } from '../../../manifest/resource.ts';
import { fieldAt, listOf } from '../../../segmentation/values.ts';
import type { Declared } from '../../posture.ts';
import type { Check } from '../definition.ts';

/** Rules for a direction that `policyTypes` leaves out. */
export const inertRules: Check = {
  code: 'PKT1001',
  title: 'Rules without effect',
  class: 'provable',
  severity: 'warning',
  since: '0.1.0',
  doc: `A NetworkPolicy has rules for a direction that its \`policyTypes\` does not list. Kubernetes keeps the rules and
ignores them: the policy neither isolates pods in that direction nor allows anything there. An empty list, which
would mean "deny all", is ignored as well.

Add the direction to \`policyTypes\` if the rules are meant, or remove the rules.`,
  example: {
    bad: 'spec:\n  podSelector: {}\n  policyTypes: [Ingress]\n  egress: []',
    good: 'spec:\n  podSelector: {}\n  policyTypes: [Ingress, Egress]\n  egress: []',
  },
  run(declared) {
    return declared.segmentation.policies.flatMap(({ policy }) => {
      if (policy.fault !== undefined) return [];
      return (['ingress', 'egress'] as const).flatMap((direction) => {
        const written = fieldAt(policy.source.value, 'spec', direction);
        if (policy.rules[direction] !== undefined || !Array.isArray(written)) return [];
        const types = listOf(fieldAt(policy.source.value, 'spec', 'policyTypes'));
        // Without policyTypes an empty egress list is the default, and means nothing more.
        if (types.length === 0) return [];
        return finding(policy.source, direction, written.length, declared);
      });
    });
  },
};

function finding(
  source: Resource,
  direction: 'ingress' | 'egress',
  rules: number,
  declared: Declared,
): Diagnostic[] {
  const type = direction === 'ingress' ? 'Ingress' : 'Egress';
  const fix = addType(source, type, declared);
  const text =
    rules === 0
      ? `\`${direction}: []\``
      : rules === 1
        ? `the ${direction} rule`
        : `the ${rules} ${direction} rules`;
  const verb = rules > 1 ? 'have' : 'has';
  return [
    diagnose(inertRules, {
      message: `${text} ${verb} no effect: policyTypes does not list ${type}`,
      span: source.keyAt(['spec', direction]),
      related: [{ span: source.at(['spec', 'policyTypes']), message: `${type} is missing here` }],
      help: `add \`${type}\` to policyTypes, or remove \`${direction}\``,
      ...(fix && { fix }),
    }),
  ];
}

/** Adding the direction isolates the pods in it, so it is for a person to decide. */
function addType(source: Resource, type: string, { manifests }: Declared): Fix | undefined {
  const list = source.at(['spec', 'policyTypes']);
  const last = source.at(['spec', 'policyTypes', 0]);
  const text = manifests.sources.get(source.file)?.slice(list.start.offset, list.start.offset + 1);
  if (text === undefined) return undefined;
  const insertion =
    text === '[' ? `, ${type}` : `\n${' '.repeat(Math.max(0, last.start.column - 3))}- ${type}`;
  const span = { file: source.file, start: last.end, end: last.end };
  return { title: `add ${type} to policyTypes`, safe: false, edits: [{ span, text: insertion }] };
}

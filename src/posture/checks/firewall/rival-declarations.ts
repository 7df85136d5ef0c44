import { diagnose } from '../../../diagnostic/diagnostic.ts';
import type { DeclaredHostFirewall } from '../../../firewall/host-firewall/declared.ts';
import type { Check } from '../definition.ts';

/** Two HostFirewalls that ask for the same number of labels and can fit one machine. */
export const rivalDeclarations: Check = {
  code: 'PKT1271',
  title: 'Two host firewalls for one machine',
  class: 'provable',
  severity: 'error',
  since: '0.2.0',
  doc: `A machine has one packet filter of Picket's. Of the HostFirewalls that fit it the one that asks for the most labels is in force;
these two ask for as many as each other, and none of them contradict. Which is in force on a machine that has them all is not told, so
that none is put in force there.

Let one ask for a label more, or make one of the two.`,
  example: {
    bad: 'kind: HostFirewall\nmetadata: {name: edge}\nspec: {nodeSelector: {role: edge}}\n---\nkind: HostFirewall\nmetadata: {name: east}\nspec: {nodeSelector: {zone: east}}',
    good: 'kind: HostFirewall\nmetadata: {name: edge}\nspec: {nodeSelector: {role: edge}}\n---\nkind: HostFirewall\nmetadata: {name: east}\nspec: {nodeSelector: {role: edge, zone: east}}',
  },
  run({ hostFirewalls }) {
    return hostFirewalls.flatMap((one, index) => {
      const other = hostFirewalls.slice(0, index).find((earlier) => canMeet(earlier, one));
      if (other === undefined) return [];
      return [
        diagnose(rivalDeclarations, {
          message: `${one.name} and ${other.name} can be meant for the same machine, and neither goes before the other`,
          span: one.keyAt(['nodeSelector']),
          related: [{ span: other.keyAt(['nodeSelector']), message: `${other.name} is declared here` }],
          help: 'let one of them ask for one more label in `nodeSelector`',
        }),
      ];
    });
  },
};

function canMeet(
  { nodeSelector: one }: DeclaredHostFirewall,
  { nodeSelector: other }: DeclaredHostFirewall,
): boolean {
  // The site file's goes behind all resources.
  if (one === undefined || other === undefined) return false;
  const keys = Object.keys(one);
  return (
    keys.length === Object.keys(other).length &&
    keys.every((key) => !Object.hasOwn(other, key) || other[key] === one[key])
  );
}

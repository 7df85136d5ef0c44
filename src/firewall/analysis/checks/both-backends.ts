import { diagnose } from '../../../diagnostic/diagnostic.ts';
import type { Range } from '../../../manifest/locations.ts';
import type { Table } from '../../ruleset.ts';
import type { FirewallCheck } from '../definition.ts';

/** Rules in the old tables of the kernel beside rules of nf_tables. */
export const bothBackends: FirewallCheck = {
  code: 'PKT1222',
  title: 'Rules in both backends',
  class: 'product',
  severity: 'warning',
  since: '0.2.0',
  doc: `There are rules of iptables-legacy, and there are rules of nf_tables (nft, or iptables-nft). The kernel applies both: a packet
has to be accepted by each, one that either drops is dropped. No tool of one backend shows the rules of the other, so that whoever
looks sees half of what happens, and a port that is opened in one stays closed in the other.

Keep the rules in one backend: \`iptables-legacy-save\`, have \`iptables-nft-restore\` read it, then \`iptables-legacy -F\` for each table
that is yours. \`picket firewall show\` lists both in the order in which they apply.`,
  example: {
    bad: 'iptables-legacy -A INPUT -p tcp --dport 22 -j ACCEPT\nnft add rule inet filter input drop',
    good: 'iptables-nft -A INPUT -p tcp --dport 22 -j ACCEPT',
  },
  run(firewall) {
    const { tables } = firewall.ruleset;
    const legacy = firstRule(tables.filter(({ backend }) => backend === 'iptables-legacy'));
    const other = firstRule(tables.filter(({ backend }) => backend !== 'iptables-legacy'));
    if (legacy === undefined || other === undefined) return [];
    return [
      diagnose(bothBackends, {
        message:
          'there are rules of iptables-legacy beside rules of nf_tables: both apply, and no tool shows the two together',
        span: firewall.span(legacy),
        related: [{ span: firewall.span(other), message: 'in nf_tables' }],
        help: 'keep the rules in one backend, the one that `iptables -V` names on the machine; `picket firewall show` lists both',
      }),
    ];
  },
};

/** Where the first rule, or policy that drops, stands. */
function firstRule(tables: readonly Table[]): Range | undefined {
  for (const { chains } of tables) {
    for (const { rules, policy } of chains.values()) {
      if (rules[0] !== undefined) return rules[0].at;
      if (policy?.effect === 'drop') return policy.at;
    }
  }
  return undefined;
}

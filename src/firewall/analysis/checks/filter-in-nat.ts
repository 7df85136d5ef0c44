import { diagnose } from '../../../diagnostic/diagnostic.ts';
import type { FirewallCheck } from '../definition.ts';
import { rulesOf } from '../rules.ts';

/** A chain of type nat that drops. */
export const filterInNat: FirewallCheck = {
  code: 'PKT1225',
  title: 'Filter in a NAT chain',
  class: 'product',
  severity: 'warning',
  since: '0.2.0',
  doc: `Chains of type \`nat\`, and those of the table nat of iptables, see the first packet of each connection and no other. What is dropped
there is dropped once: packets of connections that exist, and those that connection tracking knows by other means, go past. iptables
refuses DROP in its table nat for that reason; nft takes it.

Filter in a chain of type \`filter\`.`,
  example: {
    bad: 'chain prerouting {\n  type nat hook prerouting priority dstnat;\n  ip saddr 198.51.100.66 drop\n}',
    good: 'chain prerouting {\n  type filter hook prerouting priority raw;\n  ip saddr 198.51.100.66 drop\n}',
  },
  run(firewall) {
    const found = [...rulesOf(firewall.ruleset)].filter(
      ({ chain, rule }) => chain.base?.nat && rule.target.effect === 'drop',
    );
    const [first, ...others] = found;
    if (first === undefined) return [];
    return [
      diagnose(filterInNat, {
        message: `${first.chain.name} is a NAT chain: only the first packet of a connection meets this rule, all others go past it`,
        span: firewall.span(first.rule.at),
        related: others.map(({ rule }) => ({ span: firewall.span(rule.at), message: 'here too' })),
        help: 'move it into a chain of type filter of the same hook: `type filter hook prerouting priority raw`, or the table raw or filter of iptables',
      }),
    ];
  },
};

import { diagnose } from '../../../diagnostic/diagnostic.ts';
import type { FirewallCheck } from '../definition.ts';
import { ownRules } from '../rule-analysis.ts';

/** A chain with rules to which nothing comes. */
export const chainNotReached: FirewallCheck = {
  code: 'PKT1242',
  title: 'Chain that nothing comes to',
  class: 'provable',
  severity: 'warning',
  since: '0.2.0',
  doc: `The chain has rules, and no packet comes to any of them: no rule leads to it, only rules that never match, or (in nft) it has no
\`type … hook …\` line and so hangs nowhere. What its rules accept or drop is not accepted or dropped.

Lead to it from a chain that packets meet: \`iptables -A INPUT -j NAME\`, \`jump name\`; give it a hook; or delete it. Chains that other
programs keep are not told.`,
  example: {
    bad: 'iptables -N EDGE\niptables -A EDGE -p tcp --dport 22 -j ACCEPT',
    good: 'iptables -N EDGE\niptables -A EDGE -p tcp --dport 22 -j ACCEPT\niptables -A INPUT -j EDGE',
  },
  run(firewall) {
    const byChain = Map.groupBy(ownRules(firewall.ruleset), ({ chain }) => chain);
    return [...byChain].flatMap(([chain, rules]) => {
      if (rules.some(({ fault }) => fault !== 'chain not reached')) return [];
      const at = chain.at ?? rules[0]!.rule.at;
      return [
        diagnose(chainNotReached, {
          message: `no packet comes to the chain ${chain.name}: its ${rules.length === 1 ? 'rule does' : `${rules.length} rules do`} nothing`,
          span: firewall.span(at),
          help: `lead to it from a chain that packets meet (\`-A INPUT -j ${chain.name}\`, \`jump ${chain.name}\`), or delete it`,
        }),
      ];
    });
  },
};

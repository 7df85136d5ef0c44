import { diagnose } from '../../../diagnostic/diagnostic.ts';
import type { FirewallCheck } from '../definition.ts';
import { ownRules } from '../rule-analysis.ts';

/** A rule whose own conditions exclude each other. */
export const ruleContradictsItself: FirewallCheck = {
  code: 'PKT1241',
  title: 'Rule that can match nothing',
  class: 'provable',
  severity: 'warning',
  since: '0.2.0',
  doc: `The conditions of the rule exclude each other, or what they ask for cannot be where the rule stands: an interface to go out by in
INPUT, where the way out is not known, an IPv6 address in a rule for IPv4, a set that is empty. No packet ever matches.`,
  example: {
    bad: 'iptables -A INPUT -i lo -s 198.51.100.7 ! -s 198.51.100.0/24 -j ACCEPT',
    good: 'iptables -A INPUT -s 198.51.100.7 -j ACCEPT',
  },
  run(firewall) {
    return ownRules(firewall.ruleset)
      .filter(({ fault }) => fault === 'contradicts itself')
      .map(({ rule }) =>
        diagnose(ruleContradictsItself, {
          message:
            'no packet can match this: its conditions exclude each other, or cannot hold in this chain',
          span: firewall.span(rule.at),
          help: 'mend the condition that is wrong, or delete the rule',
        }),
      );
  },
};

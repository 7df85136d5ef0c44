import { diagnose } from '../../../diagnostic/diagnostic.ts';
import type { RuleAnalysis } from '../../diagram/analyse-rules.ts';
import type { Rule } from '../../ruleset.ts';
import type { FirewallCheck } from '../definition.ts';
import { analysisOf, ownRules } from '../rule-analysis.ts';

/** A rule that changes nothing. */
export const ruleSuperfluous: FirewallCheck = {
  code: 'PKT1240',
  title: 'Rule that changes nothing',
  class: 'provable',
  severity: 'note',
  since: '0.2.0',
  doc: `Without the rule the same would become of every packet: later rules do with all that it matches what it does. Often a wider rule was
added later, and the narrow one was meant to be the limit: a port that is open to one network, and further down to all.

This is reckoned over all packets there can be. What many keep for clarity is not told: a last rule without conditions, rules that
drop INVALID packets, rules that do what the policy does.

Delete the one that is not meant.`,
  example: {
    bad: 'iptables -A INPUT -s 203.0.113.0/28 -p tcp --dport 22 -j ACCEPT\niptables -A INPUT -p tcp --dport 22 -j ACCEPT',
    good: 'iptables -A INPUT -s 203.0.113.0/28 -p tcp --dport 22 -j ACCEPT',
  },
  run(firewall) {
    const defaults = analysisOf(firewall.ruleset)?.defaults ?? [];
    const isOfPolicy = ({ chain, rule }: RuleAnalysis) =>
      defaults.some((one) => one.chain === chain && one.by === 'policy' && one.effect === rule.target.effect);
    return ownRules(firewall.ruleset)
      .filter((one) => one.fault === 'redundant' && !isForClarity(one.rule) && !isOfPolicy(one))
      .map(({ rule }) =>
        diagnose(ruleSuperfluous, {
          message:
            'this changes nothing: without it, later rules do the same with every packet that it matches',
          span: firewall.span(rule.at),
          help: 'delete it; or, if it was to be the only one, the wider rule behind it',
        }),
      );
  },
};

function isForClarity({ matches, target }: Rule): boolean {
  return (
    matches.length === 0 ||
    target.effect === 'return' ||
    (target.effect === 'drop' && matches.some((match) => match.kind === 'state'))
  );
}

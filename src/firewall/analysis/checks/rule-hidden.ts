import { type Diagnostic, diagnose } from '../../../diagnostic/diagnostic.ts';
import type { RuleAnalysis } from '../../diagram/analyse-rules.ts';
import type { Rule } from '../../ruleset.ts';
import type { FirewallCheck } from '../definition.ts';
import { ownRules } from '../rule-analysis.ts';
import type { FirewallSubject } from '../subject.ts';

/** A rule that earlier rules leave nothing to. */
export const ruleHidden: FirewallCheck = {
  code: 'PKT1239',
  title: 'Rule hidden by earlier rules',
  class: 'provable',
  severity: 'warning',
  since: '0.2.0',
  doc: `Every packet that the rule asks for is decided by rules before it, one alone or several together: it never matches, whatever comes.
Where those do otherwise than it would, what its writer wanted does not happen: an address that was to be blocked is let in by a wider
rule above, a port that was to be opened is behind the DROP. Where they do the same, it is superfluous, and this is a note.

This is reckoned over all packets there can be, with decision diagrams; a condition that is not modelled may hold or not.

Move the rule before those that hide it, or delete it.`,
  example: {
    bad: 'iptables -A INPUT -p tcp --dport 22 -j ACCEPT\niptables -A INPUT -s 198.51.100.66 -p tcp --dport 22 -j DROP',
    good: 'iptables -A INPUT -s 198.51.100.66 -p tcp --dport 22 -j DROP\niptables -A INPUT -p tcp --dport 22 -j ACCEPT',
  },
  run(firewall) {
    return ownRules(firewall.ruleset).flatMap((one) =>
      one.fault === 'shadowed' ? [finding(firewall, one)] : [],
    );
  },
};

function finding(firewall: FirewallSubject, { rule, covers = [], coversCut }: RuleAnalysis): Diagnostic {
  const differs = covers.some(({ target }) => target.effect !== rule.target.effect);
  const one = covers.length === 1 && !coversCut;
  const which = one ? 'the rule before it that is marked' : 'rules before it';
  return diagnose(ruleHidden, {
    message: differs
      ? `this never matches: ${which} ${one ? 'decides' : 'decide'} every packet that it asks for, and otherwise`
      : `this never matches: ${which} ${one ? 'decides' : 'decide'} every packet that it asks for, and the same way`,
    ...(!differs && { severity: 'note' }),
    span: firewall.span(rule.at),
    related: covers.map((cover) => ({ span: firewall.span(cover.at), message: coverText(cover) })),
    help: differs ? 'move it before them, or delete it' : 'delete it',
  });
}

function coverText({ target, matches }: Rule): string {
  const what = matches.length === 0 ? 'everything' : 'what it would match';
  const verb = { accept: 'accepts', drop: 'drops' }[target.effect as string] ?? 'takes';
  return `${verb} ${what}`;
}

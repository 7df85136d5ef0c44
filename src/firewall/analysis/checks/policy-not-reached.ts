import { diagnose } from '../../../diagnostic/diagnostic.ts';
import type { FirewallCheck } from '../definition.ts';
import { ownerOfChain } from '../owners.ts';
import { analysisOf } from '../rule-analysis.ts';

/** A policy that drops, behind a rule that accepts everything. */
export const policyNotReached: FirewallCheck = {
  code: 'PKT1243',
  title: 'Policy that nothing comes to',
  class: 'provable',
  severity: 'warning',
  since: '0.2.0',
  doc: `The policy of the chain is to drop, which looks like a closed machine; but the rules accept every packet before it comes to the end, by
one rule without conditions or by several together. What is not named is let in.

Delete the rule that accepts everything, or say what it was meant for: an interface, a network, a state.`,
  example: {
    bad: 'iptables -P INPUT DROP\niptables -A INPUT -p tcp --dport 22 -j ACCEPT\niptables -A INPUT -j ACCEPT',
    good: 'iptables -P INPUT DROP\niptables -A INPUT -i lo -j ACCEPT\niptables -A INPUT -p tcp --dport 22 -j ACCEPT',
  },
  run(firewall) {
    const seen = new Set<unknown>();
    return (analysisOf(firewall.ruleset)?.defaults ?? []).flatMap(
      ({ table, chain, by, effect, rule, path }) => {
        const { policy } = chain;
        const isOpen = policy?.effect === 'drop' && by !== 'policy' && effect === 'accept';
        if (!isOpen || seen.has(chain) || ownerOfChain(table, chain.name) !== undefined) return [];
        seen.add(chain);
        const span = firewall.span(rule?.at ?? policy.at);
        return [
          diagnose(policyNotReached, {
            message: `${rule === undefined ? 'the rules accept' : 'this accepts'} every packet of ${path.chain}, so that the policy to drop never comes to bear`,
            span,
            ...(rule && { related: [{ span: firewall.span(policy.at), message: 'never reached' }] }),
            help: 'delete what accepts everything, or say what it is meant for: `-i lo`, `-s 203.0.113.0/28`, a state',
          }),
        ];
      },
    );
  },
};

import { diagnose } from '../../../diagnostic/diagnostic.ts';
import type { Rule } from '../../ruleset.ts';
import { judgePacket } from '../../simulate.ts';
import type { FirewallCheck } from '../definition.ts';
import { rulesOf, withoutHook } from '../rules.ts';
import { samplePacket } from '../sample.ts';

/** Packets that are taken out of connection tracking, and dropped for that. */
export const untrackedDropped: FirewallCheck = {
  code: 'PKT1237',
  title: 'Untracked packets are dropped',
  class: 'provable',
  severity: 'warning',
  since: '0.2.0',
  doc: `A rule takes packets out of connection tracking (\`notrack\`, \`-j NOTRACK\`, \`-j CT --notrack\`). Their state is UNTRACKED from then on,
neither NEW nor ESTABLISHED, and the rule further down that accepts them asks for NEW: they are dropped, the answers as well as the
questions.

Accept UNTRACKED too, or ask for no state; for both directions, since there is no connection that answers would belong to.`,
  example: {
    bad: 'iptables -t raw -A PREROUTING -p udp --dport 53 -j CT --notrack\niptables -A INPUT -p udp --dport 53 -m conntrack --ctstate NEW -j ACCEPT\niptables -A INPUT -j DROP',
    good: 'iptables -t raw -A PREROUTING -p udp --dport 53 -j CT --notrack\niptables -A INPUT -p udp --dport 53 -m conntrack --ctstate NEW,UNTRACKED -j ACCEPT\niptables -A INPUT -j DROP',
  },
  run(firewall) {
    const { ruleset } = firewall;
    return [...rulesOf(ruleset)].flatMap(({ table, chain, rule }) => {
      if (chain.base?.hook !== 'PREROUTING' || !untracks(rule)) return [];
      const packet = samplePacket(rule.matches, table.family, 'INPUT');
      if (packet === undefined) return [];
      // The rule itself would take the packet out of tracking: what follows is asked without it.
      const later = withoutHook(ruleset, 'PREROUTING');
      const untracked = judgePacket(later, { ...packet, state: 'UNTRACKED' });
      if (untracked.outcome !== 'deny' || judgePacket(later, { ...packet, state: 'NEW' }).outcome !== 'allow')
        return [];
      const at = untracked.step?.rule?.at ?? untracked.step?.chain.policy?.at;
      return [
        diagnose(untrackedDropped, {
          message:
            'what this takes out of connection tracking is dropped: the rule that would accept it asks for a state that it has no more',
          span: firewall.span(rule.at),
          ...(at && { related: [{ span: firewall.span(at), message: 'dropped here' }] }),
          help: 'accept UNTRACKED too: `--ctstate NEW,UNTRACKED` (nft: `ct state new,untracked`), and the answers likewise',
        }),
      ];
    });
  },
};

function untracks({ target, actions = [] }: Rule): boolean {
  return target.effect === 'untrack' || actions.some(({ action }) => action.kind === 'untrack');
}

import { diagnose } from '../../../diagnostic/diagnostic.ts';
import type { Hook, Rule, Ruleset } from '../../ruleset.ts';
import type { FirewallCheck } from '../definition.ts';
import { rulesOf } from '../rules.ts';

/** A rule that drops what SYNPROXY waits for. */
export const invalidBeforeSynproxy: FirewallCheck = {
  code: 'PKT1236',
  title: 'INVALID dropped before SYNPROXY',
  class: 'product',
  severity: 'error',
  since: '0.2.0',
  doc: `SYNPROXY answers each SYN itself, without connection tracking, and makes the connection when the client's ACK comes. That ACK belongs
to no connection yet: with \`nf_conntrack_tcp_loose=0\`, which SYNPROXY needs, its state is INVALID, and a rule that drops INVALID before
SYNPROXY drops it. Nobody can open a connection to the port then (iptables-extensions(8), SYNPROXY).

Let SYNPROXY come first, for the states INVALID and UNTRACKED, and drop INVALID behind it.`,
  example: {
    bad: 'iptables -A INPUT -m conntrack --ctstate INVALID -j DROP\niptables -A INPUT -p tcp --dport 443 -m conntrack --ctstate INVALID,UNTRACKED -j SYNPROXY --sack-perm',
    good: 'iptables -A INPUT -p tcp --dport 443 -m conntrack --ctstate INVALID,UNTRACKED -j SYNPROXY --sack-perm\niptables -A INPUT -m conntrack --ctstate INVALID -j DROP',
  },
  run(firewall) {
    const { ruleset } = firewall;
    return (['INPUT', 'FORWARD'] as const).flatMap((hook) => {
      const order = inOrder(ruleset, hook);
      const proxy = order.findIndex(({ target }) => /^synproxy$/i.test(target.name));
      const before = order.slice(0, Math.max(proxy, 0)).find(dropsInvalid);
      if (before === undefined) return [];
      return [
        diagnose(invalidBeforeSynproxy, {
          message: 'this drops the ACK that SYNPROXY waits for: nobody can open a connection through it',
          span: firewall.span(before.at),
          related: [{ span: firewall.span(order[proxy]!.at), message: 'comes later' }],
          help: 'put the rule with SYNPROXY before it, for `--ctstate INVALID,UNTRACKED` (nft: `ct state invalid,untracked synproxy …`)',
        }),
      ];
    });
  },
};

/** Rules of the base chains of a hook, in the order in which packets meet them. */
function inOrder(ruleset: Ruleset, hook: Hook): Rule[] {
  return [...rulesOf(ruleset)]
    .filter(({ chain }) => chain.base?.hook === hook)
    .sort((a, b) => (a.chain.base?.priority ?? 0) - (b.chain.base?.priority ?? 0))
    .map(({ rule }) => rule);
}

function dropsInvalid({ matches, target }: Rule): boolean {
  return (
    target.effect === 'drop' &&
    matches.some((match) => match.kind === 'state' && match.states.has('INVALID') && !match.negated) &&
    matches.every(({ kind }) => kind === 'state' || kind === 'protocol' || kind === 'in')
  );
}

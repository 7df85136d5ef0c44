import { diagnose } from '../../../diagnostic/diagnostic.ts';
import { Protocol } from '../../../net/protocol.ts';
import type { FirewallCheck } from '../definition.ts';
import { filterOf, judge, usesNft } from '../filtering.ts';

/** A filter that lets packets of no connection through on its open ports. */
export const invalidAccepted: FirewallCheck = {
  code: 'PKT1207',
  title: 'Invalid packets accepted',
  class: 'provable',
  severity: 'note',
  since: '0.2.0',
  doc: `The rules that open ports ask for the port alone, so that packets which belong to no connection (state INVALID: a SYN and
ACK that nobody asked for, FIN, NULL and Xmas probes, parts of connections that were forgotten) get in on them too. Scanners
use these to find what listens.

Drop INVALID behind the rule for ESTABLISHED and before the rules for ports. With SYNPROXY that rule must come after it.`,
  example: {
    bad: 'iptables -A INPUT -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT\niptables -A INPUT -p tcp --dport 22 -j ACCEPT\niptables -A INPUT -j DROP',
    good: 'iptables -A INPUT -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT\niptables -A INPUT -m conntrack --ctstate INVALID -j DROP\niptables -A INPUT -p tcp --dport 22 -j ACCEPT\niptables -A INPUT -j DROP',
  },
  run(firewall) {
    const { family } = firewall.machine;
    const [open] = filterOf(firewall.ruleset, family)?.tcp.certain.ranges() ?? [];
    if (open === undefined) return [];
    const verdict = judge(firewall.ruleset, {
      family,
      protocol: Protocol.Tcp,
      port: open.from,
      state: 'INVALID',
    });
    const rule = verdict.step?.rule;
    if (verdict.outcome !== 'allow' || rule === undefined) return [];
    return [
      diagnose(invalidAccepted, {
        message:
          'packets that belong to no connection (INVALID) are accepted on the open ports: no rule drops them before',
        span: firewall.span(rule.at),
        help: usesNft(firewall.ruleset)
          ? 'add `ct state invalid drop` behind the rule for established connections'
          : 'add `iptables -A INPUT -m conntrack --ctstate INVALID -j DROP` behind the rule for ESTABLISHED',
      }),
    ];
  },
};

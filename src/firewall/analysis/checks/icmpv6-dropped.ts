import { diagnose } from '../../../diagnostic/diagnostic.ts';
import type { FirewallCheck } from '../definition.ts';
import { filterOf, usesNft } from '../filtering.ts';
import { droppedIcmp, icmpText } from '../icmp.ts';

/** A filter of IPv6 that drops what IPv6 itself needs. */
export const icmpv6Dropped: FirewallCheck = {
  code: 'PKT1214',
  title: 'ICMPv6 that IPv6 needs is dropped',
  class: 'product',
  severity: 'error',
  since: '0.2.0',
  doc: `IPv6 asks for the hardware address of a neighbour, and hears of routers and of networks with smaller packets, by ICMPv6.
Where the rules drop neighbour discovery (types 135 and 136), no packet of IPv6 reaches the machine after a few seconds, not even
on ports that are open: an \`inet\` chain with \`policy drop\` and rules for ports alone does this. Where they drop "packet too big"
(type 2), large transfers stall. RFC 4890 §4.4.1 lists what a machine must not drop.

Connection tracking leaves neighbour discovery untracked, so that no rule for established connections lets it in.

Accept ICMPv6 before the rule that drops; if it must be less, the types that RFC 4890 names.`,
  example: {
    bad: 'table inet edge {\n  chain input {\n    type filter hook input priority filter; policy drop;\n    ct state established,related accept\n    tcp dport 22 accept\n  }\n}',
    good: 'icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-advert, packet-too-big, time-exceeded, parameter-problem, destination-unreachable, echo-request } accept',
  },
  run(firewall) {
    const filter = filterOf(firewall.ruleset, 6);
    if (filter === undefined) return [];
    const dropped = droppedIcmp(firewall.ruleset, 6).filter(({ isVital }) => isVital);
    if (dropped.length === 0) return [];
    return [
      diagnose(icmpv6Dropped, {
        message: `IPv6 needs what is dropped here: ${dropped.map(icmpText).join(', ')}`,
        span: firewall.span(filter.at),
        help: usesNft(firewall.ruleset)
          ? 'accept it before: `icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-advert, packet-too-big, time-exceeded, parameter-problem, destination-unreachable, echo-request } accept`'
          : 'accept it before: `ip6tables -A INPUT -p ipv6-icmp -j ACCEPT`',
      }),
    ];
  },
};

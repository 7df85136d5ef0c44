import { diagnose } from '../../../diagnostic/diagnostic.ts';
import type { Ruleset } from '../../ruleset.ts';
import type { FirewallCheck } from '../definition.ts';
import { filterOf, usesNft } from '../filtering.ts';

/** A host firewall for IPv4 alone. */
export const oneFamily: FirewallCheck = {
  code: 'PKT1208',
  title: 'Firewall for IPv4 alone',
  class: 'provable',
  severity: 'warning',
  since: '0.2.0',
  doc: `iptables filters IPv4 only; IPv6 has rules of its own, set by ip6tables, and they are empty: every port that listens on
IPv6 is open. Linux has IPv6 switched on unless someone switched it off, and each machine has at least a link-local
address, so that whoever shares its network segment can use it.

Set the same rules with ip6tables, and accept ICMPv6 there: without neighbour discovery (types 133 to 136) and "packet too
big" IPv6 does not work (RFC 4890). Or use one nft table of family inet.`,
  example: {
    bad: 'iptables -A INPUT -p tcp --dport 22 -j ACCEPT\niptables -A INPUT -j DROP',
    good: 'table inet edge {\n  chain input {\n    type filter hook input priority filter; policy drop;\n    meta l4proto { icmp, ipv6-icmp } accept\n    tcp dport 22 accept\n  }\n}',
  },
  run(firewall) {
    const filter = filterOf(firewall.ruleset, 4);
    if (filter === undefined || [firewall.ruleset, ...firewall.machine.beside].some(coversIpv6)) return [];
    // A dump is of one IP version, and the other may lie beside it.
    const isDump = firewall.calls.length === 0 && !usesNft(firewall.ruleset);
    return [
      diagnose(oneFamily, {
        message: isDump
          ? 'these files filter IPv4 alone: if there are no rules of ip6tables beside them, every port is open over IPv6'
          : 'IPv4 alone is filtered: no rule is for IPv6, where every port stays open unless the machine has IPv6 switched off',
        ...(isDump && { severity: 'note' }),
        span: firewall.span(filter.at),
        help: 'set the same rules with `ip6tables` too, with `-p ipv6-icmp -j ACCEPT` among them; or use one nft table of family `inet`',
      }),
    ];
  },
};

/** Whether rules say anything certain, or something not followed, of IPv6. */
function coversIpv6(ruleset: Ruleset): boolean {
  return ruleset.opaque.length > 0 || filterOf(ruleset, 6) !== undefined;
}

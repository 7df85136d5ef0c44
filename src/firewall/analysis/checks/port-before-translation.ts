import { diagnose } from '../../../diagnostic/diagnostic.ts';
import { acceptedPorts } from '../../accepted-ports.ts';
import type { Rule } from '../../ruleset.ts';
import type { FirewallCheck } from '../definition.ts';
import { filterOf } from '../filtering.ts';
import { rulesOf, withoutHook } from '../rules.ts';
import { samplePacket } from '../sample.ts';

/** A filter that opens the port that clients ask for, where it meets the one that it was rewritten to. */
export const portBeforeTranslation: FirewallCheck = {
  code: 'PKT1226',
  title: 'Filter asks for the port before translation',
  class: 'provable',
  severity: 'warning',
  since: '0.2.0',
  doc: `The destination is rewritten in PREROUTING, before INPUT and FORWARD: the filter sees the new port alone. It accepts the port that
clients ask for, which no packet has any more, and drops the one that they were rewritten to.

Accept the new port; to let it be reached by way of the old one alone, ask for the port of the connection as it came:
\`ct original proto-dst 80\` (nft), \`-m conntrack --ctorigdstport 80\` (iptables).`,
  example: {
    bad: 'iptables -t nat -A PREROUTING -p tcp --dport 80 -j REDIRECT --to-ports 8080\niptables -A INPUT -p tcp --dport 80 -j ACCEPT\niptables -A INPUT -j DROP',
    good: 'iptables -t nat -A PREROUTING -p tcp --dport 80 -j REDIRECT --to-ports 8080\niptables -A INPUT -p tcp --dport 8080 -m conntrack --ctorigdstport 80 -j ACCEPT\niptables -A INPUT -j DROP',
  },
  run(firewall) {
    const { ruleset } = firewall;
    const filters = withoutHook(ruleset, 'PREROUTING');
    return [...rulesOf(ruleset)].flatMap(({ table, chain, rule }) => {
      if (chain.base?.hook !== 'PREROUTING' || !chain.base.nat) return [];
      const to = newPort(rule);
      const path = /^redirect$/i.test(rule.target.name) ? 'INPUT' : 'FORWARD';
      const packet = samplePacket(rule.matches, table.family, path);
      if (to === undefined || packet?.port === undefined || packet.port === to) return [];
      const { family, protocol } = packet;
      if (filterOf(filters, family, path) === undefined) return [];
      const accepted = acceptedPorts(filters, { family, chain: path, protocol, local: false });
      if (accepted.possible.contains(to) || !accepted.certain.contains(packet.port)) return [];
      return [
        diagnose(portBeforeTranslation, {
          message: `what comes for port ${packet.port} goes on to port ${to}, which ${path} drops: it accepts port ${packet.port}, which no packet has there`,
          span: firewall.span(rule.at),
          help: `accept port ${to}; to let it be reached by way of port ${packet.port} alone, add \`-m conntrack --ctorigdstport ${packet.port}\` (nft: \`ct original proto-dst ${packet.port}\`)`,
        }),
      ];
    });
  },
};

/** The port that a translation of the destination writes: `--to-ports 8080`, `--to-destination 10.0.0.7:8080`, `to :8080`. */
function newPort({ target: { name, options } }: Rule): number | undefined {
  if (!/^(?:redirect|dnat)$/i.test(name)) return undefined;
  const [, port] = /(?:--to-ports? |--to-destination \S*:|\bto .*:\s*)(\d{1,5})(?:\s|$)/.exec(options) ?? [];
  return port === undefined ? undefined : Number(port);
}

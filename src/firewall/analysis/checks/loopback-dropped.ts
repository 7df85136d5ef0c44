import { diagnose } from '../../../diagnostic/diagnostic.ts';
import { type Family, parseAddress } from '../../../net/address.ts';
import { Protocol } from '../../../net/protocol.ts';
import type { FirewallCheck } from '../definition.ts';
import { dropPlace, filterOf, judge, usesNft } from '../filtering.ts';
import type { FirewallSubject } from '../subject.ts';

/** A filter that drops what the machine sends to itself. */
export const loopbackDropped: FirewallCheck = {
  code: 'PKT1216',
  title: 'Loopback is dropped',
  class: 'provable',
  severity: 'warning',
  since: '0.2.0',
  doc: `What programs of one machine say to one another over 127.0.0.1 and ::1 meets INPUT too, as new connections from the interface
\`lo\`. The rules drop it: resolvers on 127.0.0.53, databases, agents with a local port and health checks of the kubelet stop.

Accept \`lo\` first. Nobody else can use it: the kernel drops packets from outside with such addresses.`,
  example: {
    bad: 'iptables -A INPUT -p tcp --dport 22 -j ACCEPT\niptables -A INPUT -j DROP',
    good: 'iptables -A INPUT -i lo -j ACCEPT\niptables -A INPUT -p tcp --dport 22 -j ACCEPT\niptables -A INPUT -j DROP',
  },
  run(firewall) {
    const families = ([4, 6] as const).filter((family) => dropsLoopback(firewall, family) !== undefined);
    const at = families[0] && dropsLoopback(firewall, families[0]);
    if (at === undefined) return [];
    const addresses = families.map((family) => loopback[family]).join(' and ');
    return [
      diagnose(loopbackDropped, {
        message: `programs of this machine cannot reach one another over ${addresses}: nothing accepts the interface lo`,
        span: firewall.span(at),
        help: usesNft(firewall.ruleset)
          ? 'accept it first: `iifname "lo" accept`'
          : 'accept it first: `-i lo -j ACCEPT`',
      }),
    ];
  },
};

const loopback: Readonly<Record<Family, string>> = { 4: '127.0.0.1', 6: '::1' };

function dropsLoopback({ ruleset }: FirewallSubject, family: Family) {
  const filter = filterOf(ruleset, family);
  if (filter === undefined) return undefined;
  const address = parseAddress(loopback[family])!;
  const ends = { source: address, destination: address, inInterface: 'lo', local: true };
  // A port that nobody outside may reach.
  const port = filter.tcp.possible.complement().ranges()[0]!.from;
  return dropPlace(judge(ruleset, { family, protocol: Protocol.Tcp, port, ...ends }));
}

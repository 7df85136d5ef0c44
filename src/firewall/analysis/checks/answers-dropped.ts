import { diagnose } from '../../../diagnostic/diagnostic.ts';
import type { Family } from '../../../net/address.ts';
import { Protocol } from '../../../net/protocol.ts';
import type { FirewallCheck } from '../definition.ts';
import { dropPlace, filterOf, judge, usesNft } from '../filtering.ts';
import type { FirewallSubject } from '../subject.ts';

/** A filter that drops the answers to what the machine itself asks. */
export const answersDropped: FirewallCheck = {
  code: 'PKT1215',
  title: 'Answers to the machine are dropped',
  class: 'provable',
  severity: 'error',
  since: '0.2.0',
  doc: `The rules drop what they do not name, and nothing accepts the packets of connections that are under way. What the machine
asks for is sent, and the answers are dropped: names (DNS), the time (NTP), updates, images, the API server. It goes on to answer
on the ports that are open, which hides the fault.

Accept established connections first; \`RELATED\` with them, for errors of ICMP.`,
  example: {
    bad: 'iptables -A INPUT -p tcp --dport 22 -j ACCEPT\niptables -A INPUT -j DROP',
    good: 'iptables -A INPUT -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT\niptables -A INPUT -p tcp --dport 22 -j ACCEPT\niptables -A INPUT -j DROP',
  },
  run(firewall) {
    const families = ([4, 6] as const).filter((family) => dropsAnswers(firewall, family) !== undefined);
    const at = families[0] && dropsAnswers(firewall, families[0]);
    if (at === undefined) return [];
    const versions = families.map((family) => `IPv${family}`).join(' and ');
    return [
      diagnose(answersDropped, {
        message: `answers to what the machine itself asks are dropped (${versions}): names, the time, updates and the API server cannot be reached`,
        span: firewall.span(at),
        help: usesNft(firewall.ruleset)
          ? 'accept them first: `ct state established,related accept`'
          : 'accept them first: `-m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT`',
      }),
    ];
  },
};

/** Where answers of TCP and UDP to ports that the machine has chosen are dropped. */
function dropsAnswers({ ruleset }: FirewallSubject, family: Family) {
  if (filterOf(ruleset, family) === undefined || filterOf(ruleset, family, 'OUTPUT') !== undefined)
    return undefined;
  const answer = { family, state: 'ESTABLISHED', direction: 'reply', port: 40_000, tcpFlags: 16 } as const;
  const tcp = judge(ruleset, { ...answer, protocol: Protocol.Tcp, sourcePort: 443 });
  const udp = judge(ruleset, { ...answer, protocol: Protocol.Udp, sourcePort: 53 });
  return dropPlace(tcp) ?? dropPlace(udp);
}

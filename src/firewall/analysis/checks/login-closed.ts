import { diagnose } from '../../../diagnostic/diagnostic.ts';
import type { FirewallCheck } from '../definition.ts';
import { filterOf, usesNft } from '../filtering.ts';

const ssh = 22;

/** A filter behind which nobody can log in any more. */
export const loginClosed: FirewallCheck = {
  code: 'PKT1217',
  title: 'No way to log in',
  class: 'product',
  severity: 'note',
  since: '0.2.0',
  doc: `The rules drop what they do not name, and no rule accepts TCP port 22, from wherever: a new SSH connection is dropped. The
session that sets the rules goes on, since its connection is established, so that the fault is noticed at the next login, when it
is too late. Where sshd listens on another port, or the machine is managed by other means, this is as it should be.

Accept the port from the networks of the administrators, and try the rules with a timer that takes them back.`,
  example: {
    bad: 'iptables -A INPUT -p tcp --dport 443 -j ACCEPT\niptables -A INPUT -j DROP',
    good: 'iptables -A INPUT -s 203.0.113.0/28 -p tcp --dport 22 -j ACCEPT\niptables -A INPUT -p tcp --dport 443 -j ACCEPT\niptables -A INPUT -j DROP',
  },
  run(firewall) {
    const { family, logins = [ssh] } = firewall.machine;
    const filter = filterOf(firewall.ruleset, family);
    if (filter === undefined || logins.length === 0) return [];
    if (logins.some((port) => filter.tcp.possible.contains(port))) return [];
    const known = firewall.machine.logins !== undefined;
    const ports = logins.join(' and ');
    return [
      diagnose(loginClosed, {
        message: known
          ? `sshd listens on TCP ${ports}, and every new connection to it is dropped: nobody can log in`
          : `no new connection to TCP ${ports} is accepted, from wherever: if the machine is managed by SSH, nobody can log in`,
        ...(known && { severity: 'error' }),
        span: firewall.span(filter.at),
        help: usesNft(firewall.ruleset)
          ? `accept it before, from the network of your administrators: \`ip saddr 203.0.113.0/28 tcp dport ${logins[0]} accept\``
          : `accept it before, from the network of your administrators: \`-s 203.0.113.0/28 -p tcp --dport ${logins[0]} -j ACCEPT\``,
      }),
    ];
  },
};

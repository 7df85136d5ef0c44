import { diagnose } from '../../../diagnostic/diagnostic.ts';
import { Protocol } from '../../../net/protocol.ts';
import type { Packet } from '../../packet.ts';
import type { FirewallCheck } from '../definition.ts';
import { filterOf } from '../filtering.ts';
import { scriptStates, windowOf } from '../history.ts';

/** A script that takes the filter away before it sets it again. */
export const openWhileSet: FirewallCheck = {
  code: 'PKT1218',
  title: 'Open while rules are set again',
  class: 'provable',
  severity: 'warning',
  since: '0.2.0',
  doc: `The script flushes the chain, and only a later command drops again what is not accepted: in between, at every run but the
first, each port that the rules are there to close is open. Every command is a program that has to start; a hundred of them take
a tenth of a second on an idle machine and much longer on a busy one, and if one of them fails under \`set -e\`, or the container
is killed there, it stays so.

Replace the rules as a whole: \`iptables-restore\`, or one \`nft -f\` that deletes and makes the table. The kernel then goes over
from the old rules to the new ones at once.`,
  example: {
    bad: 'iptables -F INPUT\niptables -A INPUT -p tcp --dport 22 -j ACCEPT\niptables -A INPUT -j DROP',
    good: "iptables-restore <<'EOF'\n*filter\n:INPUT DROP [0:0]\n-A INPUT -p tcp --dport 22 -j ACCEPT\nCOMMIT\nEOF",
  },
  run(firewall) {
    const { script, ruleset } = firewall;
    if (script === undefined) return [];
    const packets = ([4, 6] as const).flatMap((family): Packet[] => {
      const closed = filterOf(ruleset, family)?.tcp.possible.complement().ranges()[0];
      if (closed === undefined) return [];
      return [
        { family, chain: 'INPUT', protocol: Protocol.Tcp, port: closed.from, state: 'NEW', local: false },
      ];
    });
    const states = packets.length === 0 ? [] : scriptStates(script, packets);
    const windows = packets.flatMap((packet, index) => {
      const window = states && windowOf(states, 2, index, 'allow');
      return window === undefined ? [] : [{ ...window, family: packet.family }];
    });
    const [first] = windows;
    if (first === undefined) return [];
    const families = windows.map(({ family }) => `IPv${family}`).join(' and ');
    const end = firewall.span(first.to.at);
    return [
      diagnose(openWhileSet, {
        message: `at every run but the first, each port is open from this line to line ${end.start.line} (${families}): the old rules are gone, the new ones are not there yet`,
        span: firewall.span(first.from.at),
        related: [{ span: end, message: 'closed again from here' }],
        help: "replace the rules as a whole: `iptables-restore <<'EOF'`, or `nft -f -` with a table of your own that the same text deletes first",
      }),
    ];
  },
};

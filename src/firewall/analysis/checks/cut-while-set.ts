import { diagnose } from '../../../diagnostic/diagnostic.ts';
import { Protocol } from '../../../net/protocol.ts';
import type { Packet } from '../../packet.ts';
import type { FirewallCheck } from '../definition.ts';
import { scriptStates, windowOf } from '../history.ts';

interface Probe extends Packet {
  readonly what: string;
}

/** What must go through at every moment: the connection of who sets the rules, and a way in should that break. */
const probes: readonly Probe[] = ([4, 6] as const).flatMap((family): Probe[] => {
  const packet = { family, chain: 'INPUT', protocol: Protocol.Tcp, port: 22, local: false } as const;
  return [
    {
      ...packet,
      what: `connections that are under way (IPv${family})`,
      state: 'ESTABLISHED',
      tcpFlags: 16,
      direction: 'original',
    },
    { ...packet, what: `new SSH connections (IPv${family})`, state: 'NEW' },
  ];
});

/** A script that drops before it accepts. */
export const cutWhileSet: FirewallCheck = {
  code: 'PKT1219',
  title: 'Cut off while rules are set',
  class: 'provable',
  severity: 'warning',
  since: '0.2.0',
  doc: `Once the script is through, SSH works; but on the way there is a stretch in which it does not: a policy or a rule drops before
the rules that accept are there. The session that runs the script stands still in that stretch. If the script stops there (a command
fails under \`set -e\`, the session's terminal is gone and with it the script, the machine restarts), nobody gets in any more.

Set the policy last, behind the rules that accept; in a script that runs again, set the policy to ACCEPT before it flushes, or
better replace the rules as a whole with \`iptables-restore\` or \`nft -f\`.`,
  example: {
    bad: 'iptables -P INPUT DROP\niptables -F INPUT\niptables -A INPUT -p tcp --dport 22 -j ACCEPT',
    good: "iptables-restore <<'EOF'\n*filter\n:INPUT DROP [0:0]\n-A INPUT -p tcp --dport 22 -j ACCEPT\nCOMMIT\nEOF",
  },
  run(firewall) {
    const { script } = firewall;
    const states = script && scriptStates(script, probes);
    if (states === undefined) return [];
    const windows = probes.flatMap(({ what }, index) => {
      const window = windowOf(states, 1, index, 'deny') ?? windowOf(states, 2, index, 'deny');
      return window === undefined || states.at(-1)?.outcomes[index] !== 'allow' ? [] : [{ ...window, what }];
    });
    const begin = Math.min(...windows.map(({ from }) => from.at.start));
    const [first] = windows.filter(({ from }) => from.at.start === begin);
    if (first === undefined) return [];
    const last = windows.reduce((one, other) => (other.to.at.start > one.to.at.start ? other : one));
    const end = firewall.span(last.to.at);
    const when = first.run === 1 ? '' : ' at every run but the first';
    return [
      diagnose(cutWhileSet, {
        message: `from this line to line ${end.start.line}${when} these are dropped: ${windows.map(({ what }) => what).join(', ')}; if the script stops there, nobody gets in`,
        span: firewall.span(first.from.at),
        related: [{ span: end, message: 'accepted again from here' }],
        help: "set what drops last, behind the rules that accept; or all at once: `iptables-restore <<'EOF'` or `nft -f -`",
      }),
    ];
  },
};

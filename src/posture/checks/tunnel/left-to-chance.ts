import { diagnose } from '../../../diagnostic/diagnostic.ts';
import { addressBits } from '../../../net/address.ts';
import type { WireguardConfig } from '../../../wireguard/model.ts';
import { readTunnels } from '../../tunnels.ts';
import type { Check } from '../definition.ts';

/** A tunnel of an edge site that says nothing of what lies on its way. */
export const leftToChance: Check = {
  code: 'PKT1257',
  title: 'Tunnel that NAT lets fall asleep',
  class: 'environment',
  severity: 'note',
  since: '0.2.0',
  doc: `An edge site usually calls its hub from behind NAT. The router forgets an idle UDP conversation after 30 seconds to a few
minutes, and from then on nothing reaches the site until it sends by itself: \`PersistentKeepalive = 25\` on the side behind the
router keeps the way open. Between two fixed public addresses it is not needed.

The note also names what else the configuration leaves out, which some sites need: \`MTU\` (where the way has less than 1500
bytes and drops the ICMP messages that say so), \`PresharedKey\` (secrecy of today's traffic against tomorrow's quantum
computers), and forwarding (\`net.ipv4.ip_forward\` and filter or NAT rules in \`PostUp\`) where networks lie behind a peer.`,
  example: {
    bad: '[Peer]\nEndpoint = 203.0.113.10:51820',
    good: '[Peer]\nEndpoint = 203.0.113.10:51820\nPersistentKeepalive = 25',
  },
  run({ controls }) {
    return readTunnels(controls).flatMap((tunnel) => {
      const { config, name } = tunnel;
      const asleep = config.peers.find(
        ({ endpoint, persistentKeepalive }) =>
          endpoint !== undefined && (persistentKeepalive?.value ?? 0) === 0,
      );
      if (asleep === undefined) return [];
      const others = leftOut(config);
      return [
        diagnose(leftToChance, {
          message: `if this end is behind NAT, ${name} is not reached once it is idle: no PersistentKeepalive${others.map((one) => `, no ${one}`).join('')}`,
          span: tunnel.span(asleep.at),
          help: 'add `PersistentKeepalive = 25` to the `[Peer]` that this end calls'.concat(
            others.includes('MTU') ? '; where the way is narrower than 1500 bytes also `MTU = 1380`' : '',
          ),
        }),
      ];
    });
  },
};

function leftOut({ interface: own, peers }: WireguardConfig): string[] {
  const hasNetworks = peers.some(({ allowedIps }) =>
    allowedIps.some(({ value }) => value.length < addressBits(value.address.family)),
  );
  const forwards = own?.hooks.some(({ command }) => /\b(?:sysctl|iptables|ip6tables|nft)\b/.test(command));
  return [
    ...(own?.mtu === undefined ? ['MTU'] : []),
    ...(peers.some(({ presharedKey }) => presharedKey !== undefined) ? [] : ['PresharedKey']),
    ...(hasNetworks && !forwards ? ['forwarding or NAT in PostUp'] : []),
  ];
}

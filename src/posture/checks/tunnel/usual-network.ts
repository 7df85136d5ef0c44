import { diagnose } from '../../../diagnostic/diagnostic.ts';
import { addressBits } from '../../../net/address.ts';
import { formatPrefix, type Prefix, prefixCovers, prefixOf } from '../../../net/prefix.ts';
import { type UsualNetwork, usualNetworks } from '../../../product/usual-networks.ts';
import type { Field, WireguardConfig } from '../../../wireguard/model.ts';
import { ownAddressesAtPeers } from '../../../wireguard/topology.ts';
import { readTunnels } from '../../tunnels.ts';
import type { Check } from '../definition.ts';
import { lineHint } from './tunnel-text.ts';

/** A tunnel network that many sites use for something else. */
export const usualNetwork: Check = {
  code: 'PKT1256',
  title: 'Tunnel network that is often taken',
  class: 'environment',
  severity: 'note',
  since: '0.2.0',
  doc: `The network of the tunnel is one that routers, clouds or network plugins hand out by default. Where a machine, its pods or
the local network of one site have it too, the route of the tunnel and theirs compete, and one of them is not reached. Which
networks a site has no manifest tells.

Take a network that nobody else has: for IPv4 a /24 at random from 10.0.0.0/8 or 172.16.0.0/12, for IPv6 one from fd00::/8 by
RFC 4193 §3.2.`,
  example: { bad: 'Address = 10.0.0.1/24', good: 'Address = 10.219.37.1/24' },
  run({ controls }) {
    return readTunnels(controls).flatMap((tunnel) => {
      const hit = tunnelNetworks(tunnel.config)
        .map((network) => ({ network, usual: usualFor(network.value) }))
        .find(({ usual }) => usual !== undefined);
      if (hit?.usual === undefined) return [];
      const { network, usual } = hit;
      return [
        diagnose(usualNetwork, {
          message: `${formatPrefix(network.value)}${lineHint(tunnel, network.at)} is the default of ${usual.use}: unless no site has it, ${tunnel.name} collides with that`,
          span: tunnel.span(network.at),
          help: 'take a network that nobody else has, e.g. a /24 at random such as `10.219.37.0/24`, at both ends',
        }),
      ];
    });
  },
};

/** The networks of the tunnel itself: that of the own address, and AllowedIPs around it. */
function tunnelNetworks(config: WireguardConfig): Field<Prefix>[] {
  const own = (config.interface?.addresses ?? []).flatMap(({ value: { address, length }, at }) =>
    length < addressBits(address.family) ? [{ value: prefixOf(address, length), at }] : [],
  );
  return [...own, ...ownAddressesAtPeers(config).map(({ allowed }) => allowed)];
}

/** A wider prefix than the usual network loses to it, as routes do: only what lies inside collides. */
function usualFor(network: Prefix): UsualNetwork | undefined {
  return usualNetworks.find(({ prefix }) => prefixCovers(prefix, network));
}

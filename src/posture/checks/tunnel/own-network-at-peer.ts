import { diagnose } from '../../../diagnostic/diagnostic.ts';
import { addressBits, formatAddress } from '../../../net/address.ts';
import { formatPrefix } from '../../../net/prefix.ts';
import type { InterfaceAddress, WireguardInterface, WireguardPeer } from '../../../wireguard/model.ts';
import { ownAddressesAtPeers } from '../../../wireguard/topology.ts';
import { readTunnels } from '../../tunnels.ts';
import type { Check } from '../definition.ts';
import { lineHint } from './tunnel-text.ts';

/** How many peers of one interface are told. */
const mostTold = 20;

/** A peer that is given the whole tunnel network, at an end that others call too. */
export const ownNetworkAtPeer: Check = {
  code: 'PKT1254',
  title: 'Whole tunnel network at one peer',
  class: 'provable',
  severity: 'warning',
  since: '0.2.0',
  doc: `\`AllowedIPs\` is both the list of addresses that a peer may send from and the route to it (cryptokey routing, wg(8)). Here one
peer has the whole network of the tunnel, with the address of this end in it. The peer may send in everybody's name, and a
second peer with the same network takes all its traffic away, without any message.

A spoke with the hub as its one peer may name the whole network, to reach the other spokes through it; it calls the hub, and
keeps the tunnel open with \`PersistentKeepalive\`. Such an end is left out.

Name the peer's own address, and the networks behind it.`,
  example: {
    bad: '[Interface]\nAddress = 10.0.0.1/24\nListenPort = 51820\n[Peer]\nAllowedIPs = 10.0.0.0/24',
    good: '[Interface]\nAddress = 10.200.0.1/32\nListenPort = 51820\n[Peer]\nAllowedIPs = 10.200.0.11/32, 10.80.0.0/16',
  },
  run({ controls }) {
    return readTunnels(controls).flatMap((tunnel) => {
      const { config } = tunnel;
      const own = config.interface;
      if (own === undefined) return [];
      const told = new Set<unknown>();
      return ownAddressesAtPeers(config).flatMap(({ address, allowed, peer }) => {
        if (told.size >= mostTold || told.has(allowed) || callsHub(own, address.value, peer)) return [];
        told.add(allowed);
        const ownText = formatAddress(address.value.address);
        const another = address.value.address.family === 4 ? '10.200.0.2/32' : 'fd00:200::2/128';
        return [
          diagnose(ownNetworkAtPeer, {
            message: `one peer of ${tunnel.name} has the whole tunnel network, AllowedIPs ${formatPrefix(allowed.value)}${lineHint(tunnel, allowed.at)} with this end's own ${ownText}: a second peer with it takes all traffic away`,
            span: tunnel.span(allowed.at),
            ...(tunnel.file.text.exact && {
              related: [{ span: tunnel.span(address.at), message: "this end's own address" }],
            }),
            help: `name the peer's own address and the networks behind it, e.g. \`AllowedIPs = ${another}, 10.80.0.0/16\``,
          }),
        ];
      });
    });
  },
};

/** Whether this end is a spoke that calls the peer, which passes its traffic on to the others. */
function callsHub(
  { listenPort }: WireguardInterface,
  { address, length }: InterfaceAddress,
  { endpoint, persistentKeepalive }: WireguardPeer,
): boolean {
  if (endpoint === undefined) return false;
  if (listenPort === undefined || (persistentKeepalive?.value ?? 0) > 0) return true;
  return length === addressBits(address.family);
}

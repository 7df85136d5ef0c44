import { diagnose } from '../../../diagnostic/diagnostic.ts';
import { formatPrefix } from '../../../net/prefix.ts';
import { overlappingPeers } from '../../../wireguard/topology.ts';
import { readTunnels } from '../../tunnels.ts';
import type { Check } from '../definition.ts';
import { lineHint, lineOf } from './tunnel-text.ts';

/** Two peers of one interface that have the same addresses. */
export const overlappingAllowedIps: Check = {
  code: 'PKT1255',
  title: 'AllowedIPs of two peers overlap',
  class: 'provable',
  severity: 'error',
  since: '0.2.0',
  doc: `An address lies behind one peer only: that with the longest prefix among all \`AllowedIPs\` of the interface, and of equal
ones the last (cryptokey routing, wg(8)). When two peers name the same prefix, the earlier one loses it: nothing is sent to it,
and what it sends from there is dropped, without any message.

A prefix inside that of another peer takes its part out of it. That may be meant, so it is a note; a default route is left
out.

Give each prefix to one peer.`,
  example: {
    bad: '[Peer]\nAllowedIPs = 10.200.0.0/24\n[Peer]\nAllowedIPs = 10.200.0.0/24',
    good: '[Peer]\nAllowedIPs = 10.200.0.2/32\n[Peer]\nAllowedIPs = 10.200.0.3/32',
  },
  run({ controls }) {
    return readTunnels(controls).flatMap((tunnel) => {
      const { config, name, file } = tunnel;
      const number = new Map(config.peers.map((peer, index) => [peer, index + 1]));
      return overlappingPeers(config).flatMap(({ outer, inner, outerPeer, innerPeer, equal }) => {
        if (!equal && outer.value.length === 0) return [];
        const [a, b] = [number.get(outerPeer) ?? 0, number.get(innerPeer) ?? 0];
        const text = formatPrefix(inner.value);
        // Of equal prefixes the one that is written first loses.
        const [loser, winner] = outer.at.start < inner.at.start ? [outer, inner] : [inner, outer];
        const place = equal ? loser : inner;
        const other = equal ? winner : outer;
        const [lost, taken] = [Math.min(a, b), Math.max(a, b)];
        return [
          diagnose(overlappingAllowedIps, {
            message: equal
              ? `peer ${lost} of ${name} loses ${text}${lineHint(tunnel, place.at)} to peer ${taken}, which names it again: no traffic reaches peer ${lost} there`
              : `peer ${b} of ${name} takes ${text}${lineHint(tunnel, place.at)} out of ${formatPrefix(outer.value)} of peer ${a}`,
            ...(!equal && { severity: 'note' }),
            span: tunnel.span(place.at),
            related: file.text.exact
              ? [{ span: tunnel.span(other.at), message: equal ? 'named again here' : 'the wider one' }]
              : [],
            help: equal
              ? `leave it to one of them${file.text.exact ? '' : `, here or in line ${lineOf(tunnel, other.at)}`}`
              : 'leave it so if it is meant; else give each peer its own networks alone',
          }),
        ];
      });
    });
  },
};

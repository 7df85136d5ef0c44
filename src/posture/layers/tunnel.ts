import { judgePacket } from '../../firewall/simulate.ts';
import type { Reason } from '../../flow/verdict.ts';
import { type Address, formatAddress } from '../../net/address.ts';
import { formatPrefix, prefixContains } from '../../net/prefix.ts';
import { Protocol } from '../../net/protocol.ts';
import { packetFilters } from '../packet-filters.ts';
import type { Declared } from '../posture.ts';
import { readTunnels, type TunnelHit, tunnelsTo } from '../tunnels.ts';
import type { Layer } from './definition.ts';

const id = 'tunnel';

/** WireGuard: addresses behind a declared peer are reached through its tunnel, which has to be able to come up. */
export const tunnelLayer: Layer = {
  id,
  judge({ source, destination }, declared) {
    const tunnels = readTunnels(declared.controls);
    if (tunnels.length === 0) return [];
    const through = (direction: Reason['direction'], end: typeof source): Reason[] => {
      if (end.kind !== 'external') return [];
      return tunnelsTo(tunnels, end.address)
        .slice(0, 1)
        .map((hit) => reasonOf(hit, direction, end.address, declared));
    };
    return [...through('egress', destination), ...through('ingress', source)];
  },
};

function reasonOf(
  hit: TunnelHit,
  direction: Reason['direction'],
  address: Address,
  declared: Declared,
): Reason {
  const { tunnel, peer } = hit;
  const { key } = tunnel.file;
  const allowed = peer.allowedIps
    .filter(({ value }) => prefixContains(value, address))
    .toSorted((a, b) => b.value.length - a.value.length)[0];
  const behind = `${formatAddress(address)} lies behind a peer of ${tunnel.name}`.concat(
    allowed === undefined ? '' : ` (AllowedIPs ${formatPrefix(allowed.value)})`,
  );
  const { outcome, text, change } = stateOf(hit, declared);
  return {
    layer: id,
    direction,
    outcome,
    text: text === undefined ? behind : `${behind}: ${text}`,
    object: { kind: key.object.kind, name: key.object.name, namespace: key.object.namespace },
    rule: tunnel.config.peers.indexOf(peer),
    span: tunnel.span(allowed?.at ?? peer.at),
    ...(change !== undefined && { change }),
  };
}

interface State {
  readonly outcome: Reason['outcome'];
  readonly text?: string;
  readonly change?: string;
}

/** Whether the tunnel can come up, as far as it is declared. */
function stateOf({ tunnel, peer }: TunnelHit, declared: Declared): State {
  const own = tunnel.config.interface;
  if (own?.privateKey === undefined || peer.publicKey === undefined) {
    const which = own?.privateKey === undefined ? 'PrivateKey' : "peer's PublicKey";
    return {
      outcome: 'unknown',
      text: `its ${which} is no key, so that it cannot come up as it is declared`,
      change: `write the ${which} into ${tunnel.name}`,
    };
  }
  if (tunnel.containers.length === 0) {
    return { outcome: 'unknown', text: 'no declared workload uses this configuration' };
  }
  const dials = peer.endpoint === undefined;
  const port = own.listenPort?.value;
  if (dials && port === undefined) {
    return {
      outcome: 'unknown',
      text: 'the peer must dial in, and no ListenPort is declared',
      change: `add ListenPort = 51820 to [Interface] of ${tunnel.name}`,
    };
  }
  return (
    (tunnel.onHost && port !== undefined
      ? listening(tunnel.containers, port, dials, declared)
      : undefined) ?? {
      outcome: 'allow',
    }
  );
}

/** What firewalls of the machines say of the tunnel's own datagrams: of new ones when the peer must dial in, else of answers. */
function listening(
  containers: TunnelHit['tunnel']['containers'],
  port: number,
  dials: boolean,
  declared: Declared,
): State | undefined {
  for (const filter of packetFilters(declared)) {
    const runs = filter.runsOn(undefined);
    if (runs === false) continue;
    const state = dials ? 'NEW' : 'ESTABLISHED';
    const packet = { family: 4, chain: 'INPUT', protocol: Protocol.Udp, port, state, local: false } as const;
    const { outcome, why, step } = judgePacket(filter.ruleset, packet);
    if (outcome === 'allow') continue;
    const meets = containers.some(({ workload }) => workload.hostNetwork) && runs === true;
    const datagrams = dials ? `UDP ${port}, by which the peer must dial in` : `answers to UDP ${port}`;
    if (outcome === 'deny' && meets) {
      return {
        outcome: 'deny',
        text: `INPUT of ${filter.name} drops ${datagrams}`,
        change: dials
          ? filter.isOwn
            ? filter.change(packet, step?.rule)
            : `add \`iptables -A INPUT -p udp --dport ${port} -j ACCEPT\` to ${filter.name} before its last rule`
          : `add \`iptables -A INPUT -m conntrack --ctstate ESTABLISHED -j ACCEPT\` to ${filter.name}`,
      };
    }
    return {
      outcome: 'unknown',
      text: `whether INPUT of ${filter.name} accepts ${datagrams} is not known${why === undefined ? '' : `: ${why}`}`,
    };
  }
  return undefined;
}

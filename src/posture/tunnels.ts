import type { Span } from '../diagnostic/diagnostic.ts';
import type { Range } from '../manifest/locations.ts';
import { type Address, formatAddress } from '../net/address.ts';
import type { Prefix } from '../net/prefix.ts';
import type { PrefixTable } from '../net/prefix-table.ts';
import { parseWireguard } from '../wireguard/config.ts';
import type { Field, WireguardConfig, WireguardPeer } from '../wireguard/model.ts';
import { peerRoutes } from '../wireguard/topology.ts';
import type { PeerRange } from './address-book.ts';
import type { ContainerFacts } from './controls/container-facts.ts';
import type { Controls } from './controls/controls.ts';
import { dataObjectName } from './controls/data-object.ts';
import type { WireguardConfigFile } from './controls/wireguard.ts';

/** A declared WireGuard interface. */
export interface Tunnel {
  /** E.g. `wg0 of Secret vpn/wireguard-config`. */
  readonly name: string;
  readonly interfaceName: string;
  readonly file: WireguardConfigFile;
  readonly config: WireguardConfig;
  /** Which addresses lie behind which peer. */
  readonly routes: PrefixTable<WireguardPeer>;
  /** Containers in which the configuration is a file. */
  readonly containers: readonly ContainerFacts[];
  /** Whether it ends on the machines themselves: one of these is on the host's network. */
  readonly onHost: boolean;
  /** Returns where a stretch of the text stands in the user's files. */
  span(at: Range): Span;
}

/** A tunnel and the peer behind which an address lies. */
export interface TunnelHit {
  readonly tunnel: Tunnel;
  readonly peer: WireguardPeer;
}

const known = new WeakMap<Controls, readonly Tunnel[]>();

/** Returns the tunnels that the controls declare. Read once. */
export function readTunnels(controls: Controls): readonly Tunnel[] {
  const found = known.get(controls) ?? controls.wireguardConfigs.map((file) => tunnelOf(file, controls));
  known.set(controls, found);
  return found;
}

/** Returns the tunnels behind whose peers the address lies; default routes are left out, as they name no end. */
export function tunnelsTo(tunnels: readonly Tunnel[], address: Address): TunnelHit[] {
  return tunnels.flatMap((tunnel) => {
    const hit = tunnel.routes.lookupEntry(address);
    return hit === undefined || hit.prefix.length === 0 ? [] : [{ tunnel, peer: hit.value }];
  });
}

/**
 * Returns what lies behind the peers of tunnels, by the name of the interface and of where the peer is: its endpoint, else the first of
 * its addresses. A default route names no end.
 */
export function peerRanges(tunnels: readonly Tunnel[]): PeerRange[] {
  return tunnels.flatMap(({ interfaceName, config }) =>
    config.peers.flatMap(({ endpoint, allowedIps }) =>
      allowedIps
        .filter(({ value }) => value.length > 0)
        .map(({ value }, _, [first]) => ({
          name: `${interfaceName}/${endpoint?.value.host ?? formatAddress((first as Field<Prefix>).value.address)}`,
          prefix: value,
        })),
    ),
  );
}

function tunnelOf(file: WireguardConfigFile, { consumption }: Controls): Tunnel {
  const config = parseWireguard(file.text.text);
  const containers = [...new Set(consumption.filesOf(file.key).map(({ container }) => container))];
  return {
    name: `${file.interfaceName} of ${dataObjectName(file.key.object)}`,
    interfaceName: file.interfaceName,
    file,
    config,
    routes: peerRoutes(config),
    containers,
    onHost: containers.some(({ pod }) => pod.hostNetwork),
    span: ({ start, end }) => file.text.at(start, end),
  };
}

import type { Check } from '../definition.ts';
import { imageConfigPath } from './image-config-path.ts';
import { imageCutsNode } from './image-cuts-node.ts';
import { leftToChance } from './left-to-chance.ts';
import { oneIdentity } from './one-identity.ts';
import { openPlaceholders } from './open-placeholders.ts';
import { overlappingAllowedIps } from './overlapping-allowed-ips.ts';
import { ownNetworkAtPeer } from './own-network-at-peer.ts';
import { refusedConfig } from './refused-config.ts';
import { usualNetwork } from './usual-network.ts';

/** Checks over WireGuard tunnels. */
export const tunnelChecks: readonly Check[] = [
  openPlaceholders,
  refusedConfig,
  imageCutsNode,
  oneIdentity,
  ownNetworkAtPeer,
  overlappingAllowedIps,
  usualNetwork,
  leftToChance,
  imageConfigPath,
];

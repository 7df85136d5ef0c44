import type { Layer } from './definition.ts';
import { hostFirewallLayer } from './host-firewall.ts';
import { meshLayer } from './mesh.ts';
import { networkPolicyLayer } from './network-policy.ts';
import { tunnelLayer } from './tunnel.ts';

/** All layers, in the order in which a packet meets them. */
export const layers: readonly Layer[] = [networkPolicyLayer, meshLayer, hostFirewallLayer, tunnelLayer];

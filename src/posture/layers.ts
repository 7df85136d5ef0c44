import type { Layer } from './layer.ts';
import { networkPolicyLayer } from './network-policy-layer.ts';

/** All layers, in the order in which a packet meets them. */
export const layers: readonly Layer[] = [networkPolicyLayer];

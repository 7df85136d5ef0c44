import type { TunnelKind } from '../flow.ts';

/** Kinds of tunnels by number less one. */
export const tunnelKinds: readonly TunnelKind[] = [
  'ipip',
  'gre',
  'erspan',
  'vxlan',
  'geneve',
  'gtp-u',
  'teredo',
  'capwap',
  'pppoe',
  'mpls',
  'l2tp',
];

/** What carries packets inside others. Some tables keep a kind by its place here, counted from 1: new ones go to the end. */
export const tunnelKinds = [
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
] as const;

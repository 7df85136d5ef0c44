import type { Effect } from './ruleset.ts';

export const verdicts: Readonly<Record<string, Effect>> = {
  accept: 'accept',
  drop: 'drop',
  reject: 'drop',
  return: 'return',
  continue: 'continue',
  queue: 'unknown',
  dnat: 'translate',
  redirect: 'translate',
  tproxy: 'translate',
  snat: 'accept',
  masquerade: 'accept',
  notrack: 'untrack',
  synproxy: 'unknown',
  vmap: 'unknown',
};
/** Statements that leave the packet as it is, for the rules. */
export const silent = new Set(['counter', 'log', 'comment', 'meter', 'nftrace']);
export const keywords = new Set([
  'ct',
  'ip',
  'ip6',
  'tcp',
  'udp',
  'sctp',
  'dccp',
  'th',
  'meta',
  'icmp',
  'icmpv6',
]);
export const interfaces = new Set(['iif', 'iifname', 'oif', 'oifname']);

/** Tells whether a word begins an expression or a statement that is understood. */
export function isKeyword(text: string): boolean {
  return (
    keywords.has(text) ||
    interfaces.has(text) ||
    silent.has(text) ||
    text === 'jump' ||
    text === 'goto' ||
    Object.hasOwn(verdicts, text)
  );
}

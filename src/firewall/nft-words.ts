import type { Effect } from './ruleset.ts';

/** Statements that end a rule (nft(8), VERDICT STATEMENT and after). */
export const verdicts: Readonly<Record<string, Effect>> = {
  accept: 'accept',
  drop: 'drop',
  reject: 'drop',
  return: 'return',
  continue: 'continue',
  queue: 'unknown',
  synproxy: 'unknown',
  fwd: 'unknown',
};

/** Statements that translate, and the end whose address they write. */
export const translations: Readonly<Record<string, 'source' | 'destination'>> = {
  dnat: 'destination',
  redirect: 'destination',
  snat: 'source',
  masquerade: 'source',
};

/** What may follow in statements that do nothing to the packet: words, and how many others each takes with it. */
export const details: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  log: { prefix: 1, level: 1, group: 1, snaplen: 1, 'queue-threshold': 1, 'queue-size': 1 },
  counter: { packets: 1, bytes: 1 },
  last: { used: 1 },
  comment: {},
  dup: { to: 1, device: 1 },
};

/** Words of limits and quotas beside their numbers. */
export const limitWords: ReadonlySet<string> = new Set(
  'rate over until burst packets bytes kbytes mbytes used /'.split(' '),
);

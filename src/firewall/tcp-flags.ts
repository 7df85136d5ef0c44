import type { Match } from './ruleset.ts';

/** Names of the bits of the TCP header, from the lowest on (RFC 9293 §3.1, RFC 3168 §6.1). */
export const tcpFlagNames = ['FIN', 'SYN', 'RST', 'PSH', 'ACK', 'URG', 'ECE', 'CWR'] as const;

const bits: ReadonlyMap<string, number> = new Map([
  ...tcpFlagNames.map((name, i): [string, number] => [name, 1 << i]),
  ['ECN', 64],
]);

/** Returns the bits of `syn`, `fin|ack`, `0x12`, `none`; undefined for other text. */
export function parseTcpFlags(text: string): number | undefined {
  let up = 0;
  for (const name of text.split('|')) {
    const value = /^(?:0x[0-9a-f]+|\d+)$/i.test(name) ? Number(name) : bits.get(name.toUpperCase());
    if (value === undefined || value > 255) return undefined;
    up |= value;
  }
  return up;
}

/** Returns the condition that of the bits in `mask` exactly those in `set` are up. */
export function tcpFlagsMatch(mask: number, set: number, negated = false): Match {
  const names = (value: number) => new Set(tcpFlagNames.filter((_, i) => (value & (1 << i)) !== 0));
  return { kind: 'tcp flags', mask: names(mask), set: names(set), negated };
}

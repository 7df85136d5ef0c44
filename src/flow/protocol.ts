/** Names of the IP protocols that people write, as in IANA's "Assigned Internet Protocol Numbers", lower case. */
const names: ReadonlyMap<number, string> = new Map([
  [1, 'icmp'],
  [6, 'tcp'],
  [17, 'udp'],
  [58, 'ipv6-icmp'],
  [132, 'sctp'],
]);

const numbers: ReadonlyMap<string, number> = new Map([...names].map(([number, name]) => [name, number]));

/** IP protocol number of TCP. */
export const tcp = 6;

/** Returns the lower-case name of an IP protocol number, or the number as text when it has no name here. */
export function protocolName(protocol: number): string {
  return names.get(protocol) ?? String(protocol);
}

/** Returns the IP protocol number that `text` names or writes in decimal (0 to 255), or undefined. */
export function protocolNumber(text: string): number | undefined {
  const named = numbers.get(text.toLowerCase());
  if (named !== undefined) return named;
  if (!/^(0|[1-9][0-9]{0,2})$/.test(text)) return undefined;
  return Number(text) <= 255 ? Number(text) : undefined;
}

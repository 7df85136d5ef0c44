import { type Address, parseAddress } from '../../net/address.ts';

/** The resolver asks no more of them (MAXNS, resolv.conf(5)). */
const most = 3;

/** Returns the name servers of a resolv.conf(5). */
export function readNameservers(text: string): Address[] {
  const found: Address[] = [];
  for (const line of text.split('\n', 1000)) {
    const [, server] = /^nameserver[ \t]+([^\s%]+)/.exec(line) ?? [];
    const address = server === undefined ? undefined : parseAddress(server);
    if (address !== undefined && found.length < most) found.push(address);
  }
  return found;
}

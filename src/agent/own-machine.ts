import { readFileSync } from 'node:fs';
import { hostname, networkInterfaces } from 'node:os';
import { readNameservers } from '../enforce/machine/resolv-conf.ts';
import type { OwnMachine } from '../incident/site-names.ts';
import { type Address, isLoopback, parseAddress } from '../net/address.ts';

/** Returns the name and addresses of this machine, its gateways and name servers, as far as they can be read. */
export function readOwnMachine(): OwnMachine {
  const texts = Object.values(networkInterfaces()).flatMap((ones) =>
    (ones ?? []).map(({ address }) => address),
  );
  const addresses = texts
    .map((text) => parseAddress(text.split('%')[0]!))
    .filter((address): address is Address => address !== undefined && !isLoopback(address));
  return {
    name: hostname(),
    addresses,
    gateways: [...gateways(fileText('/proc/net/route')), ...gateways6(fileText('/proc/net/ipv6_route'))],
    nameservers: readNameservers(fileText('/etc/resolv.conf')),
  };
}

function fileText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** Next hops of default routes in the text of /proc/net/route (proc_net_route of Linux: addresses as words of the machine, which is little-endian). */
export function gateways(text: string): Address[] {
  return text.split('\n').flatMap((line) => {
    const [, destination, gateway] = line.split(/\s+/);
    if (destination !== '00000000' || gateway === undefined || !/^[0-9A-F]{8}$/i.test(gateway)) return [];
    const bytes = gateway.match(/../g)!.reverse();
    return nextHop(bytes.map((byte) => Number.parseInt(byte, 16)).join('.'), '0.0.0.0');
  });
}

/** The same in the text of /proc/net/ipv6_route. */
export function gateways6(text: string): Address[] {
  return text.split('\n').flatMap((line) => {
    const [destination, length, , , gateway] = line.trim().split(/\s+/);
    if (destination !== '0'.repeat(32) || length !== '00' || !/^[0-9a-f]{32}$/i.test(gateway ?? ''))
      return [];
    return nextHop(gateway!.match(/.{4}/g)!.join(':'), '0000:0000:0000:0000:0000:0000:0000:0000');
  });
}

function nextHop(text: string, none: string): Address[] {
  const address = text === none ? undefined : parseAddress(text);
  return address === undefined ? [] : [address];
}

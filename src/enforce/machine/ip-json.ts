import { z } from 'zod';
import type { MachineInterface } from '../../firewall/guard/machine.ts';
import { type Address, parseAddress } from '../../net/address.ts';
import { prefixOf } from '../../net/prefix.ts';

const addresses = z.array(
  z.object({
    ifname: z.string().optional(),
    addr_info: z
      .array(
        z.object({
          local: z.string().optional(),
          prefixlen: z.number().optional(),
          dynamic: z.boolean().optional(),
        }),
      )
      .optional(),
  }),
);
const routes = z.array(
  z.object({
    dev: z.string().optional(),
    gateway: z.string().optional(),
    via: z.object({ host: z.string().optional() }).optional(),
    nexthops: z.array(z.object({ gateway: z.string().optional() })).optional(),
  }),
);

/** Returns the interfaces that `ip -j address show` tells of (ip-address(8)); what cannot be read is left out. */
export function readIpAddresses(text: string): MachineInterface[] {
  return read(text, addresses).flatMap(({ ifname, addr_info = [] }) => {
    if (ifname === undefined) return [];
    const own = addr_info.flatMap(({ local = '', prefixlen, dynamic = false }) => {
      const address = parseAddress(local);
      if (address === undefined) return [];
      const bits = address.family === 4 ? 32 : 128;
      const length = prefixlen !== undefined && prefixlen >= 0 && prefixlen <= bits ? prefixlen : bits;
      return [{ address, prefix: prefixOf(address, length), dynamic }];
    });
    return [{ name: ifname, addresses: own }];
  });
}

/** Returns the interfaces of the routes that `ip -j route show` tells of. */
export function readIpRoutes(text: string): string[] {
  return read(text, routes).flatMap(({ dev }) => (dev === undefined ? [] : [dev]));
}

/** Returns the next hops of the routes that `ip -j route show` tells of, IPv6 ones of IPv4 routes (`via inet6`) too. */
export function readIpGateways(text: string): Address[] {
  return read(text, routes)
    .flatMap(({ gateway, via, nexthops = [] }) => [gateway, via?.host, ...nexthops.map((hop) => hop.gateway)])
    .flatMap((host) => parseAddress(host ?? '') ?? []);
}

function read<T>(text: string, schema: z.ZodType<T[]>): T[] {
  try {
    return schema.safeParse(JSON.parse(text || '[]')).data ?? [];
  } catch {
    return [];
  }
}

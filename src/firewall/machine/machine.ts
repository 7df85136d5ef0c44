import {
  type Address,
  type Family,
  isLoopback,
  isMulticast,
  isUnspecified,
  sameAddress,
} from '../../net/address.ts';
import { lastAddress, type Prefix, prefixContains, prefixOf } from '../../net/prefix.ts';

/** An interface with the addresses that it has, the first of a family being what leaves by it is given (masquerade). */
export interface MachineInterface {
  readonly name: string;
  readonly addresses: readonly { readonly address: Address; readonly length: number }[];
}

/** Where packets to a prefix leave; of several that hold an address, the longest counts. */
export interface Route {
  readonly to: Prefix;
  readonly out: string;
}

/** What of a machine decides over packets besides its rules. */
export interface Machine {
  readonly interfaces: readonly MachineInterface[];
  /** Beside those to the networks of its interfaces. */
  readonly routes: readonly Route[];
  /** net.ipv4.ip_forward, net.ipv6.conf.all.forwarding. */
  readonly forwards: boolean;
  /** net.netfilter.nf_conntrack_tcp_loose: connections are taken up in their middle. On by default. */
  readonly looseTcp?: boolean;
  /** Connections that are kept, at most; 262,144 when nothing is said. */
  readonly connections?: number;
}

/** Kind of an address, as the routes of a machine see it (ip-route(8), TYPES). */
export type AddressType = 'LOCAL' | 'UNICAST' | 'BROADCAST' | 'MULTICAST';

/** Answers of a machine's routes. */
export class Routing {
  readonly #machine: Machine;
  readonly #routes: readonly Route[];

  constructor(machine: Machine) {
    this.#machine = machine;
    const connected = machine.interfaces.flatMap(({ name, addresses }) =>
      addresses.map(({ address, length }) => ({ to: prefixOf(address, length), out: name })),
    );
    this.#routes = [...machine.routes, ...connected].sort((x, y) => y.to.length - x.to.length);
  }

  /** Returns what kind an address is; undefined where no route leads to it. */
  typeOf(address: Address): AddressType | undefined {
    if (isMulticast(address)) return 'MULTICAST';
    if (isLoopback(address)) return 'LOCAL';
    const isBroadcast = isUnspecified(address) || (address.family === 4 && address.d === 0xffffffff);
    if (isBroadcast) return 'BROADCAST';
    for (const { addresses } of this.#machine.interfaces) {
      for (const own of addresses) {
        if (sameAddress(own.address, address)) return 'LOCAL';
        if (address.family !== 4 || own.address.family !== 4 || own.length > 30) continue;
        const network = prefixOf(own.address, own.length);
        if (sameAddress(lastAddress(network), address)) return 'BROADCAST';
      }
    }
    return this.outTo(address) === undefined ? undefined : 'UNICAST';
  }

  /** Returns the interface by which packets to an address leave; undefined without a route. */
  outTo(address: Address): string | undefined {
    return this.#routes.find(({ to }) => prefixContains(to, address))?.out;
  }

  /** Returns the address that masquerading and redirecting put in for an interface. */
  addressOf(name: string | undefined, family: Family): Address | undefined {
    const own = this.#machine.interfaces.find((one) => one.name === name);
    return own?.addresses.find(({ address }) => address.family === family)?.address;
  }
}

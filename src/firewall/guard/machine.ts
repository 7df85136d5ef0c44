import type { Address } from '../../net/address.ts';
import type { Prefix } from '../../net/prefix.ts';

/** An address and a port. */
export interface SocketEnd {
  readonly address: Address;
  readonly port: number;
}

/** A connection that is open, as this machine sees it. */
export interface OpenConnection {
  readonly local: SocketEnd;
  readonly remote: SocketEnd;
}

/** A socket that takes connections or datagrams. */
export interface Listener extends SocketEnd {
  readonly protocol: 6 | 17;
}

/** An interface with its addresses. */
export interface MachineInterface {
  readonly name: string;
  readonly addresses: readonly {
    readonly prefix: Prefix;
    readonly address: Address;
    readonly dynamic: boolean;
  }[];
}

/** Who is to reach a machine whatever happens. */
export interface Administrator {
  readonly prefix: Prefix;
  /** Where they come in, as far as that is said. */
  readonly inInterface?: string;
  /** TCP ports that they need; those of ssh where none are said. */
  readonly ports?: readonly number[];
}

/** What a machine does on its network, as far as a packet filter may cut it. What it does not do is not asked of the rules. */
export interface Machine {
  readonly interfaces: readonly MachineInterface[];
  /** Names of interfaces with a default route. */
  readonly uplinks: readonly string[];
  /** Next hops of the default routes; absent where they were not asked for. */
  readonly gateways?: readonly Address[];
  readonly listeners: readonly Listener[];
  /** TCP connections that are established, as many as are looked at. */
  readonly connections: readonly OpenConnection[];
  /** How many more there are. */
  readonly unseenConnections: number;
  readonly nameservers: readonly Address[];
  readonly forwards: { readonly ipv4: boolean; readonly ipv6: boolean };
  readonly wireguard: readonly {
    readonly name: string;
    readonly port: number;
    readonly endpoints: readonly SocketEnd[];
  }[];
  /** The connection that the change comes through (SSH_CONNECTION of sshd(8)). */
  readonly session?: OpenConnection;
  readonly admins: readonly Administrator[];
  /** Ports on which Picket itself serves. */
  readonly ownPorts: readonly number[];
}

/** Returns the name of the interface that has an address, undefined where none has. */
export function interfaceOf({ interfaces }: Machine, { family, a, b, c, d }: Address): string | undefined {
  return interfaces.find(({ addresses }) =>
    addresses.some(
      ({ address: own }) => own.family === family && own.a === a && own.b === b && own.c === c && own.d === d,
    ),
  )?.name;
}

import { type Address, formatAddress, isLoopback } from '../../net/address.ts';
import { Protocol } from '../../net/protocol.ts';
import type { Packet } from '../packet.ts';
import type { ControlPath } from './control-path.ts';
import { interfaceOf, type Machine } from './machine.ts';
import { incoming, outgoing } from './service-paths.ts';

/** So many open connections are asked for one by one. */
const mostConnections = 256;
const apiPort = 6443;
/** Messages that RFC 4890 §4.4.1 and RFC 4861 say must pass; the kernel does not track them (nf_conntrack_proto_icmpv6.c). */
const neighbourTypes = [
  { type: 135, name: 'solicitation' },
  { type: 136, name: 'advertisement' },
  { type: 134, name: 'advertisement of routers' },
] as const;
/** The Unspecified source of a client without an address is left out: what it asks goes past the filter, by a socket of packets. */
const dhcp = { client: 68, server: 67, client6: 546, server6: 547 } as const;

/** Returns what has to go out, and come back, for what this machine asks of others. */
export function clientPaths(machine: Machine): ControlPath[] {
  return [...dnsPaths(machine), ...dhcpPaths(machine), ...apiPaths(machine)];
}

/** Returns what has to pass so that open connections go on and the network itself works. */
export function basicPaths(machine: Machine): ControlPath[] {
  const paths: ControlPath[] = [];
  for (const family of familiesOf(machine)) {
    for (const chain of ['INPUT', 'OUTPUT'] as const)
      paths.push({
        risk: 'established',
        title: `open connections (IPv${family}, ${chain === 'INPUT' ? 'in' : 'out'})`,
        packet: { family, chain, protocol: Protocol.Tcp, state: 'ESTABLISHED', local: false },
        standsForMany: true,
      });
    const [protocol, icmpType, icmpCode] = family === 4 ? [1, 3, 4] : [58, 2, 0];
    paths.push({
      risk: 'path-mtu',
      title: `packet too big (IPv${family})`,
      packet: { family, chain: 'INPUT', protocol, icmpType, icmpCode, state: 'RELATED', local: false },
      standsForMany: true,
    });
  }
  for (const connection of machine.connections.slice(0, mostConnections))
    paths.push({
      risk: 'established',
      title: `the open connection with ${endText(connection.remote)}`,
      packet: incoming(machine, connection, Protocol.Tcp, 'ESTABLISHED'),
    });
  return [...paths, ...loopbackPaths(machine), ...neighbourPaths(machine)];
}

function dnsPaths(machine: Machine): ControlPath[] {
  return machine.nameservers.flatMap((server) => {
    const local = sourceFor(machine, server);
    if (local === undefined) return [];
    const connection = { local: { address: local, port: 0 }, remote: { address: server, port: 53 } };
    const title = `the name server ${formatAddress(server)}`;
    const open = ({ sourcePort: _, ...packet }: Packet): Packet => packet;
    const { port: _, ...answer } = incoming(machine, connection, Protocol.Udp, 'ESTABLISHED');
    return [
      { risk: 'dns', title, packet: open(outgoing(machine, connection, Protocol.Udp, 'NEW')) },
      {
        risk: 'dns',
        title: `${title} by TCP`,
        packet: open(outgoing(machine, connection, Protocol.Tcp, 'NEW')),
      },
      { risk: 'dns', title: `answers of ${title}`, packet: answer },
    ] satisfies ControlPath[];
  });
}

function dhcpPaths({ listeners, interfaces }: Machine): ControlPath[] {
  const hears = (port: number) => listeners.some((one) => one.protocol === 17 && one.port === port);
  const isDynamic = (family: 4 | 6) =>
    interfaces.some(({ addresses }) =>
      addresses.some(({ address, dynamic }) => dynamic && address.family === family),
    );
  const paths: ControlPath[] = [];
  const add = (family: 4 | 6, client: number, server: number) => {
    const title = `DHCP for IPv${family}`;
    const common = { family, protocol: Protocol.Udp, state: 'NEW', local: false } as const;
    // What a server sends to all, or from another address than was asked, is the answer to nothing that was tracked.
    paths.push(
      {
        risk: 'dhcp',
        title: `${title}: answers`,
        packet: { ...common, chain: 'INPUT', port: client, sourcePort: server },
        standsForMany: true,
      },
      {
        risk: 'dhcp',
        title,
        packet: { ...common, chain: 'OUTPUT', port: server, sourcePort: client },
        standsForMany: true,
      },
    );
  };
  if (hears(dhcp.client) || isDynamic(4)) add(4, dhcp.client, dhcp.server);
  if (hears(dhcp.client6)) add(6, dhcp.client6, dhcp.server6);
  return paths;
}

/** Connections to an API server elsewhere. */
function apiPaths(machine: Machine): ControlPath[] {
  const used = machine.connections.filter(
    ({ remote }) => remote.port === apiPort && !isLoopback(remote.address),
  );
  return used.slice(0, mostConnections).map((connection) => {
    const { sourcePort: _, ...packet } = outgoing(machine, connection, Protocol.Tcp, 'NEW');
    return { risk: 'kubernetes-api', title: `the API server ${endText(connection.remote)}`, packet };
  });
}

function loopbackPaths({ interfaces }: Machine): ControlPath[] {
  const own = interfaces
    .flatMap(({ addresses }) => addresses.map(({ address }) => address))
    .filter(isLoopback);
  return own.flatMap((address) =>
    (['INPUT', 'OUTPUT'] as const).map((chain) => ({
      risk: 'loopback',
      title: `from ${formatAddress(address)} to itself`,
      packet: {
        family: address.family,
        chain,
        protocol: Protocol.Tcp,
        source: address,
        destination: address,
        state: 'NEW',
        local: true,
        ...(chain === 'INPUT' ? { inInterface: 'lo' } : { outInterface: 'lo' }),
      },
      standsForMany: true as const,
    })),
  );
}

function neighbourPaths(machine: Machine): ControlPath[] {
  if (!familiesOf(machine).includes(6)) return [];
  return neighbourTypes.flatMap(({ type, name }) =>
    (['INPUT', 'OUTPUT'] as const)
      .filter((chain) => chain === 'INPUT' || type !== 134)
      .map((chain) => ({
        risk: 'neighbour-discovery',
        title: `${name} (ICMPv6 ${type}, ${chain === 'INPUT' ? 'in' : 'out'})`,
        packet: {
          family: 6,
          chain,
          protocol: 58,
          icmpType: type,
          icmpCode: 0,
          state: 'UNTRACKED',
          local: false,
        },
        standsForMany: true as const,
      })),
  );
}

/** IP versions that the machine uses off loopback. */
function familiesOf({ interfaces }: Machine): readonly (4 | 6)[] {
  const own = interfaces.flatMap(({ addresses }) => addresses.map(({ address }) => address));
  return ([4, 6] as const).filter((family) =>
    own.some((address) => address.family === family && !isLoopback(address)),
  );
}

/** The address that a packet to another machine most likely comes from: one of its network, else one of the way out. */
function sourceFor(machine: Machine, to: Address): Address | undefined {
  if (isLoopback(to) || interfaceOf(machine, to) !== undefined) return to;
  const own = machine.interfaces.flatMap(({ name, addresses }) => addresses.map((one) => ({ name, ...one })));
  const usable = own.filter(({ address }) => address.family === to.family && !isLoopback(address));
  return (usable.find(({ name }) => machine.uplinks.includes(name)) ?? usable[0])?.address;
}

function endText({ address, port }: Machine['connections'][number]['remote']): string {
  return address.family === 6 ? `[${formatAddress(address)}]:${port}` : `${formatAddress(address)}:${port}`;
}

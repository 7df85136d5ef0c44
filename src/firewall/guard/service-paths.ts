import { type Address, formatAddress, isLoopback, isUnspecified, sameAddress } from '../../net/address.ts';
import { lastAddress } from '../../net/prefix.ts';
import type { Packet } from '../packet.ts';
import type { ControlPath, RiskName } from './control-path.ts';
import { interfaceOf, type Listener, type Machine, type OpenConnection } from './machine.ts';

/** Ports by which services are known (IANA; Kubernetes, Ports and Protocols). */
const services: readonly { readonly risk: RiskName; readonly protocol: 6 | 17; readonly port: number }[] = [
  { risk: 'kubernetes-api', protocol: 6, port: 6443 },
  { risk: 'kubelet', protocol: 6, port: 10250 },
  { risk: 'overlay', protocol: 17, port: 4789 },
  { risk: 'overlay', protocol: 17, port: 6081 },
  { risk: 'overlay', protocol: 17, port: 8472 },
];
/** So many ends that use a service now are asked for one by one. */
const mostRemotes = 64;
const sshPort = 22;

/** Returns what has to come in for ssh: from who is on the line, who was declared, or somebody. */
export function sshPaths(machine: Machine): ControlPath[] {
  const { session, admins, listeners } = machine;
  const paths: ControlPath[] = [];
  if (session !== undefined) {
    const title = `ssh from ${formatAddress(session.remote.address)}`;
    // The kernel may not have tracked the connection so far: its next packet is then a new one to it.
    for (const state of ['ESTABLISHED', 'NEW'] as const)
      paths.push({ risk: 'ssh', title, packet: incoming(machine, session, 6, state) });
    paths.push({
      risk: 'ssh',
      title: `${title}: the answers`,
      packet: outgoing(machine, session, 6, 'ESTABLISHED'),
    });
  }
  const ports = new Set(
    listeners
      .filter(({ protocol, port, address }) => protocol === 6 && port === sshPort && !isLoopback(address))
      .map(({ port }) => port),
  );
  if (session !== undefined) ports.add(session.local.port);
  const sshPorts = ports.size === 0 ? [sshPort] : [...ports];
  for (const { prefix, inInterface, ports: needed = sshPorts } of admins) {
    for (const address of [prefix.address, lastAddress(prefix)]) {
      for (const port of needed)
        paths.push({
          ...named(port, formatAddress(address)),
          packet: {
            family: address.family,
            chain: 'INPUT',
            protocol: 6,
            source: address,
            port,
            state: 'NEW',
            local: false,
            ...(inInterface !== undefined && { inInterface }),
          },
        });
    }
  }
  if (session === undefined && admins.length === 0) paths.push(...usersOf(machine, 'ssh', 6, sshPort));
  return paths;
}

/** What an administrator needs, by its port. */
function named(port: number, from: string): Pick<ControlPath, 'risk' | 'title'> {
  const known = services.find((one) => one.protocol === 6 && one.port === port);
  if (known !== undefined) return { risk: known.risk, title: `${known.risk} from the administrator ${from}` };
  return {
    risk: 'ssh',
    title: `ssh from the administrator ${from}${port === sshPort ? '' : ` (port ${port})`}`,
  };
}

/** Returns what has to come in for services that are known by their ports, and for Picket itself. */
export function servicePaths(machine: Machine): ControlPath[] {
  return [
    ...services.flatMap(({ risk, protocol, port }) => usersOf(machine, risk, protocol, port)),
    ...machine.ownPorts.flatMap((port) => usersOf(machine, 'agent', 6, port)),
    ...machine.wireguard.flatMap(({ name, port, endpoints }) => tunnelPaths(machine, name, port, endpoints)),
  ];
}

/** Who uses a port now; where nobody does, anybody. */
function usersOf(machine: Machine, risk: RiskName, protocol: 6 | 17, port: number): ControlPath[] {
  const served = machine.listeners.filter((one) => one.protocol === protocol && one.port === port);
  if (served.length === 0) return [];
  const paths: ControlPath[] = [];
  const users = new Map<string, OpenConnection>();
  for (const connection of protocol === 6 ? machine.connections : []) {
    if (connection.local.port !== port || isLoopback(connection.remote.address)) continue;
    if (users.size < mostRemotes) users.set(formatAddress(connection.remote.address), connection);
  }
  for (const [from, connection] of users)
    paths.push({
      risk,
      title: `${risk} from ${from}`,
      packet: incoming(machine, connection, protocol, 'NEW'),
    });
  if (users.size > 0) return paths;
  return served.flatMap((listener) => anybody(machine, risk, listener));
}

function anybody(machine: Machine, risk: RiskName, { address, port, protocol }: Listener): ControlPath[] {
  const families = isUnspecified(address) && address.family === 6 ? ([4, 6] as const) : [address.family];
  return families.map((family) => {
    const isLocal = isLoopback(address);
    const inInterface = isLocal ? 'lo' : isUnspecified(address) ? undefined : interfaceOf(machine, address);
    return {
      risk,
      title: `${risk} (port ${port}, IPv${family})`,
      packet: {
        family,
        chain: 'INPUT',
        protocol,
        port,
        state: 'NEW',
        local: isLocal,
        ...(isLocal && { source: address }),
        ...(!isUnspecified(address) && { destination: address }),
        ...(inInterface !== undefined && { inInterface }),
      },
      ...(!isLocal && { standsForMany: true as const }),
    };
  });
}

function tunnelPaths(
  machine: Machine,
  name: string,
  port: number,
  endpoints: Machine['wireguard'][number]['endpoints'],
): ControlPath[] {
  const local = (family: 4 | 6) =>
    machine.interfaces
      .flatMap(({ addresses }) => addresses)
      .find(({ address }) => address.family === family && !isLoopback(address))?.address;
  const known = endpoints.flatMap((remote) => {
    const own = local(remote.address.family);
    if (own === undefined) return [];
    const connection = { local: { address: own, port }, remote };
    const title = `the tunnel ${name} to ${formatAddress(remote.address)}`;
    return [
      { risk: 'wireguard', title, packet: incoming(machine, connection, 17, 'NEW') },
      { risk: 'wireguard', title, packet: outgoing(machine, connection, 17, 'NEW') },
    ] satisfies ControlPath[];
  });
  const heard = { address: { family: 6, a: 0, b: 0, c: 0, d: 0 }, port, protocol: 17 } as const;
  return known.length > 0 ? known : anybody(machine, 'wireguard', heard);
}

/** A packet from the other end of a connection. */
export function incoming(
  machine: Machine,
  { local, remote }: OpenConnection,
  protocol: number,
  state: Packet['state'],
): Packet {
  const inInterface = inputInterface(machine, local.address, remote.address);
  return {
    family: remote.address.family,
    chain: 'INPUT',
    protocol,
    source: remote.address,
    sourcePort: remote.port,
    destination: local.address,
    port: local.port,
    state,
    local: inInterface === 'lo',
    ...(inInterface !== undefined && { inInterface }),
  };
}

/** A packet to the other end of a connection. */
export function outgoing(
  machine: Machine,
  { local, remote }: OpenConnection,
  protocol: number,
  state: Packet['state'],
): Packet {
  const outInterface = inputInterface(machine, local.address, remote.address);
  return {
    family: remote.address.family,
    chain: 'OUTPUT',
    protocol,
    source: local.address,
    sourcePort: local.port,
    destination: remote.address,
    port: remote.port,
    state,
    ...(outInterface !== undefined && { outInterface }),
  };
}

/** Where packets between two addresses pass: by loopback within the machine, else by the interface that has ours. */
function inputInterface(machine: Machine, local: Address, remote: Address): string | undefined {
  const isWithin =
    isLoopback(remote) || sameAddress(local, remote) || interfaceOf(machine, remote) !== undefined;
  return isWithin ? 'lo' : interfaceOf(machine, local);
}

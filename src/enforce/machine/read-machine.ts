import type { Administrator, Listener, Machine, OpenConnection } from '../../firewall/guard/machine.ts';
import { parseProcNetSockets } from '../../flow/proc-net-sockets.ts';
import type { Address } from '../../net/address.ts';
import { isLoopback } from '../../net/address.ts';
import type { Runner } from '../runner.ts';
import { readIpAddresses, readIpGateways, readIpRoutes } from './ip-json.ts';
import { readNameservers } from './resolv-conf.ts';
import { readSshConnection } from './ssh-connection.ts';
import { readWireguardDump } from './wireguard-dump.ts';

/** What is said of a machine that it does not tell itself. */
export interface MachineHints {
  /** SSH_CONNECTION, as sshd(8) sets it. */
  readonly sshConnection: string | undefined;
  /** Texts of resolv.conf(5) files. */
  readonly resolvConf: readonly string[];
  readonly admins: readonly Administrator[];
  readonly ownPorts: readonly number[];
}

/** So many open connections are looked at. */
const mostConnections = 4096;
/** Numbers of states of TCP (include/net/tcp_states.h); a UDP socket without a peer is in that of 7. */
const [established, listening, unconnected] = [1, 10, 7];
const forward4 = '/proc/sys/net/ipv4/ip_forward';
const forward6 = '/proc/sys/net/ipv6/conf/all/forwarding';

/** Returns what a machine does on its network, seen from the runner's network namespace. Throws an Error where ip(8) or /proc cannot be asked. */
export async function readMachine(runner: Runner, hints: MachineHints): Promise<Machine> {
  const text = async (program: string, ...args: string[]): Promise<string> => {
    const { code, out, err } = await runner.run(program, args);
    if (code !== 0) throw new Error(`${program} ${args.join(' ')}: ${err.trim()}`);
    return out;
  };
  const absent = async (...paths: string[]): Promise<string> => (await runner.run('cat', paths)).out;
  const interfaces = readIpAddresses(await text('ip', '-j', 'address', 'show'));
  const routes = `${await text('ip', '-j', 'route', 'show', 'default')}`;
  const routes6 = (await runner.run('ip', ['-6', '-j', 'route', 'show', 'default'])).out;
  // A kernel without IPv6 has no such files.
  const tcp = await absent('/proc/net/tcp', '/proc/net/tcp6');
  const udp = await absent('/proc/net/udp', '/proc/net/udp6');
  const { connections, unseen, listeners } = readSockets(tcp, udp);
  const session = readSshConnection(hints.sshConnection);
  return {
    interfaces,
    uplinks: [...new Set([...readIpRoutes(routes), ...readIpRoutes(routes6)])],
    gateways: [routes, routes6].flatMap(readIpGateways),
    listeners,
    connections,
    unseenConnections: unseen,
    nameservers: hints.resolvConf.flatMap(readNameservers).filter(unlike(isLoopback)),
    forwards: {
      ipv4: (await absent(forward4)).trim() === '1',
      ipv6: (await absent(forward6)).trim() === '1',
    },
    wireguard: await tunnels(runner),
    ...(session !== undefined && { session }),
    admins: hints.admins,
    ownPorts: hints.ownPorts,
  };
}

/**
 * Tells how the connection that a change came through is: `lost` where this machine has no such connection any more, `stuck` where what
 * it sent is not answered, `alive` else.
 */
export async function connectionState(
  runner: Runner,
  { local, remote }: OpenConnection,
): Promise<'alive' | 'stuck' | 'lost'> {
  const { out } = await runner.run('cat', ['/proc/net/tcp', '/proc/net/tcp6']);
  for (const socket of parseProcNetSockets(out)) {
    if (socket.local.port !== local.port || socket.remote.port !== remote.port) continue;
    if (!same(socket.local.address, local.address) || !same(socket.remote.address, remote.address)) continue;
    if (socket.state !== established) continue;
    return socket.retransmits > 0 ? 'stuck' : 'alive';
  }
  return 'lost';
}

/** Sorts sockets of /proc/net into those that wait for others and those that talk with one. */
export function readSockets(
  tcp: string,
  udp: string,
): {
  readonly connections: readonly OpenConnection[];
  readonly unseen: number;
  readonly listeners: readonly Listener[];
} {
  const connections: OpenConnection[] = [];
  const listeners = new Map<string, Listener>();
  let unseen = 0;
  const listen = (protocol: 6 | 17, { address, port }: OpenConnection['local']) => {
    const { family, a, b, c, d } = address;
    listeners.set(`${protocol} ${family} ${a} ${b} ${c} ${d} ${port}`, { address, port, protocol });
  };
  for (const { state, local, remote } of parseProcNetSockets(tcp)) {
    if (state === listening) listen(6, local);
    else if (state !== established) continue;
    else if (connections.length < mostConnections) connections.push({ local, remote });
    else unseen++;
  }
  for (const { state, local } of parseProcNetSockets(udp)) if (state === unconnected) listen(17, local);
  return { connections, unseen, listeners: [...listeners.values()] };
}

/** Tunnels of WireGuard; without its tool, or the right to ask, none are known. */
async function tunnels(runner: Runner): Promise<Machine['wireguard']> {
  if (runner.find('wg') === undefined) return [];
  const { code, out } = await runner.run('wg', ['show', 'all', 'dump']);
  return code === 0 ? readWireguardDump(out) : [];
}

function unlike(is: (address: Address) => boolean): (address: Address) => boolean {
  return (address) => !is(address);
}

function same(x: Address, y: Address): boolean {
  return x.family === y.family && x.a === y.a && x.b === y.b && x.c === y.c && x.d === y.d;
}

import { type Address, unmapAddress } from '../net/address.ts';
import type { Process } from './flow.ts';
import { Role, type TupleColumns } from './flow-table.ts';
import { type ExistingSocket, type Snapshot, TcpState } from './kernel-batch.ts';
import type { LocalEnd } from './listener-table.ts';

/** A socket that listened already. */
export interface ExistingListener {
  readonly end: LocalEnd;
  readonly process: Process | undefined;
}

/** One end of a connection that existed already. */
export interface ExistingEnd {
  /** One row: the tuple from the end that opened the connection to the other one. */
  readonly tuple: TupleColumns;
  readonly role: 0 | 1;
  /** False while its SYN is without an answer. */
  readonly answered: boolean;
  readonly process: Process | undefined;
}

/** What a start-up picture says of flows. */
export interface ReadSnapshot {
  readonly listeners: readonly ExistingListener[];
  readonly connections: readonly ExistingEnd[];
}

const connected: ReadonlySet<number> = new Set([
  TcpState.Established,
  TcpState.FinWait1,
  TcpState.FinWait2,
  TcpState.CloseWait,
  TcpState.LastAck,
  TcpState.Closing,
]);

/**
 * Returns the listeners and the open connections of a start-up picture. Half-open, closed and TIME_WAIT sockets are
 * left out: the first become connections in the records, the others are over. Who opened a connection is not kept by
 * the kernel: the end that a listener has is the destination, else a port below 1024 against one above, else the peer.
 */
export function readSnapshot(snapshot: Snapshot): ReadSnapshot {
  const listening = snapshot.sockets.filter((socket) => socket.state === TcpState.Listen);
  const served = new Set(listening.map(({ netns, local }) => key(netns, local.address, local.port)));
  const listeners = listening.map((socket) => ({
    end: {
      family: unmapAddress(socket.local.address).family,
      lanes: lanesOf(unmapAddress(socket.local.address)),
      offset: 0,
      port: socket.local.port,
    },
    process: processOf(socket),
  }));
  const connections: ExistingEnd[] = [];
  for (const socket of snapshot.sockets) {
    const answered = connected.has(socket.state);
    if (!answered && socket.state !== TcpState.SynSent) continue;
    const role = answered && isAccepted(socket, served) ? Role.Destination : Role.Source;
    const [source, destination] =
      role === Role.Source ? [socket.local, socket.remote] : [socket.remote, socket.local];
    connections.push({ tuple: tupleOf(source, destination), role, answered, process: processOf(socket) });
  }
  return { listeners, connections };
}

function isAccepted({ netns, local, remote }: ExistingSocket, served: ReadonlySet<string>): boolean {
  const address = unmapAddress(local.address);
  const wildcard4 = { family: 4, a: 0, b: 0, c: 0, d: 0 } as const;
  const wildcard6 = { ...wildcard4, family: 6 } as const;
  if (served.has(key(netns, address, local.port)) || served.has(key(netns, wildcard6, local.port)))
    return true;
  if (address.family === 4 && served.has(key(netns, wildcard4, local.port))) return true;
  return local.port < 1024 && remote.port >= 1024;
}

function key(netns: number, address: Address, port: number): string {
  const { family, a, b, c, d } = unmapAddress(address);
  return `${netns} ${family} ${a} ${b} ${c} ${d} ${port}`;
}

function processOf({ process, netns }: ExistingSocket): Process | undefined {
  return process && { netns, ...process };
}

function tupleOf(source: ExistingSocket['local'], destination: ExistingSocket['local']): TupleColumns {
  const from = unmapAddress(source.address);
  return {
    family: Uint8Array.of(from.family),
    sourceAddress: lanesOf(from),
    destinationAddress: lanesOf(unmapAddress(destination.address)),
    sourcePort: Uint16Array.of(source.port),
    destinationPort: Uint16Array.of(destination.port),
  };
}

function lanesOf({ a, b, c, d }: Address): Uint32Array {
  return Uint32Array.of(a, b, c, d);
}

import { eventTypeNumber } from '../../../event/event-types.ts';
import type { DescriptorRecord, SocketAddress, SocketEnd } from '../../../event/raw-event.ts';
import { addressFromBytes, isUnspecified, unmapAddress } from '../../../net/address.ts';
import { created } from '../kernel-numbers.ts';
import { descriptorRecord as at, record } from '../record.ts';
import type { RecordReader } from './record-reader.ts';

const typeOf = (name: string) => eventTypeNumber(name) as number;
/** Calls after which the tuple begins at the other end. */
const incoming: ReadonlySet<number> = new Set(['accept', 'accept4', 'recvfrom', 'recvmsg'].map(typeOf));
const outgoing: ReadonlySet<number> = new Set(['connect', 'sendto', 'sendmsg'].map(typeOf));
/** Calls that tell whom a datagram is from, where there is one. */
const receiving: ReadonlySet<number> = new Set(['recvfrom', 'recvmsg'].map(typeOf));
const connect = typeOf('connect');
const listenState = 10;
/** `S_IFMT` and its values (inode(7)). */
const fileType = { mask: 0xf000, fifo: 0x1000, character: 0x2000, directory: 0x4000, block: 0x6000 } as const;
const { regular, socket } = { regular: 0x8000, socket: 0xc000 };
const family = { unix: 1, ipv4: 2, ipv6: 10, netlink: 16 } as const;

/** Returns what a slot tells of a descriptor; undefined where there was none. */
export function readDescriptor(
  reader: RecordReader,
  slot: number,
  type: number,
  address: SocketAddress | undefined,
): DescriptorRecord | undefined {
  const start = reader.start(slot);
  const end = reader.end(slot);
  if (end - start < at.size) return undefined;
  const { view } = reader;
  const device = view.getUint32(start + at.device, true);
  const inode = Number(reader.integer(start + at.inode));
  switch (view.getUint16(start + at.mode, true) & fileType.mask) {
    case fileType.directory:
      return { fd: -1, type: 'directory', name: reader.pathBetween(start + at.size, end), device, inode };
    case regular:
    case fileType.character:
    case fileType.block:
      return { fd: -1, type: 'file', name: reader.pathBetween(start + at.size, end), device, inode };
    case fileType.fifo:
      return { fd: -1, type: 'fifo', name: '', device, inode };
    case socket:
      return { fd: -1, name: '', device, inode, ...readSocket(reader, start, end, type, address) };
    default:
      return { fd: -1, type: 'unsupported', name: '', device, inode };
  }
}

/** Whether the call made the file that it opened. */
export function isCreated(reader: RecordReader, slot: number): boolean {
  const start = reader.start(slot);
  return (
    reader.length(slot) >= at.size &&
    (reader.view.getUint32(start + at.fileMode, true) & created.kernel) !== 0
  );
}

type Socket = Pick<
  DescriptorRecord,
  'type' | 'tuple' | 'listening' | 'protocol' | 'domain' | 'role' | 'connected'
>;

function readSocket(
  reader: RecordReader,
  start: number,
  end: number,
  type: number,
  address: SocketAddress | undefined,
): Socket {
  const { view, bytes } = reader;
  const domain = view.getUint16(start + at.family, true);
  if (domain === family.unix) {
    const source = view.getBigUint64(start + at.own, true);
    const destination = view.getBigUint64(start + at.peer, true);
    const bound = reader.name(start + at.size, end);
    // Nothing was bound where the call failed.
    const path = bound === '' && address?.kind === 'unix' ? address.path : bound;
    return { type: 'unix', domain, tuple: { kind: 'unix', source, destination, path } };
  }
  if (domain !== family.ipv4 && domain !== family.ipv6)
    return { type: domain === family.netlink ? 'netlink' : 'unknown', domain };
  const is4 = domain === family.ipv4;
  const addressAt = (offset: number) => unmapAddress(addressFromBytes(bytes, start + offset, is4 ? 4 : 6));
  const local: SocketEnd = {
    address: addressAt(is4 ? at.local4 : at.local6),
    port: view.getUint16(start + at.localPort, true),
  };
  const told: SocketEnd = {
    address: addressAt(is4 ? at.remote4 : at.remote6),
    port: view.getUint16(start + at.remotePort),
  };
  // A failed connection and a datagram have no other end but the one that the call named.
  const isTold = outgoing.has(type) || (receiving.has(type) && hasSucceeded(reader));
  const named = told.port === 0 && isTold && address?.kind === 'inet' ? address : undefined;
  const remote = named === undefined ? told : { address: unmapAddress(named.address), port: named.port };
  const common = {
    type: remote.address.family === 6 || local.address.family === 6 ? 'ipv6' : 'ipv4',
    domain,
    protocol: view.getUint16(start + at.protocol, true),
  } as const;
  if (remote.port === 0 && isUnspecified(remote.address)) {
    const isListening = bytes[start + at.state] === listenState;
    return isListening || local.port !== 0 ? { ...common, listening: local } : common;
  }
  const isIncoming = incoming.has(type);
  const [source, destination] = isIncoming ? [remote, local] : [local, remote];
  const role = type === connect ? 'client' : isIncoming ? 'server' : undefined;
  return {
    ...common,
    tuple: { kind: 'inet', source, destination },
    ...(role && { role }),
    ...(named && { connected: false }),
  };
}

function hasSucceeded(reader: RecordReader): boolean {
  return reader.view.getInt32(reader.at + record.result, true) >= 0;
}

/** Returns the address that a slot holds (`struct sockaddr`); undefined where it is none of those that rules ask for. */
export function readAddress(reader: RecordReader, slot: number): SocketAddress | undefined {
  const { view, bytes } = reader;
  const start = reader.start(slot);
  const length = reader.length(slot);
  if (length < 2) return undefined;
  switch (view.getUint16(start, true)) {
    case family.ipv4: {
      if (length < 8) return undefined;
      return {
        kind: 'inet',
        address: addressFromBytes(bytes, start + 4, 4),
        port: view.getUint16(start + 2),
      };
    }
    case family.ipv6: {
      if (length < 24) return undefined;
      return {
        kind: 'inet',
        address: addressFromBytes(bytes, start + 8, 6),
        port: view.getUint16(start + 2),
      };
    }
    case family.unix:
      return { kind: 'unix', path: reader.name(start + 2, reader.end(slot)) };
    default:
      return undefined;
  }
}

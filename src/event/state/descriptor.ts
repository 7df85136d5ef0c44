import { formatAddress } from '../../net/address.ts';
import { Protocol } from '../../net/protocol.ts';
import type { DescriptorRecord, DescriptorType, SocketEnd, SocketTuple } from '../raw-event.ts';

/** What a process has open under a number. */
export interface Descriptor {
  readonly type: DescriptorType;
  /** Path of a file; of a socket made of its ends. */
  readonly name: string;
  /** The path as it was given to the call. */
  readonly rawName: string | undefined;
  readonly tuple: SocketTuple | undefined;
  /** Where a socket waits for others. */
  readonly listening: SocketEnd | undefined;
  /** Address family of a socket, as Linux numbers it. */
  readonly domain: number | undefined;
  /** IP protocol number of a socket. */
  readonly protocol: number | undefined;
  /** Which end of the tuple this process is. */
  readonly role: 'client' | 'server' | undefined;
  /** Whether a connection came about, as far as the events tell. */
  readonly connected: boolean;
  readonly device: number | undefined;
  readonly inode: number | undefined;
}

/** Returns a descriptor with these properties; the name of a socket follows from its ends. */
export function descriptor(properties: Partial<Descriptor>): Descriptor {
  const { type = 'unknown', name = '', rawName, tuple, listening, domain, protocol, role } = properties;
  const { connected = false, device, inode } = properties;
  return {
    type,
    name: socketName(tuple, listening) ?? name,
    rawName,
    tuple,
    listening,
    domain,
    protocol,
    role,
    connected,
    device,
    inode,
  };
}

/** Returns the descriptor of a file, as {@link descriptor} does: by far the most are such. */
export function fileDescriptor(
  type: 'file' | 'directory',
  name: string,
  rawName: string | undefined,
  device?: number,
  inode?: number,
): Descriptor {
  return {
    type,
    name,
    rawName,
    tuple: undefined,
    listening: undefined,
    domain: undefined,
    protocol: undefined,
    role: undefined,
    connected: false,
    device,
    inode,
  };
}

/** Returns the descriptor of a record that was there before the first event. */
export function recordedDescriptor(record: DescriptorRecord): Descriptor {
  const { type, tuple, listening, protocol, role, device, inode, rawName } = record;
  const domain =
    record.domain ?? (type === 'ipv4' ? 2 : type === 'ipv6' ? 10 : type === 'unix' ? 1 : undefined);
  const connected = record.connected ?? tuple !== undefined;
  return descriptor({
    type,
    name: record.name,
    domain,
    device,
    inode,
    role,
    rawName,
    tuple,
    connected,
    listening,
    protocol,
  });
}

/** `198.51.100.7:40000->203.0.113.9:80`; undefined for what is no socket with ends. */
function socketName(tuple: Descriptor['tuple'], listening: Descriptor['listening']): string | undefined {
  if (tuple?.kind === 'inet') return `${endText(tuple.source)}->${endText(tuple.destination)}`;
  if (tuple?.kind === 'unix') return `${hex(tuple.source)}->${hex(tuple.destination)} ${tuple.path}`;
  return listening === undefined ? undefined : endText(listening);
}

function endText({ address, port }: SocketEnd): string {
  return `${formatAddress(address)}:${port}`;
}

function hex(value: bigint): string {
  return value.toString(16);
}

/** Type of a descriptor in one sign, as rules compare it (`fd.typechar`). */
const letters: Readonly<Record<DescriptorType, string>> = {
  unknown: 'o',
  file: 'f',
  directory: 'd',
  ipv4: '4',
  ipv6: '6',
  fifo: 'p',
  unix: 'u',
  event: 'e',
  unsupported: 'X',
  signal: 's',
  eventpoll: 'l',
  inotify: 'i',
  timerfd: 't',
  netlink: 'n',
  bpf: 'b',
  userfaultfd: 'u',
  io_uring: 'r',
  memfd: 'm',
  pidfd: 'P',
};

/** Names of types where they differ from ours (`fd.type`). */
const typeNames: Partial<Record<DescriptorType, string>> = {
  fifo: 'pipe',
  signal: 'signalfd',
  io_uring: 'iouring',
};

/** Returns the sign of a descriptor's type; sockets that wait for others have signs of their own. */
export function typeLetter({ type, listening }: Descriptor): string {
  if (listening !== undefined && type === 'ipv4') return '2';
  if (listening !== undefined && type === 'ipv6') return '3';
  return letters[type];
}

/** Returns the name of a descriptor's type. */
export function typeName({ type }: Descriptor): string {
  return typeNames[type] ?? type;
}

/** Returns the name of a socket's transport protocol, or undefined. */
export function protocolText({ protocol }: Descriptor): string | undefined {
  switch (protocol) {
    case Protocol.Tcp:
      return 'tcp';
    case Protocol.Udp:
      return 'udp';
    case Protocol.Icmp:
      return 'icmp';
    case 255:
      return 'raw';
    default:
      return undefined;
  }
}

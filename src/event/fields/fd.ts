import type { Address } from '../../net/address.ts';
import { formatAddress } from '../../net/address.ts';
import { baseName, directoryOf } from '../path.ts';
import type { SocketEnd } from '../raw-event.ts';
import { type Descriptor, protocolText, typeLetter, typeName } from '../state/descriptor.ts';
import type { SystemEvent } from '../system-event.ts';
import { field, fieldWith, type SystemField } from './define.ts';

interface Ends {
  readonly client: SocketEnd;
  readonly server: SocketEnd;
}

function endsOf(open: Descriptor | undefined): Ends | undefined {
  if (open?.tuple?.kind !== 'inet') return undefined;
  return { client: open.tuple.source, server: open.tuple.destination };
}

/** The server's end, also of a socket that still waits. */
function serverOf(open: Descriptor | undefined): SocketEnd | undefined {
  return endsOf(open)?.server ?? open?.listening;
}

function localOf(open: Descriptor | undefined): SocketEnd | undefined {
  const ends = endsOf(open);
  if (ends === undefined || open?.role === undefined) return open?.listening;
  return open.role === 'client' ? ends.client : ends.server;
}

function remoteOf(open: Descriptor | undefined): SocketEnd | undefined {
  const ends = endsOf(open);
  if (ends === undefined || open?.role === undefined) return undefined;
  return open.role === 'client' ? ends.server : ends.client;
}

function both(open: Descriptor | undefined): readonly SocketEnd[] | undefined {
  const ends = endsOf(open);
  if (ends !== undefined) return [ends.client, ends.server];
  return open?.listening === undefined ? undefined : [open.listening];
}

type End = (open: Descriptor | undefined) => SocketEnd | undefined;

/** Address, network, port and name of one end of a socket. */
function endFields(letter: string, what: string, end: End): SystemField[] {
  const address = ({ descriptor }: SystemEvent): Address | undefined => end(descriptor)?.address;
  const port = ({ descriptor }: SystemEvent) => end(descriptor)?.port;
  const names = (event: SystemEvent) => {
    const found = address(event);
    if (found === undefined) return undefined;
    const known = event.processes.surroundings.hostNames?.(found) ?? [];
    return known.length > 1 ? known : (known[0] ?? formatAddress(found));
  };
  return [
    field(`fd.${letter}ip`, 'address', `Address of ${what}.`, address, { onRight: false }),
    field(`fd.${letter}net`, 'network', `Address of ${what}, to be compared with networks.`, address, {
      onRight: false,
    }),
    field(`fd.${letter}port`, 'port', `Port of ${what}.`, port, { onRight: false }),
    field(
      `fd.${letter}ip.name`,
      'string',
      `Names of ${what}, of those that rules ask for and that are looked up; its address where it has none.`,
      names,
      { values: 'either', onRight: false },
    ),
    field(`fd.${letter}proto`, 'string', `Port of ${what} as text.`, (event) => port(event)?.toString(), {
      onRight: false,
    }),
  ];
}

function isPathed(open: Descriptor | undefined): open is Descriptor {
  return open !== undefined && (open.type === 'file' || open.type === 'directory');
}

const socketFamilies: ReadonlyMap<number, string> = new Map([
  [1, 'unix'],
  [2, 'ip'],
  [10, 'ip'],
]);

/** Fields of the descriptor that a call is about. */
export const fdFields: readonly SystemField[] = [
  field('fd.num', 'integer', 'Number of the descriptor.', ({ fd }) => fd),
  field(
    'fd.type',
    'string',
    'Type, e.g. `file`, `ipv4`, `unix`.',
    ({ descriptor }) => descriptor && typeName(descriptor),
  ),
  field(
    'fd.typechar',
    'string',
    'Type as one sign: `f`, `d`, `4`, `6`, `u`, `p` …',
    ({ descriptor }) => descriptor && typeLetter(descriptor),
  ),
  field(
    'fd.name',
    'string',
    'Path of a file, both ends of a connection.',
    ({ descriptor }) => descriptor?.name,
  ),
  field(
    'fd.nameraw',
    'string',
    'Path as it was given.',
    ({ descriptor }) => descriptor?.rawName ?? descriptor?.name,
  ),
  field('fd.directory', 'string', 'Directory of a file.', ({ descriptor }) => {
    if (!isPathed(descriptor)) return undefined;
    return descriptor.type === 'directory'
      ? descriptor.name
      : descriptor.name.includes('/')
        ? directoryOf(descriptor.name)
        : undefined;
  }),
  field('fd.filename', 'string', 'Last part of the path of a file.', ({ descriptor }) =>
    descriptor?.type === 'file' ? baseName(descriptor.name) : undefined,
  ),
  fieldWith(
    'fd.types',
    'string',
    'Types of all descriptors of the process, or of those with this number.',
    { required: false, kind: 'index' },
    (argument) =>
      ({ thread }) => {
        const list =
          argument === undefined
            ? [...thread.descriptors.values()]
            : [thread.descriptors.get(Number(argument))];
        return list.flatMap((one) => (one === undefined ? [] : [typeName(one)]));
      },
    { values: 'list' },
  ),
  field('fd.uid', 'string', 'Process and number together.', ({ thread, fd }) =>
    fd === undefined ? undefined : `${thread.pid}${fd}`,
  ),
  field(
    'fd.containername',
    'string',
    'Container and name together.',
    ({ thread, descriptor }) => descriptor && `${thread.containerId}:${descriptor.name}`,
  ),
  field('fd.containerdirectory', 'string', 'Container and directory together.', ({ thread, descriptor }) =>
    isPathed(descriptor) ? `${thread.containerId}:${directoryOf(descriptor.name)}` : undefined,
  ),
  field(
    'fd.ip',
    'address',
    'Address of either end.',
    ({ descriptor }) => both(descriptor)?.map(({ address }) => address),
    { values: 'either', onRight: false },
  ),
  field(
    'fd.net',
    'network',
    'Address of either end, to be compared with networks.',
    ({ descriptor }) => both(descriptor)?.map(({ address }) => address),
    { values: 'either', onRight: false },
  ),
  field(
    'fd.port',
    'port',
    'Port of either end.',
    ({ descriptor }) => both(descriptor)?.map(({ port }) => port),
    { values: 'either', onRight: false },
  ),
  ...endFields('c', 'the client', (open) => endsOf(open)?.client),
  ...endFields('s', 'the server', serverOf),
  ...endFields('l', 'this end', localOf),
  ...endFields('r', 'the other end', remoteOf),
  field(
    'fd.l4proto',
    'string',
    'Transport protocol: tcp, udp, icmp, raw.',
    ({ descriptor }) => descriptor && protocolText(descriptor),
  ),
  field('fd.sockfamily', 'string', 'Family of a socket: ip or unix.', ({ descriptor }) =>
    descriptor?.domain === undefined ? undefined : socketFamilies.get(descriptor.domain),
  ),
  field(
    'fd.is_server',
    'boolean',
    'Whether the process is the server of the connection.',
    ({ descriptor }) => (descriptor?.role === undefined ? undefined : descriptor.role === 'server'),
  ),
  field('fd.connected', 'boolean', 'Whether a socket is connected.', ({ descriptor }) =>
    descriptor?.domain === undefined ? undefined : descriptor.connected,
  ),
  field('fd.name_changed', 'boolean', 'Whether the event gave the socket another name.', (event) => {
    const isSocket = event.descriptor?.tuple?.kind === 'inet';
    return isSocket && event.parameter('tuple') !== undefined;
  }),
  field('fd.dev', 'integer', 'Device of a file.', ({ descriptor }) => descriptor?.device),
  field('fd.dev.major', 'integer', 'Major number of the device.', ({ descriptor }) =>
    descriptor?.device === undefined ? undefined : (descriptor.device >>> 8) & 0xfff,
  ),
  field('fd.dev.minor', 'integer', 'Minor number of the device.', ({ descriptor }) =>
    descriptor?.device === undefined ? undefined : descriptor.device & 0xff,
  ),
  field('fd.ino', 'integer', 'Inode of a file.', ({ descriptor }) => descriptor?.inode),
];

import { Protocol } from '../../../net/protocol.ts';
import { eventTypes, parameterIndex } from '../../event-types.ts';
import { integerOf } from '../../integer.ts';
import type { DescriptorType } from '../../raw-event.ts';
import { descriptor, fileDescriptor } from '../descriptor.ts';
import { openedPath } from '../opened-path.ts';
import { type CallUpdate, on, textOf } from './update.ts';

/** Calls that open what has no name, and what that is. */
const anonymous = [
  [['eventfd', 'eventfd2'], 'event'],
  [['timerfd_create'], 'timerfd'],
  [['signalfd'], 'signal'],
  [['inotify_init'], 'inotify'],
  [['epoll_create', 'epoll_create1'], 'eventpoll'],
] as const;

/** Sockets by their address family (socket(2)). */
const families: ReadonlyMap<number | undefined, DescriptorType> = new Map([
  [1, 'unix'],
  [2, 'ipv4'],
  [10, 'ipv6'],
  [16, 'netlink'],
]);
const socketKind = { mask: 0xf, stream: 1, datagram: 2, raw: 3 } as const;
const rawProtocol = 255;

/** The IP protocol of a new socket: as it was asked for, or what its kind stands for. */
function protocolOf(kind: number, given: number): number {
  if (kind === socketKind.stream) return Protocol.Tcp;
  if (kind !== socketKind.datagram && kind !== socketKind.raw) return given;
  if (given === Protocol.Icmp) return Protocol.Icmp;
  return kind === socketKind.datagram ? Protocol.Udp : rawProtocol;
}

/** Where calls that open files keep what they tell of them; -1 where they do not. */
type OpenPlace = Readonly<Record<'fd' | 'flags' | 'device' | 'inode', number>>;
const openPlaces: readonly OpenPlace[] = eventTypes.map((_, type) => {
  const at = (name: string) => parameterIndex(type, name) ?? -1;
  return { fd: at('fd'), flags: at('flags'), device: at('dev'), inode: at('ino') };
});

/** What calls change of descriptors. */
export const descriptorUpdates: readonly CallUpdate[] = [
  on(['open', 'openat', 'openat2', 'creat'], (tables, _get, thread, raw) => {
    const { params, type } = raw;
    const place = openPlaces[type] as OpenPlace;
    const fd = integerOf(params[place.fd]);
    // What the kernel saw of the file is taken over behind this.
    if (fd === undefined || fd < 0 || raw.observed?.descriptor !== undefined) return;
    const path = openedPath(raw, thread);
    if (path === undefined) return;
    const flags = place.flags < 0 ? 0 : (integerOf(params[place.flags]) ?? 0);
    const kind = (flags & (1 << 10)) !== 0 ? 'directory' : 'file';
    const [device, inode] = [integerOf(params[place.device]), integerOf(params[place.inode])];
    tables.open(thread, fd, fileDescriptor(kind, path.name, path.rawName, device, inode));
  }),

  on(['open_by_handle_at'], (tables, get, thread) => {
    const fd = integerOf(get('fd'));
    const path = textOf(get('path'));
    if (fd !== undefined && fd >= 0 && path !== undefined)
      tables.open(thread, fd, descriptor({ type: 'file', name: path, rawName: path }));
  }),

  on(['close'], (tables, get, thread) => {
    const fd = integerOf(get('fd'));
    if (fd !== undefined && integerOf(get('res')) === 0)
      tables.afterwards(() => thread.descriptors.delete(fd));
  }),

  on(['socket'], (tables, get, thread) => {
    const fd = integerOf(get('fd'));
    if (fd === undefined || fd < 0) return;
    const domain = integerOf(get('domain'));
    const type = families.get(domain) ?? 'unknown';
    const isInternet = type === 'ipv4' || type === 'ipv6';
    const kind = (integerOf(get('type')) ?? 0) & socketKind.mask;
    const protocol = isInternet ? protocolOf(kind, integerOf(get('proto')) ?? 0) : undefined;
    tables.open(thread, fd, descriptor({ type, domain, protocol }));
  }),

  on(['connect'], (tables, get, thread) => {
    const fd = integerOf(get('fd'));
    const open = fd === undefined ? undefined : thread.descriptors.get(fd);
    if (fd === undefined || open === undefined) return;
    const tuple = get('tuple');
    const result = integerOf(get('res')) ?? 0;
    if (typeof tuple === 'object' && 'kind' in tuple && 'source' in tuple) {
      // EINPROGRESS: it may yet succeed.
      const connected = result >= 0 || result === -115;
      tables.open(thread, fd, descriptor({ ...open, ...familyOf(tuple), tuple, role: 'client', connected }));
    }
  }),

  on(['accept', 'accept4'], (tables, get, thread) => {
    const fd = integerOf(get('fd'));
    const tuple = get('tuple');
    if (fd === undefined || fd < 0 || typeof tuple !== 'object' || !('source' in tuple)) return;
    const protocol = tuple.kind === 'inet' ? { protocol: 6 } : {};
    tables.open(
      thread,
      fd,
      descriptor({ ...familyOf(tuple), ...protocol, tuple, role: 'server', connected: true }),
    );
  }),

  on(['sendto', 'sendmsg', 'recvfrom', 'recvmsg'], (tables, get, thread, { type }) => {
    const fd = integerOf(get('fd'));
    const open = fd === undefined ? undefined : thread.descriptors.get(fd);
    const tuple = get('tuple');
    if (fd === undefined || open === undefined || typeof tuple !== 'object' || !('source' in tuple)) return;
    const isSending = eventTypes[type]?.startsWith('send') === true;
    const role = open.role ?? (isSending ? 'client' : 'server');
    // A datagram is told from its sender to its receiver, a connection from the client to the server.
    const isTurned = tuple.kind === 'inet' && isSending === (role === 'server');
    const ends = isTurned ? { ...tuple, source: tuple.destination, destination: tuple.source } : tuple;
    tables.open(thread, fd, descriptor({ ...open, ...familyOf(tuple), tuple: ends, role }));
  }),

  on(['bind'], (tables, get, thread) => {
    const fd = integerOf(get('fd'));
    const open = fd === undefined ? undefined : thread.descriptors.get(fd);
    const address = get('addr');
    if (fd === undefined || open === undefined || integerOf(get('res')) !== 0) return;
    if (typeof address !== 'object' || !('kind' in address) || 'source' in address) return;
    const bound =
      address.kind === 'unix'
        ? { name: address.path }
        : { listening: { address: address.address, port: address.port } };
    tables.open(thread, fd, descriptor({ ...open, ...bound }));
  }),

  on(['dup', 'dup2', 'dup3'], (tables, get, thread) => {
    const [fd, old] = [integerOf(get('res')), integerOf(get('oldfd'))];
    const open = old === undefined ? undefined : thread.descriptors.get(old);
    if (fd !== undefined && fd >= 0 && open !== undefined) tables.open(thread, fd, open);
  }),

  on(['pipe', 'pipe2'], (tables, get, thread) => {
    if (integerOf(get('res')) !== 0) return;
    for (const end of [get('fd1'), get('fd2')].map(integerOf)) {
      if (end !== undefined)
        tables.open(
          thread,
          end,
          descriptor({ type: 'fifo', name: 'pipe:[…]'.replace('…', String(get('ino') ?? '')) }),
        );
    }
  }),

  on(['socketpair'], (tables, get, thread) => {
    if (integerOf(get('res')) !== 0) return;
    for (const end of [get('fd1'), get('fd2')].map(integerOf)) {
      if (end !== undefined) tables.open(thread, end, descriptor({ type: 'unix', domain: 1 }));
    }
  }),

  ...anonymous.map(([names, type]) =>
    on(names, (tables, get, thread) => {
      const fd = integerOf(get('res'));
      if (fd !== undefined && fd >= 0) tables.open(thread, fd, descriptor({ type }));
    }),
  ),

  on(['memfd_create'], (tables, get, thread) => {
    const fd = integerOf(get('fd'));
    if (fd !== undefined && fd >= 0)
      tables.open(thread, fd, descriptor({ type: 'memfd', name: textOf(get('name')) ?? '' }));
  }),
];

function familyOf(tuple: { readonly kind: 'inet' | 'unix' } & Partial<{ source: unknown }>) {
  if (tuple.kind === 'unix') return { type: 'unix', domain: 1 } as const;
  const { source } = tuple as { readonly source: { readonly address: { readonly family: 4 | 6 } } };
  return source.address.family === 4
    ? ({ type: 'ipv4', domain: 2 } as const)
    : ({ type: 'ipv6', domain: 10 } as const);
}

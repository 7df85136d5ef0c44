import { endianness } from 'node:os';
import koffi from 'koffi';

/** Calls into the C library that a netlink socket needs: Node has none of that family. Each returns what the call does, an error negated. */
export interface SocketCalls {
  socket(family: number, type: number, protocol: number): number;
  bind(fd: number, address: Uint8Array): number;
  setOption(fd: number, level: number, option: number, value: number): number;
  /** The value of an option that is a number; below zero an error. */
  getOption(fd: number, level: number, option: number): number;
  send(fd: number, bytes: Uint8Array): number;
  /** recvmmsg(2) without waiting: how many messages came. */
  receiveMany(fd: number, heads: Uint8Array, count: number): number;
  close(fd: number): void;
  /** Address of bytes with a buffer of their own; they must be kept meanwhile. */
  address(bytes: Uint8Array): bigint;
}

/** errno(3), as on all machines that Picket runs on. */
export const Errno = {
  EPERM: 1,
  EINTR: 4,
  EAGAIN: 11,
  ENOMEM: 12,
  EACCES: 13,
  EBUSY: 16,
  EINVAL: 22,
  EPROTONOSUPPORT: 93,
  EAFNOSUPPORT: 97,
  ENOBUFS: 105,
} as const;

const dontWait = 0x40;

let loaded: SocketCalls | undefined;

/** Returns the calls. Throws an Error where the library does not load or the machine is of another kind. */
export function socketCalls(): SocketCalls {
  loaded ??= load();
  return loaded;
}

function load(): SocketCalls {
  // The layout of msghdr, as it is written here, is that of 64-bit machines; netlink speaks in the machine's own byte order.
  if (!['x64', 'arm64'].includes(process.arch) || endianness() !== 'LE')
    throw new Error(`netlink sockets are not made for ${process.arch}`);
  const library = koffi.load(null);
  const socket = library.func('int socket(int family, int type, int protocol)');
  const bind = library.func('int bind(int fd, void *address, unsigned int length)');
  const setsockopt = library.func(
    'int setsockopt(int fd, int level, int option, void *value, unsigned int length)',
  );
  const getsockopt = library.func('int getsockopt(int fd, int level, int option, void *value, void *length)');
  const send = library.func('intptr_t send(int fd, void *bytes, size_t length, int flags)');
  const recvmmsg = library.func(
    'int recvmmsg(int fd, void *heads, unsigned int count, int flags, void *timeout)',
  );
  const close = library.func('int close(int fd)');
  const result = (value: number): number => (value < 0 ? -koffi.errno() : value);
  return {
    socket: (family, type, protocol) => result(socket(family, type, protocol)),
    bind: (fd, address) => result(bind(fd, address, address.length)),
    setOption: (fd, level, option, value) =>
      result(setsockopt(fd, level, option, Int32Array.of(value), Int32Array.BYTES_PER_ELEMENT)),
    getOption(fd, level, option) {
      const value = new Int32Array(1);
      const failed = getsockopt(fd, level, option, value, Int32Array.of(value.byteLength));
      return failed < 0 ? -koffi.errno() : value[0]!;
    },
    send: (fd, bytes) => result(Number(send(fd, bytes, bytes.length, dontWait))),
    receiveMany: (fd, heads, count) => result(recvmmsg(fd, heads, count, dontWait, null)),
    close: (fd) => void close(fd),
    address: (bytes) => koffi.address(bytes) as bigint,
  };
}

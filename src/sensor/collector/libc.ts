import { endianness } from 'node:os';
import koffi from 'koffi';

/**
 * Calls on sockets that Node's own do not give: to read many datagrams at once into memory that is there already, to leave them in
 * the kernel's buffer while nobody can take them, to force the size of that buffer. All return -1 on an error.
 */
export interface SocketCalls {
  socket(family: number, type: number, protocol: number): number;
  bind(fd: number, address: Uint8Array, length: number): number;
  getsockname(fd: number, address: Uint8Array, length: Uint8Array): number;
  setsockopt(fd: number, level: number, option: number, value: Uint8Array, length: number): number;
  getsockopt(fd: number, level: number, option: number, value: Uint8Array, length: Uint8Array): number;
  poll(entries: Uint8Array, count: number, timeoutMs: number): number;
  recvmmsg(fd: number, messages: Uint8Array, count: number, flags: number, timeout: null): number;
  close(fd: number): number;
  /** Number of the last error. */
  errno(): number;
  /** Address of bytes, which must be kept meanwhile. */
  address(bytes: Uint8Array): bigint;
}

let loaded: SocketCalls | undefined;

/** Returns the calls. Throws an Error where the library does not load, or on a machine whose structures are laid out otherwise. */
export function socketCalls(): SocketCalls {
  loaded ??= load();
  return loaded;
}

function load(): SocketCalls {
  if ((process.arch !== 'x64' && process.arch !== 'arm64') || endianness() !== 'LE')
    throw new Error(`the collector does not know the sockets of ${process.arch}`);
  const library = koffi.load(null);
  return {
    socket: library.func('int socket(int family, int type, int protocol)'),
    bind: library.func('int bind(int fd, void *address, unsigned int length)'),
    getsockname: library.func('int getsockname(int fd, void *address, void *length)'),
    setsockopt: library.func(
      'int setsockopt(int fd, int level, int option, void *value, unsigned int length)',
    ),
    getsockopt: library.func('int getsockopt(int fd, int level, int option, void *value, void *length)'),
    poll: library.func('int poll(void *entries, unsigned long count, int timeout)'),
    recvmmsg: library.func(
      'int recvmmsg(int fd, void *messages, unsigned int count, int flags, void *timeout)',
    ),
    close: library.func('int close(int fd)'),
    errno: () => koffi.errno(),
    address: (bytes) => koffi.address(bytes) as bigint,
  };
}

/** Numbers of asm-generic, the same on the machines above. */
export const Linux = {
  AF_INET: 2,
  AF_INET6: 10,
  SOCK_DGRAM: 2,
  SOCK_NONBLOCK: 0o4000,
  SOCK_CLOEXEC: 0o2000000,
  SOL_SOCKET: 1,
  SO_RCVBUF: 8,
  SO_REUSEPORT: 15,
  SO_RCVBUFFORCE: 33,
  IPPROTO_IPV6: 41,
  IPV6_V6ONLY: 26,
  POLLIN: 1,
  MSG_TRUNC: 0x20,
  MSG_DONTWAIT: 0x40,
  EINTR: 4,
  EAGAIN: 11,
  EACCES: 13,
  EADDRINUSE: 98,
  EADDRNOTAVAIL: 99,
  EAFNOSUPPORT: 97,
} as const;

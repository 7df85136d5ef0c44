import { library, result } from './library.ts';

/**
 * Calls on sockets that Node's own do not give: other families, many messages at once into memory that is there already, messages that stay in
 * the kernel's buffer while nobody can take them, the size of that buffer. Each returns what the call does, an error's number negated.
 */
export interface SocketCalls {
  socket(family: number, type: number, protocol: number): number;
  bind(fd: number, address: Uint8Array): number;
  /** Fills in the address that the socket is bound to. */
  getName(fd: number, address: Uint8Array): number;
  setOption(fd: number, level: number, option: number, value: Uint8Array): number;
  setNumber(fd: number, level: number, option: number, value: number): number;
  /** Fills `value`; returns how many bytes the kernel wrote. */
  getOption(fd: number, level: number, option: number, value: Uint8Array): number;
  /** The value of an option that is a number; below zero an error. */
  getNumber(fd: number, level: number, option: number): number;
  /** Sends without waiting. */
  send(fd: number, bytes: Uint8Array): number;
  /** recvmmsg(2) without waiting: how many messages came. */
  receiveMany(fd: number, heads: Uint8Array, count: number): number;
  /** Waits for what an array of `struct pollfd` asks for, or until the time is over; this thread stands still meanwhile. Returns how many have something. */
  poll(entries: Int32Array, milliseconds: number): number;
  close(fd: number): void;
  /** Index of an interface by its name in the network namespace of this thread; 0 where there is none. */
  interfaceIndex(name: string): number;
  /** Name of an interface by its index; undefined where there is none. */
  interfaceName(index: number): string | undefined;
}

/** Numbers of asm-generic, the same on the machines that {@link library} knows. */
export const Linux = {
  AF_INET: 2,
  AF_INET6: 10,
  AF_NETLINK: 16,
  AF_PACKET: 17,
  SOCK_DGRAM: 2,
  SOCK_RAW: 3,
  SOCK_NONBLOCK: 0o4000,
  SOCK_CLOEXEC: 0o2000000,
  SOL_SOCKET: 1,
  SOL_PACKET: 263,
  SO_ERROR: 4,
  SO_RCVBUF: 8,
  SO_REUSEPORT: 15,
  SO_ATTACH_FILTER: 26,
  SO_RCVBUFFORCE: 33,
  IPPROTO_IPV6: 41,
  IPV6_V6ONLY: 26,
  NETLINK_NETFILTER: 12,
  POLLIN: 1,
  POLLERR: 8,
  MSG_TRUNC: 0x20,
  MSG_DONTWAIT: 0x40,
} as const;

/** IF_NAMESIZE. */
const nameBytes = 16;

let loaded: SocketCalls | undefined;

/** Returns the calls. Throws an Error where the library does not load or the machine is of another kind. */
export function socketCalls(): SocketCalls {
  loaded ??= load();
  return loaded;
}

function load(): SocketCalls {
  const lib = library();
  const socket = lib.func('int socket(int family, int type, int protocol)');
  const bind = lib.func('int bind(int fd, void *address, unsigned int length)');
  const getsockname = lib.func('int getsockname(int fd, void *address, void *length)');
  const setsockopt = lib.func(
    'int setsockopt(int fd, int level, int option, void *value, unsigned int length)',
  );
  const getsockopt = lib.func('int getsockopt(int fd, int level, int option, void *value, void *length)');
  const send = lib.func('intptr_t send(int fd, void *bytes, size_t length, int flags)');
  const recvmmsg = lib.func(
    'int recvmmsg(int fd, void *heads, unsigned int count, int flags, void *timeout)',
  );
  const poll = lib.func('int poll(void *entries, unsigned long count, int milliseconds)');
  const close = lib.func('int close(int fd)');
  const indexOf = lib.func('unsigned int if_nametoindex(const char *name)');
  const nameOf = lib.func('void *if_indextoname(unsigned int index, void *name)');
  const calls: SocketCalls = {
    socket: (family, type, protocol) => result(socket(family, type, protocol)),
    bind: (fd, address) => result(bind(fd, address, address.length)),
    getName: (fd, address) => result(getsockname(fd, address, Int32Array.of(address.length))),
    setOption: (fd, level, option, value) => result(setsockopt(fd, level, option, value, value.length)),
    setNumber: (fd, level, option, value) =>
      result(setsockopt(fd, level, option, Int32Array.of(value), Int32Array.BYTES_PER_ELEMENT)),
    getOption(fd, level, option, value) {
      const length = Int32Array.of(value.length);
      const failed = result(getsockopt(fd, level, option, value, length));
      return failed < 0 ? failed : length[0]!;
    },
    getNumber(fd, level, option) {
      const value = new Int32Array(1);
      const failed = calls.getOption(fd, level, option, new Uint8Array(value.buffer));
      return failed < 0 ? failed : value[0]!;
    },
    send: (fd, bytes) => result(send(fd, bytes, bytes.length, Linux.MSG_DONTWAIT)),
    receiveMany: (fd, heads, count) => result(recvmmsg(fd, heads, count, Linux.MSG_DONTWAIT, null)),
    poll: (entries, milliseconds) => result(poll(entries, entries.length / 2, milliseconds)),
    close: (fd) => void close(fd),
    interfaceIndex: (name) => indexOf(name),
    interfaceName(index) {
      const name = new Uint8Array(nameBytes);
      if (nameOf(index, name) === null) return undefined;
      return new TextDecoder().decode(name.subarray(0, name.indexOf(0)));
    },
  };
  return calls;
}

import { endianness } from 'node:os';
import koffi from 'koffi';

/** Calls into the C library that a packet socket needs: Node has none of that family. Each returns what the call does, an error negated. */
export interface PacketCalls {
  socket(family: number, type: number, protocol: number): number;
  bind(fd: number, address: Uint8Array): number;
  setOption(fd: number, level: number, option: number, value: Uint8Array): number;
  /** Fills `value`; returns how many bytes the kernel wrote. */
  getOption(fd: number, level: number, option: number, value: Uint8Array): number;
  /** Waits until one of the events is there or the time is over; this thread stands still meanwhile. Returns the events. */
  poll(fd: number, events: number, milliseconds: number): number;
  close(fd: number): void;
  /** Maps a descriptor into memory for reading and writing (mmap(2), shared). Throws an Error when the kernel refuses. */
  map(fd: number, length: number): ArrayBuffer;
  unmap(memory: ArrayBuffer): void;
  /** Index of an interface by its name in the network namespace of this thread; 0 where there is none. */
  interfaceIndex(name: string): number;
  /** Name of an interface by its index; undefined where there is none. */
  interfaceName(index: number): string | undefined;
  /** Address of bytes with a buffer of their own; they must be kept meanwhile. */
  address(bytes: Uint8Array): bigint;
}

const readWritable = 3;
const shared = 1;
/** IF_NAMESIZE. */
const nameBytes = 16;

let loaded: PacketCalls | undefined;

/** Returns the calls. Throws an Error where the library does not load or the machine is of another kind. */
export function packetCalls(): PacketCalls {
  loaded ??= load();
  return loaded;
}

function load(): PacketCalls {
  if (!['x64', 'arm64'].includes(process.arch) || endianness() !== 'LE')
    throw new Error(`live capture is not made for ${process.arch}`);
  const library = koffi.load(null);
  const socket = library.func('int socket(int family, int type, int protocol)');
  const bind = library.func('int bind(int fd, void *address, unsigned int length)');
  const setsockopt = library.func(
    'int setsockopt(int fd, int level, int option, void *value, unsigned int length)',
  );
  const getsockopt = library.func('int getsockopt(int fd, int level, int option, void *value, void *length)');
  const poll = library.func('int poll(void *fds, unsigned long count, int milliseconds)');
  const close = library.func('int close(int fd)');
  const mmap = library.func(
    'void *mmap(intptr_t address, size_t length, int protection, int flags, int fd, int64_t offset)',
  );
  const munmap = library.func('int munmap(void *address, size_t length)');
  const indexOf = library.func('unsigned int if_nametoindex(const char *name)');
  const nameOf = library.func('void *if_indextoname(unsigned int index, void *name)');
  const pointers = new WeakMap<ArrayBuffer, unknown>();
  const polled = new Int32Array(2);
  const result = (value: number): number => (value < 0 ? -koffi.errno() : value);
  return {
    socket: (family, type, protocol) => result(socket(family, type, protocol)),
    bind: (fd, address) => result(bind(fd, address, address.length)),
    setOption: (fd, level, option, value) => result(setsockopt(fd, level, option, value, value.length)),
    getOption(fd, level, option, value) {
      const length = Int32Array.of(value.length);
      const failed = getsockopt(fd, level, option, value, length);
      return failed < 0 ? -koffi.errno() : length[0]!;
    },
    poll(fd, events, milliseconds) {
      // struct pollfd: the events that are wanted, and above them those that came.
      polled[0] = fd;
      polled[1] = events;
      const count = poll(polled, 1, milliseconds);
      return count < 0 ? -koffi.errno() : polled[1]! >>> 16;
    },
    close: (fd) => void close(fd),
    map(fd, length) {
      const pointer = mmap(0, length, readWritable, shared, fd, 0);
      const address = koffi.address(pointer) as bigint;
      if (address === 0n || address === 0xffff_ffff_ffff_ffffn)
        throw new Error(`the ring of packets could not be mapped (error ${koffi.errno()})`);
      const memory = koffi.view(pointer, length) as ArrayBuffer;
      pointers.set(memory, pointer);
      return memory;
    },
    unmap(memory) {
      const pointer = pointers.get(memory);
      if (pointer !== undefined) munmap(pointer, memory.byteLength);
      pointers.delete(memory);
    },
    interfaceIndex: (name) => indexOf(name),
    interfaceName(index) {
      const name = new Uint8Array(nameBytes);
      if (nameOf(index, name) === null) return undefined;
      return new TextDecoder().decode(name.subarray(0, name.indexOf(0)));
    },
    address: (bytes) => koffi.address(bytes) as bigint,
  };
}

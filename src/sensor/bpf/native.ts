import { endianness } from 'node:os';
import koffi from 'koffi';

/** Calls into the C library, for what Node has no function for. */
export interface Native {
  /** bpf(2). Returns what the call returns; below zero it is an error number, negated. */
  bpf(command: number, attributes: Uint8Array): number;
  /** Maps a descriptor into memory (mmap(2), shared). Throws an Error when the kernel refuses. */
  map(fd: number, length: number, offset: number, writable: boolean): ArrayBuffer;
  unmap(memory: ArrayBuffer): void;
  /** Address of bytes, to be put into attributes; they must be kept meanwhile. */
  address(bytes: Uint8Array): bigint;
}

let loaded: Native | undefined;

/** Number of bpf(2) by architecture (asm/unistd.h). */
const bpfNumber: Readonly<Record<string, number>> = { x64: 321, arm64: 280 };
const [readable, readWritable] = [1, 3];
const shared = 1;

/** Returns the calls. Throws an Error where the library does not load or the machine is of another kind. */
export function native(): Native {
  loaded ??= load();
  return loaded;
}

function load(): Native {
  const number = bpfNumber[process.arch];
  if (number === undefined || endianness() !== 'LE')
    throw new Error(`BPF programs are not made for ${process.arch}`);
  const library = koffi.load(null);
  const syscall = library.func('long syscall(long number, int command, void *attributes, unsigned int size)');
  const mmap = library.func(
    'void *mmap(intptr_t address, size_t length, int protection, int flags, int fd, int64_t offset)',
  );
  const munmap = library.func('int munmap(void *address, size_t length)');
  const pointers = new WeakMap<ArrayBuffer, unknown>();
  return {
    bpf(command, attributes) {
      const result = Number(syscall(number, command, attributes, attributes.length));
      return result < 0 ? -koffi.errno() : result;
    },
    map(fd, length, offset, writable) {
      const pointer = mmap(0, length, writable ? readWritable : readable, shared, fd, offset);
      const address = koffi.address(pointer) as bigint;
      if (address === 0n || address === 0xffff_ffff_ffff_ffffn) {
        throw new Error(`the ring buffer could not be mapped (error ${koffi.errno()})`);
      }
      const memory = koffi.view(pointer, length) as ArrayBuffer;
      pointers.set(memory, pointer);
      return memory;
    },
    unmap(memory) {
      const pointer = pointers.get(memory);
      if (pointer !== undefined) munmap(pointer, memory.byteLength);
      pointers.delete(memory);
    },
    address: (bytes) => koffi.address(bytes) as bigint,
  };
}

import koffi from 'koffi';
import { library } from './library.ts';

const [readable, readWritable] = [1, 3];
const shared = 1;

interface MemoryCalls {
  map(
    address: number,
    length: number,
    protection: number,
    flags: number,
    fd: number,
    offset: number,
  ): unknown;
  unmap(pointer: unknown, length: number): number;
}

let loaded: MemoryCalls | undefined;

function calls(): MemoryCalls {
  loaded ??= {
    map: library().func(
      'void *mmap(intptr_t address, size_t length, int protection, int flags, int fd, int64_t offset)',
    ),
    unmap: library().func('int munmap(void *address, size_t length)'),
  };
  return loaded;
}

const pointers = new WeakMap<ArrayBuffer, unknown>();

/** Maps a descriptor into memory (mmap(2), shared). `what` it is stands in the Error that is thrown when the kernel refuses. */
export function mapMemory(
  what: string,
  fd: number,
  length: number,
  { offset = 0, writable = true }: { readonly offset?: number; readonly writable?: boolean } = {},
): ArrayBuffer {
  const pointer = calls().map(0, length, writable ? readWritable : readable, shared, fd, offset);
  const address = koffi.address(pointer) as bigint;
  if (address === 0n || address === 0xffff_ffff_ffff_ffffn)
    throw new Error(`${what} could not be mapped (error ${koffi.errno()})`);
  const memory = koffi.view(pointer, length) as ArrayBuffer;
  pointers.set(memory, pointer);
  return memory;
}

/** Takes the mapping away: nothing may look at the memory any more. Idempotent. */
export function unmapMemory(memory: ArrayBuffer): void {
  const pointer = pointers.get(memory);
  if (pointer !== undefined) calls().unmap(pointer, memory.byteLength);
  pointers.delete(memory);
}

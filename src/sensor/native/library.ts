import { endianness } from 'node:os';
import koffi from 'koffi';

type Library = ReturnType<typeof koffi.load>;

let loaded: Library | undefined;

/**
 * Returns the C library of this process, for calls that Node has no function for. Throws an Error where it does not load, or on a machine whose
 * structures are laid out otherwise than here: all that is known are little-endian ones of 64 bits.
 */
export function library(): Library {
  if (!['x64', 'arm64'].includes(process.arch) || endianness() !== 'LE')
    throw new Error(`what the kernel's structures look like on ${process.arch} is not known here`);
  loaded ??= koffi.load(null);
  return loaded;
}

/** What a call returned, or where it failed the number of the error, negated. */
export function result(value: number | bigint): number {
  return value < 0 ? -koffi.errno() : Number(value);
}

/** Returns the address of bytes with a buffer of their own, to be put into a structure; they must be kept meanwhile. */
export function addressOf(bytes: Uint8Array): bigint {
  return koffi.address(bytes) as bigint;
}

import { library, result } from '../native/library.ts';

/** Number of bpf(2) by architecture (asm/unistd.h). */
const numbers: Readonly<Record<string, number>> = { x64: 321, arm64: 280 };

let loaded: ((number: number, command: number, attributes: Uint8Array, size: number) => number) | undefined;

/**
 * bpf(2). Returns what the call returns; below zero it is an error number, negated. Throws an Error where the library does not load or the
 * machine is of another kind.
 */
export function bpf(command: number, attributes: Uint8Array): number {
  loaded ??= library().func('long syscall(long number, int command, void *attributes, unsigned int size)');
  return result(loaded!(numbers[process.arch]!, command, attributes, attributes.length));
}

import { addressOf } from '../native/library.ts';
import { functionType, type ProgramFunction } from './function-types.ts';
import { bpf } from './native.ts';

/** Commands, map types and program types of bpf(2) (include/uapi/linux/bpf.h). */
const command = {
  mapCreate: 0,
  mapLookup: 1,
  programLoad: 5,
  objectInfo: 15,
  rawTracepointOpen: 17,
  typesLoad: 18,
} as const;
const mapType = { array: 2, ringBuffer: 27 } as const;
const tracing = 26;
const traceRawTracepoint = 23;
const functionInfoBytes = 8;
const logBytes = 1 << 20;
const tryAgain = 11;
const mostAttempts = 20;
const errorNames: Readonly<Record<number, string>> = {
  1: 'EPERM',
  7: 'E2BIG',
  12: 'ENOMEM',
  13: 'EACCES',
  22: 'EINVAL',
  28: 'ENOSPC',
};

/** A program that the kernel did not take, with the end of what its verifier said. */
export class RefusedProgram extends Error {
  readonly log: string;

  constructor(name: string, error: number, log: string) {
    const lines = log.trim().split('\n');
    super(
      `the kernel refused the BPF program ${name} (${errorNames[error] ?? `error ${error}`})${lines.length > 1 ? `: ${lines.at(-2)}` : ''}`,
    );
    this.log = log;
  }
}

function attributes(length: number): DataView {
  return new DataView(new ArrayBuffer(length));
}

function call(name: number, view: DataView): number {
  return bpf(name, new Uint8Array(view.buffer));
}

function off(bytes: Uint8Array): Uint8Array {
  const copy = new Uint8Array(new ArrayBuffer(Math.max(bytes.length, 128)));
  copy.set(bytes);
  return copy;
}

function createMap(type: number, key: number, value: number, entries: number): number {
  const view = attributes(128);
  for (const [index, number] of [type, key, value, entries].entries())
    view.setUint32(index * 4, number, true);
  const fd = call(command.mapCreate, view);
  if (fd < 0) throw new Error(`the kernel refused a BPF map (${errorNames[-fd] ?? `error ${-fd}`})`);
  return fd;
}

/** Makes an array of values that begin as 0. Returns its descriptor. Throws an Error when the kernel refuses. */
export function createArray(value: number, entries: number): number {
  return createMap(mapType.array, 4, value, entries);
}

/** Makes a ring buffer of a power of 2 of bytes. Returns its descriptor. Throws an Error when the kernel refuses. */
export function createRingBuffer(bytes: number): number {
  return createMap(mapType.ringBuffer, 0, 0, bytes);
}

/** Returns the value of an array. Throws an Error when the kernel refuses. */
export function lookUp(map: number, index: number, bytes: number): DataView {
  const key = off(new Uint8Array(4));
  new DataView(key.buffer).setUint32(0, index, true);
  const value = off(new Uint8Array(bytes));
  const view = attributes(32);
  view.setUint32(0, map, true);
  view.setBigUint64(8, addressOf(key), true);
  view.setBigUint64(16, addressOf(value), true);
  const result = call(command.mapLookup, view);
  if (result < 0) throw new Error(`a BPF map could not be read (error ${-result})`);
  return new DataView(value.buffer, 0, bytes);
}

/** Gives the kernel types (BTF). Returns their descriptor. Throws an Error when the kernel refuses. */
export function loadTypes(types: Uint8Array): number {
  const bytes = off(types);
  const view = attributes(32);
  view.setBigUint64(0, addressOf(bytes), true);
  view.setUint32(16, types.length, true);
  const fd = call(command.typesLoad, view);
  if (fd < 0) throw new Error(`the kernel refused BPF types (${errorNames[-fd] ?? `error ${-fd}`})`);
  return fd;
}

/** What the kernel has to know of a program's functions. */
export interface FunctionInfo {
  /** Descriptor of {@link loadTypes}. */
  readonly types: number;
  /** In the order of their types, which is that of their places. */
  readonly functions: readonly ProgramFunction[];
}

/** Loads a program for the raw tracepoint with this BTF number. Returns its descriptor. Throws RefusedProgram. */
export function loadProgram(
  name: string,
  code: Uint8Array,
  attachType: number,
  { types, functions }: FunctionInfo,
): number {
  const info = off(new Uint8Array(functions.length * functionInfoBytes));
  const infoView = new DataView(info.buffer);
  for (const [index, { at }] of functions.entries()) {
    infoView.setUint32(index * functionInfoBytes, at, true);
    infoView.setUint32(index * functionInfoBytes + 4, functionType(index), true);
  }
  const attempt = (log: Uint8Array | undefined): number => {
    const program = off(code);
    const license = off(new TextEncoder().encode('GPL\0'));
    const view = attributes(152);
    view.setUint32(0, tracing, true);
    view.setUint32(4, code.length / 8, true);
    view.setBigUint64(8, addressOf(program), true);
    view.setBigUint64(16, addressOf(license), true);
    if (log !== undefined) {
      view.setUint32(24, 1, true);
      view.setUint32(28, log.length, true);
      view.setBigUint64(32, addressOf(log), true);
    }
    new TextEncoder().encodeInto(name.slice(0, 15), new Uint8Array(view.buffer, 48, 16));
    view.setUint32(68, traceRawTracepoint, true);
    view.setUint32(72, types, true);
    view.setUint32(76, functionInfoBytes, true);
    view.setBigUint64(80, addressOf(info), true);
    view.setUint32(88, functions.length, true);
    view.setUint32(108, attachType, true);
    return call(command.programLoad, view);
  };
  let fd = attempt(undefined);
  // The verifier gives up when a signal comes meanwhile, and wants to be asked again.
  for (let again = 0; fd === -tryAgain && again < mostAttempts; again++) fd = attempt(undefined);
  if (fd >= 0) return fd;
  const log = new Uint8Array(new ArrayBuffer(logBytes));
  attempt(log);
  throw new RefusedProgram(name, -fd, new TextDecoder().decode(log.subarray(0, log.indexOf(0))));
}

/** Length of `struct bpf_prog_info` as of Linux 5.12, and where it tells of runs that were skipped. */
const programInfo = { bytes: 216, misses: 208 } as const;

/** Returns how often a program was skipped since it was at work already on its processor; 0 where the kernel does not tell. */
export function skippedRuns(program: number): number {
  const info = off(new Uint8Array(programInfo.bytes));
  const view = attributes(32);
  view.setUint32(0, program, true);
  view.setUint32(4, programInfo.bytes, true);
  view.setBigUint64(8, addressOf(info), true);
  if (call(command.objectInfo, view) < 0) return 0;
  return Number(new DataView(info.buffer).getBigUint64(programInfo.misses, true));
}

/** Attaches a program. Returns the descriptor of the link; closing it takes the program away. Throws an Error when refused. */
export function attach(program: number): number {
  const view = attributes(32);
  view.setUint32(8, program, true);
  const fd = call(command.rawTracepointOpen, view);
  if (fd < 0) throw new Error(`a BPF program could not be attached (${errorNames[-fd] ?? `error ${-fd}`})`);
  return fd;
}

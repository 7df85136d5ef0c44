import { eventTypeNumber, parameterIndex, parametersOf } from '../event-types.ts';
import type { DescriptorRecord, RawEvent, RawValue, ThreadRecord } from '../raw-event.ts';
import { syscallName } from '../syscalls.ts';
import { Cursor } from './cursor.ts';
import {
  type RecordedAccount,
  type RecordedThread,
  readAccounts,
  readDescriptors,
  readThreads,
} from './lists.ts';
import { genericCall, type RecordedType, recordedType } from './recorded-types.ts';
import { readValue } from './values.ts';

/** What could not be read, and where. */
export interface ScapFault {
  readonly offset: number;
  readonly message: string;
}

/** A recording in the capture format of sysdig and Falco, opened out. */
export interface ScapRecording {
  readonly hostname: string | undefined;
  readonly threads: readonly ThreadRecord[];
  readonly accounts: readonly RecordedAccount[];
  /** In their order; each with the number that it has in the recording, entries of calls counted too. From 1. */
  readonly events: readonly NumberedEvent[];
  readonly faults: readonly ScapFault[];
}

export interface NumberedEvent {
  readonly number: number;
  readonly raw: RawEvent;
}

const section = 0x0a0d0d0a;
const byteOrder = 0x1a2b3c4d;
const block = {
  machine: 0x201,
  descriptors: 0x203,
  event: 0x204,
  interfaces: 0x205,
  accounts: 0x206,
  flaggedEvent: 0x208,
} as const;
const second = {
  event: 0x216,
  flaggedEvent: 0x217,
  descriptors: 0x218,
  interfaces: 0x219,
  accounts: 0x220,
  largeEvent: 0x221,
  largeFlaggedEvent: 0x222,
} as const;
/** Version of a list of processes by the type of its block. */
const threadBlocks: ReadonlyMap<number, number> = new Map([
  [0x202, 1],
  [0x207, 2],
  [0x209, 3],
  [0x210, 4],
  [0x211, 5],
  [0x212, 6],
  [0x213, 7],
  [0x214, 8],
  [0x215, 9],
]);
const eventBlocks: ReadonlyMap<
  number,
  { readonly flags: boolean; readonly counted: boolean; readonly large: boolean }
> = new Map([
  [block.event, { flags: false, counted: false, large: false }],
  [block.flaggedEvent, { flags: true, counted: false, large: false }],
  [second.event, { flags: false, counted: true, large: false }],
  [second.flaggedEvent, { flags: true, counted: true, large: false }],
  [second.largeEvent, { flags: false, counted: true, large: true }],
  [second.largeFlaggedEvent, { flags: true, counted: true, large: true }],
]);

/** Faults that are kept; a damaged file has any number. */
const maxFaults = 100;
/** Calls that are open at once, one for each thread; older ones are forgotten. */
const maxOpenCalls = 65_536;

/**
 * Returns what a recording holds (blocks as in pcapng; falcosecurity/libs, scap_savefile). Entries and returns of calls become one
 * event, when the call returns. Compressed files are unpacked before. Never throws on their content.
 */
export function readScap(bytes: Uint8Array): ScapRecording {
  return new ScapReader(bytes).read();
}

class ScapReader {
  readonly #bytes: Uint8Array;
  readonly #threads = new Map<number, RecordedThread>();
  readonly #descriptors = new Map<number, DescriptorRecord[]>();
  readonly #accounts: RecordedAccount[] = [];
  readonly #events: NumberedEvent[] = [];
  readonly #faults: ScapFault[] = [];
  /** Entry of the call that each thread is in. */
  readonly #open = new Map<number, RecordedCall>();
  #hostname: string | undefined;
  #number = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  read(): ScapRecording {
    const bytes = this.#bytes;
    const cursor = new Cursor(bytes);
    if (bytes.length < 28 || cursor.u32() !== section) {
      this.#fault(0, 'not a capture: it does not begin with a section header');
      return this.#result();
    }
    cursor.offset = 8;
    if (cursor.u32() !== byteOrder) {
      this.#fault(8, 'the capture is of a machine with another byte order');
      return this.#result();
    }
    cursor.offset = 0;
    while (cursor.left >= 12) {
      const start = cursor.offset;
      const type = cursor.u32();
      const length = cursor.u32();
      if (length < 12 || length > bytes.length - start) {
        this.#fault(
          start,
          `a block of ${length} bytes, where ${bytes.length - start} are left: the file is cut off`,
        );
        break;
      }
      this.#block(type, start + 8, start + length - 4);
      cursor.offset = start + length;
    }
    return this.#result();
  }

  #result(): ScapRecording {
    const threads = [...this.#threads.values()].map((thread) => ({
      ...thread,
      descriptors: this.#descriptors.get(thread.tid) ?? [],
    }));
    return {
      hostname: this.#hostname,
      threads,
      accounts: this.#accounts,
      events: this.#events,
      faults: this.#faults,
    };
  }

  #fault(offset: number, message: string): void {
    if (this.#faults.length < maxFaults) this.#faults.push({ offset, message });
  }

  #block(type: number, start: number, end: number): void {
    const cursor = new Cursor(this.#bytes, start, end);
    try {
      const version = threadBlocks.get(type);
      const event = eventBlocks.get(type);
      if (event !== undefined) this.#event(cursor, event);
      else if (version !== undefined) {
        for (const thread of readThreads(cursor, version)) this.#threads.set(thread.tid, thread);
      } else if (type === block.descriptors || type === second.descriptors) {
        const { tid, descriptors } = readDescriptors(cursor, type === block.descriptors ? 1 : 2);
        this.#descriptors.set(tid, descriptors);
      } else if (type === block.accounts || type === second.accounts) {
        this.#accounts.push(...readAccounts(cursor, type === block.accounts ? 1 : 2));
      } else if (type === block.machine) {
        cursor.take(4 + 8 + 8);
        this.#hostname = new TextDecoder()
          .decode(cursor.take(Math.min(128, cursor.left)))
          .replace(/\0.*$/s, '');
      }
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      this.#fault(start - 8, `a block of type 0x${type.toString(16)} ends too early`);
    }
  }

  #event(
    cursor: Cursor,
    {
      flags,
      counted,
      large,
    }: { readonly flags: boolean; readonly counted: boolean; readonly large: boolean },
  ): void {
    const cpu = cursor.u16();
    if (flags) cursor.u32();
    const start = cursor.offset;
    const time = cursor.u64();
    const tid = Number(BigInt.asIntN(64, cursor.u64()));
    const length = cursor.u32();
    const number = cursor.u16();
    const count = counted ? cursor.u32() : countOf(this.#bytes, cursor.offset, start, length);
    if (count === undefined || count > 1000) throw new RangeError('no count');
    const lengths = Array.from({ length: count }, () => (large ? cursor.u32() : cursor.u16()));
    const values = lengths.map((size) => cursor.take(size));
    this.#number++;
    this.#call({ number, time, cpu, tid, values });
  }

  #call(call: RecordedCall): void {
    const recorded = recordedType(call.number);
    if (recorded === undefined) return;
    const isEntry = call.number % 2 === 0;
    if (isEntry && recorded.exit.length + recorded.enter.length > 0 && !isSingle(recorded)) {
      this.#open.delete(call.tid);
      if (this.#open.size >= maxOpenCalls) this.#open.delete(this.#open.keys().next().value as number);
      this.#open.set(call.tid, call);
      return;
    }
    // What is no call may come while one is open.
    const opened = isEntry ? undefined : this.#open.get(call.tid);
    if (!isEntry) this.#open.delete(call.tid);
    const entry = opened !== undefined && opened.number === call.number - 1 ? opened : undefined;
    const type = recorded.type ?? (call.number >> 1 === genericCall ? genericType(entry) : undefined);
    if (type === undefined) return;
    const { time, cpu, tid } = call;
    const params: (RawValue | undefined)[] = new Array(parametersOf(type).length).fill(undefined);
    if (entry !== undefined) fill(params, type, recorded.enter, entry.values);
    fill(params, type, isEntry ? recorded.enter : recorded.exit, call.values);
    this.#events.push({ number: this.#number, raw: { type, time, cpu, tid, params } });
  }
}

interface RecordedCall {
  readonly number: number;
  readonly time: bigint;
  readonly cpu: number;
  readonly tid: number;
  readonly values: readonly Uint8Array[];
}

/** Events that are no calls and have no return. */
const singles: ReadonlySet<string> = new Set([
  'procexit',
  'switch',
  'signaldeliver',
  'container',
  'drop',
  'notification',
  'page_fault',
  'cpu_hotplug',
  'pluginevent',
]);

function isSingle({ name }: RecordedType): boolean {
  return singles.has(name);
}

/** Of calls without parameters of their own the entry holds the number on the recorded machine. */
function genericType(entry: RecordedCall | undefined): number | undefined {
  const native = entry?.values[1];
  if (native?.length !== 2) return undefined;
  const name = syscallName((native[0] as number) | ((native[1] as number) << 8));
  return name === undefined ? undefined : eventTypeNumber(name);
}

/** Puts values in their places by name; parameters that today's type has not are left out. */
function fill(
  params: (RawValue | undefined)[],
  type: number,
  names: readonly string[],
  values: readonly Uint8Array[],
): void {
  for (const [index, bytes] of values.entries()) {
    const name = names[index];
    const place = name === undefined ? undefined : parameterIndex(type, name);
    const parameter = place === undefined ? undefined : parametersOf(type)[place];
    if (place === undefined || parameter === undefined) continue;
    params[place] = readValue(parameter.kind, bytes) ?? params[place];
  }
}

/** How many parameters an event has that does not say so: as many as make its lengths come to its own. */
function countOf(bytes: Uint8Array, offset: number, start: number, length: number): number | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let total = offset - start;
  for (let count = 0; total <= length; count++) {
    if (total === length) return count;
    if (offset + count * 2 + 2 > bytes.length) return undefined;
    total += 2 + view.getUint16(offset + count * 2, true);
  }
  return undefined;
}

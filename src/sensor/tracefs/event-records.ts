import { eventTypeNumber, parametersOf } from '../../event/event-types.ts';
import type { Observed, RawEvent, RawValue, SocketTuple, ThreadRecord } from '../../event/raw-event.ts';
import { type Address, addressFromBytes, unmapAddress } from '../../net/address.ts';
import { eventNumber } from '../bpf/kernel-numbers.ts';
import type { EventChoice } from './events.ts';
import type { EventFormat, Field } from './format.ts';
import { readText, readUint } from './record-fields.ts';
import type { PageReader } from './ring-buffer.ts';

const typeOf = (name: string) => eventTypeNumber(name) as number;
const types = {
  execve: typeOf('execve'),
  clone: typeOf('clone'),
  procexit: typeOf('procexit'),
  connect: typeOf('connect'),
};
const synSent = 2;
const inProgress = -115;
const commBytes = 15;
/** Slack for the 10 ms steps of start times. */
const startSlack = 30_000_000n;
const family = { ipv4: 2, ipv6: 10 } as const;
const encoder = new TextEncoder();

/** Trace events that system events are made of. */
export const eventChoices: readonly EventChoice[] = [
  { system: 'sched', name: 'sched_process_exec', filter: [] },
  {
    system: 'task',
    name: 'task_newtask',
    filter: [],
    without: 'of new processes it is not told who started them',
  },
  {
    system: 'sched',
    name: 'sched_process_exit',
    filter: [],
    without: 'a process number that is given away again may name the wrong program',
  },
  {
    system: 'sock',
    name: 'inet_sock_set_state',
    filter: [
      { field: 'protocol', condition: 'protocol == 6' },
      { field: 'newstate', condition: `newstate == ${synSent}` },
    ],
    without: 'connections are not seen',
  },
];

/** What the records alone do not tell. */
export interface EventSurroundings {
  /** Nanoseconds from the trace clock to the epoch. */
  readonly epochOffset: bigint;
  /** A process whose own events are left out; 0 for none. */
  readonly muted: number;
  process(pid: number): ThreadRecord | undefined;
}

type Told = Pick<RawEvent, 'type' | 'tid' | 'params' | 'observed'>;
/** Reads the record of `length` bytes at `at`, which is not shorter than the event's layout. */
type ReadRecord = (bytes: Uint8Array, at: number, length: number, time: bigint) => Told | undefined;

/** Every record begins so: u16 type, u8 flags, u8 preempt count, s32 pid. */
const commonHeader = 8;

/** Turns trace records into system events, by the layouts of the running kernel. */
export class EventRecordDecoder {
  /** Records of unknown events, or shorter than their layout. */
  undecodable = 0;
  epochOffset: bigint;
  readonly #read: (ReadRecord | undefined)[] = [];
  readonly #minimum: number[] = [];

  constructor(formats: readonly EventFormat[], surroundings: EventSurroundings) {
    this.epochOffset = surroundings.epochOffset;
    for (const format of formats) {
      const read = readerOf(format, surroundings);
      if (read === undefined) continue;
      let minimum = commonHeader;
      for (const field of format.fields.values()) minimum = Math.max(minimum, field.offset + field.size);
      this.#read[format.id] = read;
      this.#minimum[format.id] = minimum;
    }
  }

  /** Returns the event of the page's present record; undefined for one that is left out, or cannot be read, which is counted. */
  decode(page: PageReader): RawEvent | undefined {
    const { bytes, dataOffset: at, dataLength: length } = page;
    const id = length >= commonHeader ? bytes[at]! | (bytes[at + 1]! << 8) : -1;
    const read = this.#read[id];
    if (read === undefined || length < this.#minimum[id]!) {
      this.undecodable++;
      return undefined;
    }
    const time = BigInt(Math.round(page.time * 1e6)) + this.epochOffset;
    const told = read(bytes, at, length, time);
    return told && { ...told, time, cpu: 0 };
  }
}

/** Returns whether the trace event is one that this decoder knows, in a layout that it can read. */
export function canDecodeEvent(format: EventFormat): boolean {
  return readerOf(format, { epochOffset: 0n, muted: 0, process: () => undefined }) !== undefined;
}

function readerOf(format: EventFormat, surroundings: EventSurroundings): ReadRecord | undefined {
  const common = format.fields.get('common_pid');
  if (common?.offset !== 4) return undefined;
  switch (format.name) {
    case 'sched_process_exec':
      return execReader(format, surroundings);
    case 'task_newtask':
      return newTaskReader(format, common, surroundings);
    case 'sched_process_exit':
      return exitReader(format);
    case 'inet_sock_set_state':
      return connectReader(format, common, surroundings);
    default:
      return undefined;
  }
}

function execReader({ fields }: EventFormat, { muted, process }: EventSurroundings): ReadRecord | undefined {
  const [pid, filename] = [fields.get('pid'), fields.get('filename')];
  if (pid === undefined || filename === undefined) return undefined;
  return (bytes, at, length, time) => {
    const tid = readUint(bytes, at, pid);
    if (tid === muted) return undefined;
    return started(tid, readText(bytes, at, length, filename), time, process(tid));
  };
}

/** A start of a program, with what /proc told, if that is still the same program. */
function started(tid: number, filename: string, time: bigint, now: ThreadRecord | undefined): Told {
  const file = filename.slice(filename.lastIndexOf('/') + 1);
  const comm = new TextDecoder().decode(encoder.encode(file).subarray(0, commBytes));
  const isSameProcess = now?.startTime !== undefined && now.startTime <= time + startSlack;
  const values: Record<string, RawValue | undefined> = {
    res: 0,
    tid,
    pid: tid,
    comm,
    exe: filename,
    filename,
  };
  if (isSameProcess) {
    const { ptid, cwd, tty, vpgid, loginuid, uid, gid, cgroups = [], capabilities } = now;
    Object.assign(values, { ptid, cwd, tty, vpgid, loginuid, uid, gid });
    values.cgroups = encoder.encode(cgroups.map((one) => `${one}\0`).join(''));
    values.cap_effective = capabilities?.effective;
    values.cap_permitted = capabilities?.permitted;
    values.cap_inheritable = capabilities?.inheritable;
  }
  // A process that has gone on to another program meanwhile tells of that one.
  if (isSameProcess && now.comm === comm) {
    values.exe = now.exe;
    values.args = encoder.encode(now.args.map((one) => `${one}\0`).join(''));
    values.trusted_exepath = now.exepath;
  }
  const observed: Observed = isSameProcess
    ? {
        ...(now.sid !== undefined && { session: now.sid }),
        ...(now.vpid !== undefined && { namespacePid: now.vpid }),
        ...(now.vtid !== undefined && { namespaceTid: now.vtid }),
      }
    : {};
  return { type: types.execve, tid, params: ordered(types.execve, values), observed };
}

function newTaskReader(
  { fields }: EventFormat,
  common: Field,
  { muted }: EventSurroundings,
): ReadRecord | undefined {
  const [pid, flags] = [fields.get('pid'), fields.get('clone_flags')];
  if (pid === undefined || flags === undefined) return undefined;
  return (bytes, at) => {
    const tid = readUint(bytes, at, common);
    if (tid === muted) return undefined;
    const values = {
      res: readUint(bytes, at, pid),
      flags: eventNumber('clone flags', readUint(bytes, at, flags)),
    };
    return { type: types.clone, tid, params: ordered(types.clone, values), observed: {} };
  };
}

function exitReader({ fields }: EventFormat): ReadRecord | undefined {
  const pid = fields.get('pid');
  if (pid === undefined) return undefined;
  return (bytes, at) => ({
    type: types.procexit,
    tid: readUint(bytes, at, pid),
    params: ordered(types.procexit, {}),
    observed: {},
  });
}

function connectReader(
  { fields }: EventFormat,
  common: Field,
  { muted }: EventSurroundings,
): ReadRecord | undefined {
  const [newState, domain] = [fields.get('newstate'), fields.get('family')];
  const [sport, dport] = [fields.get('sport'), fields.get('dport')];
  const [saddr, daddr, saddr6, daddr6] = ['saddr', 'daddr', 'saddr_v6', 'daddr_v6'].map((name) =>
    fields.get(name),
  );
  if (!newState || !domain || !sport || !dport) return undefined;
  if (saddr?.size !== 4 || daddr?.size !== 4 || saddr6?.size !== 16 || daddr6?.size !== 16) return undefined;
  return (bytes, at) => {
    const tid = readUint(bytes, at, common);
    if (readUint(bytes, at, newState) !== synSent || tid === muted) return undefined;
    const is4 = readUint(bytes, at, domain) === family.ipv4;
    const address = (four: Field, six: Field): Address =>
      unmapAddress(addressFromBytes(bytes, at + (is4 ? four : six).offset, is4 ? 4 : 6));
    const tuple: SocketTuple = {
      kind: 'inet',
      source: { address: address(saddr, saddr6), port: readUint(bytes, at, sport) },
      destination: { address: address(daddr, daddr6), port: readUint(bytes, at, dport) },
    };
    const values = {
      res: inProgress,
      tuple,
      addr: { kind: 'inet', ...tuple.destination } as const,
    };
    return {
      type: types.connect,
      tid,
      params: ordered(types.connect, values),
      observed: {
        descriptor: {
          fd: -1,
          type: tuple.destination.address.family === 4 ? 'ipv4' : 'ipv6',
          name: '',
          tuple,
          protocol: 6,
          domain: is4 ? family.ipv4 : family.ipv6,
          role: 'client',
        },
      },
    };
  };
}

/** Values by name in the order of the parameters of a type. */
function ordered(type: number, values: Readonly<Record<string, RawValue | undefined>>): RawEvent['params'] {
  return parametersOf(type).map(({ name }) => values[name]);
}

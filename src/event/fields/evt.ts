import { eventTypes, parameterIndex, parametersOf } from '../event-types.ts';
import type { Extract, FieldValue } from '../field.ts';
import { integerOf } from '../integer.ts';
import { pathBelow } from '../path.ts';
import { errorName } from '../print/errno.ts';
import { flagNames } from '../print/flags.ts';
import {
  type Lookup,
  type PrintedParameter,
  printBytes,
  printParameter,
  tupleText,
} from '../print/parameter.ts';
import type { RawValue } from '../raw-event.ts';
import { baseDirectory } from '../state/base-directory.ts';
import type { Descriptor } from '../state/descriptor.ts';
import type { SystemEvent } from '../system-event.ts';
import { field, fieldWith, type SystemField } from './define.ts';
import { clockText, dateText, isoText } from './time-text.ts';

const opening: ReadonlySet<string> = new Set(['open', 'openat', 'openat2', 'open_by_handle_at', 'creat']);
const reading: ReadonlySet<string> = new Set([
  'read',
  'pread64',
  'readv',
  'preadv',
  'preadv2',
  'recvfrom',
  'recvmsg',
  'recvmmsg',
]);
const writing: ReadonlySet<string> = new Set([
  'write',
  'pwrite64',
  'writev',
  'pwritev',
  'pwritev2',
  'sendto',
  'sendmsg',
  'sendmmsg',
  'sendfile',
]);
const waiting: ReadonlySet<string> = new Set([
  'poll',
  'ppoll',
  'select',
  'pselect6',
  'epoll_wait',
  'epoll_pwait',
  'nanosleep',
]);

const flag = { read: 1, write: 2, create: 4, temporary: 1 << 13, created: 1 << 14, trunc: 1 << 8 } as const;

/** Where calls that open a file keep the flags; -1 for others. */
const flagsIndex = indices((name, type) => (opening.has(name) ? parameterIndex(type, 'flags') : undefined));
const creat = eventTypes.indexOf('creat');

/** One number for each type of event; -1 where there is none. */
function indices(of: (name: string, type: number) => number | undefined): Int16Array {
  return Int16Array.from(eventTypes, (name, type) => of(name, type) ?? -1);
}

/** Opening flags of a call that opens a file; undefined for others. */
function openFlags({ raw: { type, params } }: SystemEvent): number | undefined {
  const index = flagsIndex[type] as number;
  if (index >= 0) return integerOf(params[index]);
  return type === creat ? flag.write | flag.create : undefined;
}

function printed(event: SystemEvent, index: number): PrintedParameter | undefined {
  const parameter = parametersOf(event.raw.type)[index];
  const value = event.raw.params[index];
  return parameter === undefined || value === undefined
    ? undefined
    : printParameter(parameter, value, new EventLookup(event, index));
}

/** Where paths are that calls give relative to a directory. */
const directoryIndex = indices((_, type) => parameterIndex(type, 'dirfd'));

/** What numbers and paths among the parameters of an event stand for. */
class EventLookup implements Lookup {
  readonly #event: SystemEvent;
  readonly #index: number;

  constructor(event: SystemEvent, index: number) {
    this.#event = event;
    this.#index = index;
  }

  descriptor(fd: number): Descriptor | undefined {
    return this.#event.thread.descriptors.get(fd);
  }

  threadName(tid: number): string | undefined {
    return this.#event.processes.thread(tid)?.comm;
  }

  userName(uid: number): string | undefined {
    return this.#event.processes.surroundings.userName(uid);
  }

  groupName(gid: number): string | undefined {
    return this.#event.processes.surroundings.groupName(gid);
  }

  pathOf(path: string): string {
    const { raw, thread } = this.#event;
    const place = { path: this.#index, directory: directoryIndex[raw.type] as number };
    return pathBelow(baseDirectory(raw, place, thread), path);
  }
}

/** `name=value(meaning)` of all parameters. */
function allArguments(event: SystemEvent): string {
  return parametersOf(event.raw.type)
    .flatMap(({ name }, index) => {
      const one = printed(event, index);
      if (one === undefined) return [];
      return [`${name}=${one.text}${one.meaning === undefined ? '' : `(${one.meaning})`}`];
    })
    .join(' ');
}

/** The same argument stands in many rules. */
const placesOfArguments = new Map<string, Int16Array>();

/** Where each type of event has an argument that is a name of a parameter or its number. */
function argumentIndices(argument: string): Int16Array {
  let places = placesOfArguments.get(argument);
  if (places === undefined) {
    const number = /^\d{1,4}$/.test(argument) ? Number(argument) : undefined;
    places = indices((_, type) => number ?? parameterIndex(type, argument));
    placesOfArguments.set(argument, places);
  }
  return places;
}

function argumentText(argument: string): (event: SystemEvent) => string | undefined {
  const places = argumentIndices(argument);
  return (event) => {
    const { type, params } = event.raw;
    const index = places[type] as number;
    const value = index < 0 ? undefined : params[index];
    if (value === undefined) return undefined;
    // By far the most asked for, and they stand for themselves.
    const flags = typeof value === 'number' ? flagNames(parametersOf(type)[index]?.kind, value) : undefined;
    if (flags) return flags;
    const one = printed(event, index);
    return one?.meaning ?? one?.text;
  };
}

function rawArgument(argument: string): (event: SystemEvent) => FieldValue | undefined {
  const places = argumentIndices(argument);
  return ({ raw: { type, params } }) => {
    const index = places[type] as number;
    return index < 0 ? undefined : scalar(params[index]);
  };
}

function scalar(value: RawValue | undefined): FieldValue | undefined {
  if (
    value === undefined ||
    typeof value === 'string' ||
    typeof value === 'number' ||
    typeof value === 'bigint'
  )
    return value;
  if (value instanceof Uint8Array) return printBytes(value);
  return 'kind' in value && 'source' in value ? tupleText(value) : undefined;
}

function resultText(event: SystemEvent): string | undefined {
  const { result } = event;
  if (result === undefined) return undefined;
  return result < 0 ? errorName(-result) : 'SUCCESS';
}

const withKey = { required: true, kind: 'either', dotted: true } as const;
/** Names of parameters that some type of event has. */
const parameterNames: ReadonlySet<string> = new Set(
  eventTypes.flatMap((_, type) => parametersOf(type).map(({ name }) => name)),
);

/** Asks for a parameter by name or number; a name that no type has is a mistake. */
function rawParameter(argument: string | undefined): Extract<SystemEvent> | { readonly problem: string } {
  if (argument === undefined || (!/^\d+$/.test(argument) && !parameterNames.has(argument))) {
    return { problem: `no event has a parameter \`${argument}\`` };
  }
  const get = rawArgument(argument);
  return (event) => {
    const value = get(event);
    return value === undefined ? undefined : String(value);
  };
}

const isOpen = (bits: number) => (event: SystemEvent) => {
  const flags = openFlags(event);
  return flags === undefined ? false : (flags & bits) !== 0;
};

/** Fields of the event as such. */
export const evtFields: readonly SystemField[] = [
  field('evt.num', 'integer', 'Number of the event, from 1.', (event) => event.number),
  field('evt.time', 'string', 'Time of day with nanoseconds.', ({ raw }) => clockText(raw.time)),
  field('evt.time.s', 'string', 'Time of day in seconds.', ({ raw }) => clockText(raw.time).slice(0, 8)),
  field('evt.time.iso8601', 'string', 'Time as in RFC 3339, in UTC.', ({ raw }) => isoText(raw.time)),
  field('evt.datetime', 'string', 'Date and time with nanoseconds.', ({ raw }) => dateText(raw.time)),
  field('evt.datetime.s', 'string', 'Date and time in seconds.', ({ raw }) =>
    dateText(raw.time).slice(0, 19),
  ),
  field('evt.rawtime', 'time', 'Nanoseconds since the epoch.', ({ raw }) => raw.time),
  field('evt.rawtime.s', 'integer', 'Seconds since the epoch.', ({ raw }) =>
    Number(raw.time / 1_000_000_000n),
  ),
  field('evt.rawtime.ns', 'integer', 'Nanoseconds of the second.', ({ raw }) =>
    Number(raw.time % 1_000_000_000n),
  ),
  field('evt.type', 'string', 'Type of the event, e.g. `open`.', (event) => event.typeName),
  fieldWith(
    'evt.type.is',
    'integer',
    '1 where the event is of the type that the argument names.',
    { required: true, kind: 'key' },
    (argument) => (event) => Number(event.typeName === argument),
  ),
  field('syscall.type', 'string', 'Name of the system call; none for other events.', (event) =>
    parametersOf(event.raw.type)[0]?.name === 'res' || parametersOf(event.raw.type)[0]?.name === 'fd'
      ? event.typeName
      : undefined,
  ),
  field('evt.source', 'string', 'Name of the source: `syscall`.', () => 'syscall'),
  field('evt.is_async', 'boolean', 'Whether the event is of no source of its own.', () => false),
  field('evt.hostname', 'string', 'Name of the machine.', ({ processes }) => processes.surroundings.hostname),
  field('evt.dir', 'string', 'Direction: always `<`, as events are given when calls return.', () => '<', {
    deprecated: 'events of calls that begin are no longer given: leave it out',
  }),
  field('evt.cpu', 'integer', 'Number of the processor.', ({ raw }) => raw.cpu),
  field('evt.args', 'string', 'All parameters, as `name=value`.', allArguments),
  fieldWith(
    'evt.arg',
    'string',
    'A parameter by its name or number, as it is printed.',
    withKey,
    (argument) => argumentText(argument as string),
  ),
  fieldWith('evt.rawarg', 'string', 'A parameter by its name, as it is.', withKey, rawParameter),
  field('evt.info', 'string', 'The parameters, as `evt.args`.', allArguments),
  field('evt.res', 'string', '`SUCCESS`, or the name of the error.', resultText),
  field('evt.rawres', 'integer', 'What the call returned.', (event) => event.result),
  field('evt.failed', 'boolean', 'Whether the call returned an error.', (event) => (event.result ?? 0) < 0),
  field('evt.count', 'integer', 'Always 1.', () => 1),
  field(
    'evt.is_io',
    'boolean',
    'Whether it reads or writes.',
    ({ typeName }) => reading.has(typeName) || writing.has(typeName),
  ),
  field('evt.is_io_read', 'boolean', 'Whether it reads.', ({ typeName }) => reading.has(typeName)),
  field('evt.is_io_write', 'boolean', 'Whether it writes.', ({ typeName }) => writing.has(typeName)),
  field('evt.io_dir', 'string', '`r` or `w`.', ({ typeName }) =>
    reading.has(typeName) ? 'r' : writing.has(typeName) ? 'w' : undefined,
  ),
  field('evt.is_wait', 'boolean', 'Whether it waits for something.', ({ typeName }) => waiting.has(typeName)),
  field('evt.is_syscall', 'boolean', 'Whether it is a system call.', (event) => event.result !== undefined),
  field('evt.buffer', 'bytes', 'What was read or written, as much as was recorded.', (event) => {
    const data = event.parameter('data');
    return data instanceof Uint8Array ? data : undefined;
  }),
  field('evt.buflen', 'integer', 'Bytes that were read or written.', (event) =>
    event.parameter('data') === undefined ? undefined : Math.max(0, event.result ?? 0),
  ),
  field('evt.is_open_read', 'boolean', 'Whether a file was opened to be read.', isOpen(flag.read)),
  field('evt.is_open_write', 'boolean', 'Whether a file was opened to be written.', isOpen(flag.write)),
  field('evt.is_open_exec', 'boolean', 'Whether a file was made that may be executed.', (event) => {
    const flags = openFlags(event);
    const isMade = flags !== undefined && (flags & (flag.create | flag.temporary)) !== 0;
    return isMade && ((event.integer('mode') ?? 0) & 0o111) !== 0;
  }),
  field('evt.is_open_create', 'boolean', 'Whether a file was made.', (event) => {
    if (event.raw.type === creat) return event.result !== undefined && event.result >= 0;
    return ((openFlags(event) ?? 0) & flag.created) !== 0;
  }),
];

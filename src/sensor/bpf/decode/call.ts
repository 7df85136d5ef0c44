import { type ParameterKind, parametersOf } from '../../../event/event-types.ts';
import type { Observed, RawValue, SocketAddress } from '../../../event/raw-event.ts';
import type { Call, Source } from '../calls.ts';
import { created, eventNumber } from '../kernel-numbers.ts';
import { record } from '../record.ts';
import { isCreated, readAddress, readDescriptor } from './descriptor.ts';
import type { RecordReader } from './record-reader.ts';

/** The parameters of a call and what the kernel saw beside them. */
export interface DecodedCall {
  readonly params: (RawValue | undefined)[];
  readonly observed: Observed;
}

/** Reads one parameter; `observed` is what was read before it. */
type ReadParameter = (reader: RecordReader, observed: Observed) => RawValue | undefined;

const nothing: Observed = {};
const slash = 0x2f;
/** `-EBADF`: the directory that the call named is none. */
const badDescriptor = -9;

/** Returns how records of a call are read, put together once from where its parameters come from. */
export function callDecoder(type: number, call: Call): (reader: RecordReader) => DecodedCall {
  const { descriptor, address, sources } = call;
  const kinds = parametersOf(type).map(({ kind }) => kind);
  const bases = sources.flatMap((source, index) =>
    source.kind === 'path' ? [{ index, path: source.slot, base: source.base }] : [],
  );
  const observe = (reader: RecordReader, named: SocketAddress | undefined): Observed => {
    const seen = descriptor === undefined ? undefined : readDescriptor(reader, descriptor, type, named);
    if (bases.length === 0) return seen === undefined ? nothing : { descriptor: seen };
    const below = basesOf(reader, bases);
    if (below === undefined) return seen === undefined ? nothing : { descriptor: seen };
    return seen === undefined ? { bases: below } : { descriptor: seen, bases: below };
  };
  const readers = sources.map((source, index) =>
    parameterReader(source, kinds[index] as ParameterKind, descriptor),
  );
  const count = readers.length;
  const addressIndex = sources.findIndex(({ kind }) => kind === 'address');
  return (reader) => {
    const named = address === undefined ? undefined : readAddress(reader, address);
    const observed = observe(reader, named);
    const params: (RawValue | undefined)[] = [];
    for (let index = 0; index < count; index++)
      params.push(index === addressIndex ? named : (readers[index] as ReadParameter)(reader, observed));
    return { params, observed };
  };
}

/** Where a path among the parameters and the directory below which it stands were copied to. */
interface BasePlace {
  readonly index: number;
  readonly path: number;
  readonly base: number;
}

/** Directories below which relative paths stand, by the number of the parameter; undefined where all are absolute. */
function basesOf(reader: RecordReader, places: readonly BasePlace[]): (string | undefined)[] | undefined {
  let found: (string | undefined)[] | undefined;
  for (const { index, path, base } of places) {
    const isAbsolute = reader.length(path) === 0 || reader.bytes[reader.start(path)] === slash;
    if (isAbsolute || reader.integer(reader.at + record.result) === badDescriptor) continue;
    found ??= [];
    // Of the root directory no name is copied.
    found[index] = reader.pathBetween(reader.start(base), reader.end(base));
  }
  return found;
}

function parameterReader(source: Source, kind: ParameterKind, descriptor: number | undefined): ReadParameter {
  switch (source.kind) {
    case 'result':
      return (reader) => reader.integer(reader.at + record.result);
    case 'i': {
      const at = argumentAt(source.argument);
      return (reader) => reader.view.getInt32(reader.at + at, true);
    }
    case 'u': {
      const at = argumentAt(source.argument);
      return (reader) => reader.view.getUint32(reader.at + at, true);
    }
    case 'l': {
      const at = argumentAt(source.argument);
      return (reader) => numberOf(reader, kind, reader.at + at, descriptor);
    }
    case 'word': {
      const { slot, index } = source;
      const least = 8 * (index + 1);
      return (reader) =>
        reader.length(slot) < least
          ? undefined
          : numberOf(reader, kind, reader.start(slot) + 8 * index, descriptor);
    }
    case 'path':
    case 'text': {
      const { slot } = source;
      return (reader) => reader.text(slot);
    }
    case 'data': {
      const { slot } = source;
      return (reader) => reader.copy(slot);
    }
    case 'tuple':
      return (_, observed) => observed.descriptor?.tuple;
    case 'dev':
      return (_, observed) => observed.descriptor?.device;
    case 'ino':
      return (_, observed) => observed.descriptor?.inode;
    default:
      return () => undefined;
  }
}

function argumentAt(index: number): number {
  return record.arguments + 8 * index;
}

function numberOf(
  reader: RecordReader,
  kind: ParameterKind,
  at: number,
  descriptor: number | undefined,
): number | bigint {
  const value = reader.integer(at);
  if (typeof value === 'bigint') return value;
  const number = eventNumber(kind, value);
  const isNew = kind === 'open flags' && descriptor !== undefined && isCreated(reader, descriptor);
  return isNew ? number | created.event : number;
}

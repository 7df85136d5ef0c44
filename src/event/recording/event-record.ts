import { eventTypeNumber, type Parameter, parametersOf } from '../event-types.ts';
import type { Observed, RawEvent, RawValue } from '../raw-event.ts';
import type { ByteReader } from './byte-reader.ts';
import type { ByteWriter } from './byte-writer.ts';
import { readDescriptor, writeDescriptor } from './descriptor-record.ts';
import { isOfKind, readValue, writeValue } from './value.ts';

/** What the sensor saw beside the parameters, in this order. */
const has = {
  observed: 1 << 0,
  descriptor: 1 << 1,
  bases: 1 << 2,
  session: 1 << 3,
  group: 1 << 4,
  namespacePid: 1 << 5,
  namespaceTid: 1 << 6,
} as const;

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Writes an event; `step` is what its number is above that of the one before in the chunk. */
export function writeEvent(
  to: ByteWriter,
  { type, time, cpu, tid, params, observed }: RawEvent,
  step: number,
): void {
  to.varint(type);
  to.u64(time);
  to.number(cpu);
  to.number(tid);
  to.number(step);
  to.varint(params.length);
  for (let index = 0; index < params.length; index++) writeValue(to, params[index]);
  if (observed === undefined) to.u8(0);
  else writeObserved(to, observed);
}

function writeObserved(
  to: ByteWriter,
  { descriptor, bases, session, group, namespacePid, namespaceTid }: Observed,
): void {
  let bits: number = has.observed;
  if (descriptor !== undefined) bits |= has.descriptor;
  if (bases !== undefined) bits |= has.bases;
  if (session !== undefined) bits |= has.session;
  if (group !== undefined) bits |= has.group;
  if (namespacePid !== undefined) bits |= has.namespacePid;
  if (namespaceTid !== undefined) bits |= has.namespaceTid;
  to.u8(bits);
  if (descriptor !== undefined) writeDescriptor(to, descriptor);
  if (bases !== undefined) {
    to.varint(bases.length);
    for (let index = 0; index < bases.length; index++) writeValue(to, bases[index]);
  }
  if (session !== undefined) to.number(session);
  if (group !== undefined) to.number(group);
  if (namespacePid !== undefined) to.number(namespacePid);
  if (namespaceTid !== undefined) to.number(namespaceTid);
}

/** A type of event as a chunk defines it. */
export interface WrittenType {
  readonly name: string;
  /** Number of the type today; undefined for a type that is not known. */
  readonly type: number | undefined;
  /** Where each written parameter stands today, -1 for what is not known. */
  readonly places: readonly number[];
  /** True when the parameters are today's, in today's order. */
  readonly isSame: boolean;
  readonly parameters: readonly Parameter[];
}

/** Returns how today's Picket reads events of a type with these parameters. */
export function writtenType(name: string, names: readonly string[]): WrittenType {
  const type = eventTypeNumber(name);
  const parameters = type === undefined ? [] : parametersOf(type);
  const places = names.map((one) => parameters.findIndex((parameter) => parameter.name === one));
  const isSame = places.length === parameters.length && places.every((place, index) => place === index);
  return { name, type, places, isSame, parameters };
}

/** An event, with what of it was not of the kind that its parameter has: such values are left out. */
export interface ReadEvent {
  readonly step: number;
  readonly raw: RawEvent | undefined;
  readonly unfit: string | undefined;
}

/** Returns the event behind its type's number; no event when that type is not known. Throws a RangeError on what is none. */
export function readEvent(from: ByteReader, written: WrittenType): ReadEvent {
  const time = from.u64();
  const cpu = from.number();
  const tid = from.number();
  const step = from.number();
  const { type, places, isSame, parameters } = written;
  if (type === undefined) return { step, raw: undefined, unfit: undefined };
  const count = from.count(1);
  const params: (RawValue | undefined)[] = isSame ? [] : new Array(parameters.length).fill(undefined);
  let unfit: string | undefined;
  for (let index = 0; index < count; index++) {
    const value = readValue(from);
    const place = places[index] ?? -1;
    const parameter = parameters[place];
    const fits = value === undefined || (parameter !== undefined && isOfKind(parameter.kind, value));
    if (!fits && parameter !== undefined) unfit = parameter.name;
    if (isSame && index < parameters.length) params.push(fits ? value : undefined);
    else if (fits && place >= 0) params[place] = value;
  }
  const observed = readObserved(from, places, isSame);
  const raw = { type, time, cpu, tid, params, ...(observed && { observed }) };
  return { step, raw, unfit };
}

function readObserved(from: ByteReader, places: readonly number[], isSame: boolean): Observed | undefined {
  const bits = from.u8();
  if ((bits & has.observed) === 0) return undefined;
  const observed: Mutable<Observed> = {};
  if ((bits & has.descriptor) !== 0) observed.descriptor = readDescriptor(from);
  if ((bits & has.bases) !== 0) {
    const bases: (string | undefined)[] = [];
    for (let count = from.count(1), index = 0; index < count; index++) {
      const base = readValue(from);
      const place = isSame ? index : (places[index] ?? -1);
      if (isSame) bases[index] = undefined;
      if (typeof base === 'string' && place >= 0) bases[place] = base;
    }
    observed.bases = bases;
  }
  if ((bits & has.session) !== 0) observed.session = from.number();
  if ((bits & has.group) !== 0) observed.group = from.number();
  if ((bits & has.namespacePid) !== 0) observed.namespacePid = from.number();
  if ((bits & has.namespaceTid) !== 0) observed.namespaceTid = from.number();
  return observed;
}

import type { Address } from '../../net/address.ts';
import type { ParameterKind } from '../event-types.ts';
import type { PolledDescriptor, RawValue, SocketEnd, SocketTuple } from '../raw-event.ts';
import type { ByteReader } from './byte-reader.ts';
import { type ByteWriter, tag } from './byte-writer.ts';

/** Writes a parameter. */
export function writeValue(to: ByteWriter, value: RawValue | undefined): void {
  switch (typeof value) {
    case 'number':
      to.number(value);
      return;
    case 'string':
      to.u8(tag.text);
      to.text(value);
      return;
    case 'undefined':
      to.u8(tag.undefined);
      return;
    case 'bigint':
      to.bigint(value);
      return;
    default:
      writeObject(to, value);
  }
}

function writeObject(to: ByteWriter, value: Exclude<RawValue, number | bigint | string>): void {
  if (value instanceof Uint8Array) {
    to.u8(tag.bytes);
    to.data(value);
  } else if (!('kind' in value)) {
    to.u8(tag.polled);
    to.varint(value.length);
    for (const { fd, flags } of value) {
      to.number(fd);
      to.number(flags);
    }
  } else if ('source' in value) {
    to.u8(value.kind === 'inet' ? tag.inetTuple : tag.unixTuple);
    writeTuple(to, value);
  } else if (value.kind === 'inet') {
    to.u8(tag.inetAddress);
    writeEnd(to, value);
  } else {
    to.u8(tag.unixAddress);
    to.text(value.path);
  }
}

export function writeTuple(to: ByteWriter, tuple: SocketTuple): void {
  if (tuple.kind === 'inet') {
    writeEnd(to, tuple.source);
    writeEnd(to, tuple.destination);
  } else {
    to.bigint(tuple.source);
    to.bigint(tuple.destination);
    to.text(tuple.path);
  }
}

export function writeEnd(to: ByteWriter, { address, port }: SocketEnd): void {
  to.u8(address.family);
  if (address.family === 6) {
    to.u32(address.a);
    to.u32(address.b);
    to.u32(address.c);
  }
  to.u32(address.d);
  to.number(port);
}

/** Returns a parameter. Throws a RangeError on what is none. */
export function readValue(from: ByteReader): RawValue | undefined {
  const first = from.u8();
  const number = from.integer(first);
  if (number !== undefined) return number;
  switch (first) {
    case tag.undefined:
      return undefined;
    case tag.text:
      return from.text();
    case tag.bytes:
      return from.data();
    case tag.inetTuple:
      return readInetTuple(from);
    case tag.unixTuple:
      return readUnixTuple(from);
    case tag.inetAddress:
      return { kind: 'inet', ...readEnd(from) };
    case tag.unixAddress:
      return { kind: 'unix', path: from.text() };
    case tag.polled: {
      const list: PolledDescriptor[] = [];
      for (let count = from.count(2); count > 0; count--)
        list.push({ fd: from.number(), flags: from.number() });
      return list;
    }
    default:
      throw new RangeError(`a value of unknown kind ${first}`);
  }
}

export function readInetTuple(from: ByteReader): SocketTuple {
  return { kind: 'inet', source: readEnd(from), destination: readEnd(from) };
}

export function readUnixTuple(from: ByteReader): SocketTuple {
  return { kind: 'unix', source: readBig(from), destination: readBig(from), path: from.text() };
}

export function readBig(from: ByteReader): bigint {
  const value = from.integer(from.u8());
  if (typeof value !== 'bigint') throw new RangeError('no large number');
  return value;
}

export function readEnd(from: ByteReader): SocketEnd {
  const family = from.u8();
  if (family !== 4 && family !== 6) throw new RangeError('no address');
  const [a, b, c] = family === 6 ? [from.u32(), from.u32(), from.u32()] : [0, 0, 0];
  const address: Address = { family, a, b, c, d: from.u32() };
  return { address, port: from.number() };
}

/** Tells whether a value is such as parameters of this kind have: a recording may hold anything. */
export function isOfKind(kind: ParameterKind, value: RawValue): boolean {
  switch (kind) {
    case 'string':
    case 'path':
    case 'relative path':
      return typeof value === 'string';
    case 'bytes':
      return value instanceof Uint8Array;
    case 'tuple':
      return typeof value === 'object' && 'source' in value;
    case 'address':
      return typeof value === 'object' && 'kind' in value && !('source' in value);
    case 'descriptors':
      return Array.isArray(value);
    default:
      return typeof value === 'number' || typeof value === 'bigint';
  }
}

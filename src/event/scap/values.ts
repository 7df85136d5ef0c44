import { addressFromBytes } from '../../net/address.ts';
import type { ParameterKind } from '../event-types.ts';
import type { PolledDescriptor, RawValue, SocketAddress, SocketTuple } from '../raw-event.ts';
import { Cursor, decodeText } from './cursor.ts';

/** Address families as recordings number them (Linux, socket.h). */
export const family = { unix: 1, ipv4: 2, ipv6: 10 } as const;

const signed: ReadonlySet<ParameterKind> = new Set(['int', 'fd', 'errno', 'pid']);

/** Returns a parameter of a recording; undefined when it is empty or its bytes are not what its kind wants. */
export function readValue(kind: ParameterKind, bytes: Uint8Array): RawValue | undefined {
  switch (kind) {
    case 'string':
    case 'path':
    case 'relative path':
      return bytes.length === 0 ? undefined : decodeText(bytes);
    case 'bytes':
      return bytes;
    case 'tuple':
      return bytes.length === 0 ? undefined : readTuple(bytes);
    case 'address':
      return bytes.length === 0 ? undefined : readAddress(bytes);
    case 'descriptors':
      return readDescriptors(bytes);
    default:
      return kind === 'fd' ? readDescriptorNumber(bytes) : readInteger(bytes, signed.has(kind));
  }
}

function readInteger(bytes: Uint8Array, isSigned: boolean): number | bigint | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  switch (bytes.length) {
    case 1:
      return isSigned ? view.getInt8(0) : view.getUint8(0);
    case 2:
      return isSigned ? view.getInt16(0, true) : view.getUint16(0, true);
    case 4:
      return isSigned ? view.getInt32(0, true) : view.getUint32(0, true);
    case 8: {
      const value = isSigned ? view.getBigInt64(0, true) : view.getBigUint64(0, true);
      const number = Number(value);
      return Number.isSafeInteger(number) ? number : value;
    }
    default:
      return undefined;
  }
}

/** A number of a descriptor; -1 is recorded with 32 bits by some calls. */
function readDescriptorNumber(bytes: Uint8Array): number | undefined {
  const number = readInteger(bytes, true);
  return number === undefined ? undefined : Number(number) | 0;
}

/** Both ends: family, then address and port of each. */
function readTuple(bytes: Uint8Array): SocketTuple | undefined {
  const cursor = new Cursor(bytes);
  try {
    const kind = cursor.u8();
    if (kind === family.unix) {
      return {
        kind: 'unix',
        source: cursor.u64(),
        destination: cursor.u64(),
        path: decodeText(cursor.take(cursor.left)),
      };
    }
    if (kind !== family.ipv4 && kind !== family.ipv6) return undefined;
    return { kind: 'inet', source: readEnd(cursor, kind), destination: readEnd(cursor, kind) };
  } catch {
    return undefined;
  }
}

function readAddress(bytes: Uint8Array): SocketAddress | undefined {
  const cursor = new Cursor(bytes);
  try {
    const kind = cursor.u8();
    if (kind === family.unix) return { kind: 'unix', path: decodeText(cursor.take(cursor.left)) };
    return kind === family.ipv4 || kind === family.ipv6
      ? { kind: 'inet', ...readEnd(cursor, kind) }
      : undefined;
  } catch {
    return undefined;
  }
}

function readEnd(cursor: Cursor, kind: typeof family.ipv4 | typeof family.ipv6) {
  const address = addressFromBytes(
    cursor.take(kind === family.ipv4 ? 4 : 16),
    0,
    kind === family.ipv4 ? 4 : 6,
  );
  return { address, port: cursor.u16() };
}

function readDescriptors(bytes: Uint8Array): readonly PolledDescriptor[] | undefined {
  const cursor = new Cursor(bytes);
  try {
    const list: PolledDescriptor[] = [];
    for (let count = cursor.u16(); count > 0; count--) list.push({ fd: cursor.i64(), flags: cursor.u16() });
    return list;
  } catch {
    return undefined;
  }
}

import { formatAddress } from '../../net/address.ts';
import type { Parameter } from '../event-types.ts';
import { integerOf } from '../integer.ts';
import type { RawValue, SocketAddress, SocketTuple } from '../raw-event.ts';
import { type Descriptor, typeLetter } from '../state/descriptor.ts';
import { errorName } from './errno.ts';
import { flagNames } from './flags.ts';

/** A parameter as text: as it is, and what it means where that says more. */
export interface PrintedParameter {
  readonly text: string;
  readonly meaning: string | undefined;
}

/** Looks up what a number of a descriptor, user or group means at the time. */
export interface Lookup {
  descriptor(fd: number): Descriptor | undefined;
  threadName(tid: number): string | undefined;
  userName(uid: number): string | undefined;
  groupName(gid: number): string | undefined;
  /** The directory below which a relative path stands. */
  pathOf(path: string): string;
}

/** Bytes of a buffer that are shown. */
const shownBytes = 80;

/** Returns a parameter as sysdig and Falco print it. */
export function printParameter({ kind }: Parameter, value: RawValue, lookup: Lookup): PrintedParameter {
  const plain = (text: string, meaning?: string): PrintedParameter => ({ text, meaning });
  const number = integerOf(value);
  switch (kind) {
    case 'fd': {
      if (number === undefined) break;
      const open = lookup.descriptor(number);
      if (open !== undefined) return plain(String(number), `<${typeLetter(open)}>${open.name}`);
      return number < 0
        ? plain(String(number), number === -100 ? 'AT_FDCWD' : errorName(-number))
        : plain(String(number));
    }
    case 'errno':
      if (number === undefined) break;
      return number < 0 ? plain(String(number), errorName(-number)) : plain(String(number));
    case 'pid':
      if (number !== undefined) return plain(String(number), lookup.threadName(number) || undefined);
      break;
    case 'uid':
      if (number !== undefined) return plain(String(number | 0), lookup.userName(number));
      break;
    case 'gid':
      if (number !== undefined) return plain(String(number | 0), lookup.groupName(number));
      break;
    case 'path':
    case 'relative path':
      if (typeof value === 'string') {
        const whole = lookup.pathOf(value);
        return plain(value, whole === value ? undefined : whole);
      }
      break;
    case 'bytes':
      if (value instanceof Uint8Array) return plain(printBytes(value));
      break;
    case 'hex':
      if (typeof value === 'number' || typeof value === 'bigint')
        return plain(value.toString(16).toUpperCase());
      break;
    case 'bool':
      return plain(String(number !== 0));
    case 'tuple':
      return plain(tupleText(value as SocketTuple));
    case 'address':
      return plain(addressText(value as SocketAddress));
    case 'descriptors':
      if (Array.isArray(value)) return plain(value.map(({ fd, flags }) => `${fd}:${flags}`).join(' '));
      break;
    default: {
      if (number === undefined) break;
      const meaning = flagNames(kind, number);
      return plain(String(value), meaning === '' ? undefined : meaning);
    }
  }
  return plain(String(value));
}

/** Bytes as text, all that cannot be shown as dots. */
export function printBytes(bytes: Uint8Array, most: number = shownBytes): string {
  let text = '';
  for (const byte of bytes.subarray(0, most))
    text += byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.';
  return text;
}

export function tupleText(tuple: SocketTuple): string {
  if (tuple.kind === 'unix')
    return `${tuple.source.toString(16)}->${tuple.destination.toString(16)} ${tuple.path}`;
  const end = ({ address, port }: Extract<SocketTuple, { kind: 'inet' }>['source']) =>
    `${formatAddress(address)}:${port}`;
  return `${end(tuple.source)}->${end(tuple.destination)}`;
}

function addressText(address: SocketAddress): string {
  return address.kind === 'unix' ? address.path : `${formatAddress(address.address)}:${address.port}`;
}

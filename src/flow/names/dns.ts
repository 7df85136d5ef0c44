import { type Address, addressFromBytes } from '../../net/address.ts';
import { printable } from './printable.ts';

/** What an answer of the domain name system says about one name. */
export interface DnsAnswer {
  /** The name that was asked for, in lower case, without the dot at its end. */
  readonly name: string;
  /** Its addresses, through aliases where there are any. At most 32. */
  readonly addresses: readonly Address[];
  /** Seconds that all of it may be kept. */
  readonly ttl: number;
}

const type = { a: 1, cname: 5, aaaa: 28 } as const;
const internet = 1;
const maxAddresses = 32;
const maxRecords = 64;
const maxAliases = 16;
/** Pointers that are followed within one name. */
const maxPointers = 16;
/** Longest name as it stands in a message (RFC 1035 §2.3.4). */
const longestName = 255;

/**
 * Returns the addresses that a DNS response (RFC 1035 §4, RFC 3596) gives for the name asked for, along its chain of CNAMEs;
 * undefined for queries, errors, other questions and what is damaged. Never reads outside `start` to `end`.
 */
export function readDnsAnswer(bytes: Uint8Array, start: number, end: number): DnsAnswer | undefined {
  if (end - start < 12) return undefined;
  // QR = 1, opcode = 0, rcode = 0, one question.
  if ((bytes[start + 2]! & 0xf8) !== 0x80 || (bytes[start + 3]! & 0x0f) !== 0) return undefined;
  if (u16(bytes, start + 4) !== 1) return undefined;
  const records = Math.min(u16(bytes, start + 6), maxRecords);
  const message = { bytes, start, end, at: start + 12 };
  const name = readName(message);
  if (name === undefined || name === '') return undefined;
  message.at += 4;

  const names = [name];
  const addresses: Address[] = [];
  let ttl = 0xffffffff;
  for (let record = 0; record < records; record++) {
    const owner = readName(message);
    const head = message.at;
    if (owner === undefined || head + 10 > end) break;
    const length = u16(bytes, head + 8);
    const data = head + 10;
    if (data + length > end) break;
    message.at = data + length;
    if (u16(bytes, head + 2) !== internet || !names.includes(owner)) continue;
    const kind = u16(bytes, head);
    if (kind === type.cname && names.length <= maxAliases) {
      const target = readName({ bytes, start, end, at: data });
      if (target === undefined) continue;
      names.push(target);
    } else if ((kind === type.a && length === 4) || (kind === type.aaaa && length === 16)) {
      if (addresses.length < maxAddresses)
        addresses.push(addressFromBytes(bytes, data, kind === type.a ? 4 : 6));
    } else continue;
    ttl = Math.min(ttl, u16(bytes, head + 4) * 65_536 + u16(bytes, head + 6));
  }
  return addresses.length === 0 ? undefined : { name, addresses, ttl };
}

/**
 * The same of a TCP segment that begins with a message, whose length stands before it (RFC 1035 §4.2.2, RFC 7766 §8): of what comes in several
 * segments, the part that is in the first; of several messages in one, the first.
 */
export function readDnsSegment(bytes: Uint8Array, start: number, end: number): DnsAnswer | undefined {
  if (end - start < 2) return undefined;
  return readDnsAnswer(bytes, start + 2, Math.min(end, start + 2 + u16(bytes, start)));
}

/** What a message asks for, or answers. */
export interface DnsQuestion {
  readonly isResponse: boolean;
  /** Lower case, without the dot at its end; bytes that are no printable ASCII as `\\DDD` (RFC 1035 §5.1). */
  readonly name: string;
  readonly type: number;
  readonly code: number;
  readonly bytes: number;
}

/**
 * Returns the question of a DNS message (RFC 1035 §4), query or response; undefined where there is not exactly one, of class IN, in a standard
 * query, or it is damaged. Unlike {@link readDnsAnswer} it takes names of any bytes: what tunnels in names makes use of them.
 */
export function readDnsQuestion(bytes: Uint8Array, start: number, end: number): DnsQuestion | undefined {
  if (end - start < 12) return undefined;
  if ((bytes[start + 2]! & 0x78) !== 0 || u16(bytes, start + 4) !== 1) return undefined;
  const message = { bytes, start, end, at: start + 12 };
  const name = readName(message, escaped);
  if (name === undefined || name === '' || message.at + 4 > end) return undefined;
  // The highest bit of the class is another thing in mDNS (RFC 6762 §5.4).
  if ((u16(bytes, message.at + 2) & 0x7fff) !== internet) return undefined;
  const isResponse = (bytes[start + 2]! & 0x80) !== 0;
  return {
    isResponse,
    name,
    type: u16(bytes, message.at),
    code: isResponse ? bytes[start + 3]! & 0x0f : 0,
    bytes: end - start,
  };
}

/** The same of a TCP segment that begins with a message; see {@link readDnsSegment}. The bytes are those of the whole message. */
export function readDnsQuestionSegment(
  bytes: Uint8Array,
  start: number,
  end: number,
): DnsQuestion | undefined {
  if (end - start < 2) return undefined;
  const length = u16(bytes, start);
  const question = readDnsQuestion(bytes, start + 2, Math.min(end, start + 2 + length));
  return question && { ...question, bytes: length };
}

/** Bytes as lower-case text; dots within, backslashes and what is not printable as in a master file (RFC 1035 §5.1). */
function escaped(bytes: Uint8Array, start: number, end: number): string {
  let text = '';
  for (let at = start; at < end; at++) {
    const code = bytes[at]!;
    if (code >= 0x41 && code <= 0x5a) text += String.fromCharCode(code | 0x20);
    else if (code > 0x20 && code < 0x7f && code !== 0x2e && code !== 0x5c) text += String.fromCharCode(code);
    else text += `\\${String(code).padStart(3, '0')}`;
  }
  return text;
}

interface Cursor {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
  at: number;
}

/** Makes text of a label; undefined where it cannot. */
type ReadLabel = (bytes: Uint8Array, start: number, end: number) => string | undefined;

/** Returns the name at the cursor and moves behind it; undefined when it is damaged or has a label that `readLabel` does not take. */
function readName(cursor: Cursor, readLabel: ReadLabel = printable): string | undefined {
  const { bytes, start, end } = cursor;
  let at = cursor.at;
  let text = '';
  let total = 0;
  let pointers = 0;
  for (;;) {
    if (at >= end) return undefined;
    const length = bytes[at]!;
    if (length === 0) {
      if (pointers === 0) cursor.at = at + 1;
      return text;
    }
    if (length >= 0xc0) {
      if (at + 2 > end) return undefined;
      if (pointers === 0) cursor.at = at + 2;
      const target = start + (u16(bytes, at) & 0x3fff);
      // Only backwards (RFC 1035 §4.1.4: a prior occurrence), so that no two names point at each other.
      if (target >= at || ++pointers > maxPointers) return undefined;
      at = target;
    } else {
      total += length + 1;
      if (length > 63 || total > longestName || at + 1 + length > end) return undefined;
      const label = readLabel(bytes, at + 1, at + 1 + length);
      if (label === undefined) return undefined;
      text = text === '' ? label : `${text}.${label}`;
      at += 1 + length;
    }
  }
}

function u16(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!;
}

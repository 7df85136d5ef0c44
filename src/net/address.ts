/**
 * An IP address as four unsigned 32-bit lanes, most significant first. IPv4 keeps its value in `d` and
 * leaves `a`, `b` and `c` at 0, so that one shape serves both families and stays cheap to compare.
 */
export interface Address {
  readonly family: Family;
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly d: number;
}

/** IP version. */
export type Family = 4 | 6;

/** Returns the IPv4 address with the unsigned 32-bit `value`, e.g. 0x7f000001 for 127.0.0.1. */
export function ipv4(value: number): Address {
  return { family: 4, a: 0, b: 0, c: 0, d: value >>> 0 };
}

/** Returns the IPv6 address with the given unsigned 32-bit lanes, most significant first. */
export function ipv6(a: number, b: number, c: number, d: number): Address {
  return { family: 6, a: a >>> 0, b: b >>> 0, c: c >>> 0, d: d >>> 0 };
}

/** Returns the number of bits of an address of `family`: 32 or 128. */
export function addressBits(family: Family): 32 | 128 {
  return family === 4 ? 32 : 128;
}

/** Orders addresses: IPv4 before IPv6, then by value. Returns a negative number, 0 or a positive number. */
export function compareAddresses(x: Address, y: Address): number {
  return x.family - y.family || x.a - y.a || x.b - y.b || x.c - y.c || x.d - y.d;
}

/** Tells whether both are the same address of the same family; an IPv4-mapped IPv6 address is not its IPv4 address. */
export function sameAddress(x: Address, y: Address): boolean {
  return x.d === y.d && x.family === y.family && x.c === y.c && x.b === y.b && x.a === y.a;
}

/** Returns the IPv4 address inside an IPv4-mapped IPv6 address (::ffff:0:0/96, RFC 4291 §2.5.5.2), any other address as it is. */
export function unmapAddress(address: Address): Address {
  return isMapped(address) ? ipv4(address.d) : address;
}

/** Tells whether the address is 127.0.0.0/8 (RFC 1122 §3.2.1.3) or ::1 (RFC 4291 §2.5.3). */
export function isLoopback({ family, a, b, c, d }: Address): boolean {
  return family === 4 ? d >>> 24 === 127 : a === 0 && b === 0 && c === 0 && d === 1;
}

/** Tells whether the address is 0.0.0.0 (RFC 1122 §3.2.1.3) or :: (RFC 4291 §2.5.2). */
export function isUnspecified({ a, b, c, d }: Address): boolean {
  return a === 0 && b === 0 && c === 0 && d === 0;
}

/** Tells whether the address is 169.254.0.0/16 (RFC 3927) or fe80::/10 (RFC 4291 §2.5.6). */
export function isLinkLocal({ family, a, d }: Address): boolean {
  return family === 4 ? d >>> 16 === 0xa9fe : a >>> 22 === 0xfe80 >>> 6;
}

/** Tells whether the address is 224.0.0.0/4 (RFC 5771) or ff00::/8 (RFC 4291 §2.7). */
export function isMulticast({ family, a, d }: Address): boolean {
  return family === 4 ? d >>> 28 === 0xe : a >>> 24 === 0xff;
}

/**
 * Returns the address whose 4 (IPv4) or 16 (IPv6) bytes stand at `offset` in network byte order.
 * Throws a RangeError when `bytes` ends before that.
 */
export function addressFromBytes(bytes: Uint8Array, offset: number, family: Family): Address {
  if (offset < 0 || offset + addressBits(family) / 8 > bytes.length) {
    throw new RangeError(`no IPv${family} address at offset ${offset} of ${bytes.length} bytes`);
  }
  if (family === 4) return ipv4(laneAt(bytes, offset));
  return ipv6(
    laneAt(bytes, offset),
    laneAt(bytes, offset + 4),
    laneAt(bytes, offset + 8),
    laneAt(bytes, offset + 12),
  );
}

/** Returns the 4 or 16 bytes of the address in network byte order. */
export function addressToBytes({ family, a, b, c, d }: Address): Uint8Array {
  const lanes = family === 4 ? [d] : [a, b, c, d];
  return Uint8Array.from(lanes.flatMap((lane) => [lane >>> 24, lane >>> 16, lane >>> 8, lane]));
}

/**
 * Returns the address that `text` writes, or undefined. IPv4 is four decimal octets without leading zeros (RFC 6943
 * §3.1.1, strict form); IPv6 is any form of RFC 4291 §2.2 including a trailing dotted quad. Zones, brackets,
 * surrounding blanks and prefix lengths are refused.
 */
export function parseAddress(text: string): Address | undefined {
  if (text.length < 2 || text.length > longestText) return undefined;
  if (text.includes(':')) return parseIpv6(text);
  const value = parseDottedQuad(text, 0);
  return value < 0 ? undefined : ipv4(value);
}

/** Returns the canonical text: dotted quad for IPv4, RFC 5952 for IPv6 (IPv4-mapped as `::ffff:192.0.2.1`, §5). */
export function formatAddress(address: Address): string {
  if (address.family === 4) return formatDottedQuad(address.d);
  return isMapped(address) ? `::ffff:${formatDottedQuad(address.d)}` : formatGroups(groupsOf(address));
}

const colon = 0x3a;
const dot = 0x2e;
/** `0000:0000:0000:0000:0000:ffff:255.255.255.255` */
const longestText = 45;

/** Returns the value of the dotted quad from `at` to the end of the text, or -1. */
function parseDottedQuad(text: string, at: number): number {
  let value = 0;
  let octet = -1;
  let octets = 0;
  for (let i = at; i <= text.length; i++) {
    const code = i < text.length ? text.charCodeAt(i) : dot;
    if (code === dot) {
      if (octet < 0) return -1;
      value = value * 256 + octet;
      octet = -1;
      octets++;
    } else {
      const digit = code - 0x30;
      if (digit < 0 || digit > 9 || octet === 0) return -1;
      octet = octet < 0 ? digit : octet * 10 + digit;
      if (octet > 255) return -1;
    }
  }
  return octets === 4 ? value : -1;
}

function parseIpv6(text: string): Address | undefined {
  const groups = [0, 0, 0, 0, 0, 0, 0, 0];
  let count = 0;
  /** Number of groups before `::`, or -1. */
  let gap = -1;
  let at = 0;
  if (text.charCodeAt(0) === colon) {
    if (text.charCodeAt(1) !== colon) return undefined;
    gap = 0;
    at = 2;
  }
  while (at < text.length) {
    if (count === 8) return undefined;
    let value = 0;
    let end = at;
    for (let digit = hexDigit(text, end); digit >= 0; digit = hexDigit(text, ++end))
      value = value * 16 + digit;
    if (end === at || end > at + 4) return undefined;
    if (end < text.length && text.charCodeAt(end) === dot) {
      const quad = parseDottedQuad(text, at);
      if (quad < 0 || count > 6) return undefined;
      groups[count++] = quad >>> 16;
      groups[count++] = quad & 0xffff;
      break;
    }
    groups[count++] = value;
    if (end === text.length) break;
    at = end + 1;
    if (text.charCodeAt(end) !== colon || at === text.length) return undefined;
    if (text.charCodeAt(at) === colon) {
      if (gap >= 0) return undefined;
      gap = count;
      at++;
    }
  }
  // `::` stands for at least one group (RFC 4291 §2.2).
  if (gap < 0 ? count !== 8 : count === 8) return undefined;
  if (gap >= 0) {
    const missing = 8 - count;
    for (let i = 7; i >= gap; i--) groups[i] = i >= gap + missing ? groups[i - missing]! : 0;
  }
  return ipv6(lane(groups, 0), lane(groups, 2), lane(groups, 4), lane(groups, 6));
}

/** Returns the value of the hexadecimal digit at `at`, or -1 when there is none. */
function hexDigit(text: string, at: number): number {
  if (at >= text.length) return -1;
  const code = text.charCodeAt(at);
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

function lane(groups: readonly number[], at: number): number {
  return (groups[at]! << 16) | groups[at + 1]!;
}

function laneAt(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
}

function isMapped({ family, a, b, c }: Address): boolean {
  return family === 6 && a === 0 && b === 0 && c === 0xffff;
}

function formatDottedQuad(value: number): string {
  return `${value >>> 24}.${(value >>> 16) & 0xff}.${(value >>> 8) & 0xff}.${value & 0xff}`;
}

function groupsOf({ a, b, c, d }: Address): number[] {
  return [a >>> 16, a & 0xffff, b >>> 16, b & 0xffff, c >>> 16, c & 0xffff, d >>> 16, d & 0xffff];
}

/** Shortens the first of the longest runs of two or more zero groups (RFC 5952 §4.2). */
function formatGroups(groups: readonly number[]): string {
  let gap = -1;
  let gapLength = 1;
  for (let start = 0, length = 0; start < 8; start += length + 1) {
    length = 0;
    while (groups[start + length] === 0) length++;
    if (length > gapLength) {
      gap = start;
      gapLength = length;
    }
  }
  let text = '';
  for (let i = 0; i < 8; i++) {
    if (i === gap) {
      text += '::';
      i += gapLength - 1;
    } else {
      if (i > 0 && i !== gap + gapLength) text += ':';
      text += groups[i]!.toString(16);
    }
  }
  return text;
}

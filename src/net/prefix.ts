import {
  type Address,
  addressBits,
  type Family,
  formatAddress,
  ipv4,
  ipv6,
  parseAddress,
} from './address.ts';

/** A block of addresses in CIDR form. The bits of `address` after `length` are zero. */
export interface Prefix {
  readonly address: Address;
  /** 0 to 32 (IPv4) or 0 to 128 (IPv6). */
  readonly length: number;
}

/** Returns the prefix of every address of the family: 0.0.0.0/0 or ::/0. */
export function wholeFamily(family: Family): Prefix {
  return { address: family === 4 ? ipv4(0) : ipv6(0, 0, 0, 0), length: 0 };
}

/** Returns the prefix of the given length that contains the address. Throws a RangeError for an impossible length. */
export function prefixOf(address: Address, length: number): Prefix {
  if (!Number.isInteger(length) || length < 0 || length > addressBits(address.family)) {
    throw new RangeError(`prefix length ${length} does not fit IPv${address.family}`);
  }
  return { address: maskAddress(address, length), length };
}

/** Returns the prefix that contains this address only. */
export function hostPrefix(address: Address): Prefix {
  return { address, length: addressBits(address.family) };
}

/** Tells whether the address lies inside the prefix; false across families. */
export function prefixContains({ address: base, length }: Prefix, address: Address): boolean {
  if (base.family !== address.family) return false;
  if (base.family === 4) return ((base.d ^ address.d) & laneMask(length)) === 0;
  return (
    ((base.a ^ address.a) & laneMask(length)) === 0 &&
    ((base.b ^ address.b) & laneMask(length - 32)) === 0 &&
    ((base.c ^ address.c) & laneMask(length - 64)) === 0 &&
    ((base.d ^ address.d) & laneMask(length - 96)) === 0
  );
}

/** Tells whether every address of `inner` lies in `outer`; false across families. */
export function prefixCovers(outer: Prefix, inner: Prefix): boolean {
  return outer.length <= inner.length && prefixContains(outer, inner.address);
}

/** Returns the highest address of the prefix. */
export function lastAddress({ address, length }: Prefix): Address {
  const { family, a, b, c, d } = address;
  if (family === 4) return ipv4(d | ~laneMask(length));
  return ipv6(
    a | ~laneMask(length),
    b | ~laneMask(length - 32),
    c | ~laneMask(length - 64),
    d | ~laneMask(length - 96),
  );
}

/**
 * Returns the prefix that `text` writes as `address/length` (RFC 4632 §3.1, RFC 4291 §2.3), or undefined. The length
 * is decimal without sign or leading zeros. Host bits are masked away; {@link hasHostBits} tells whether there were any.
 */
export function parsePrefix(text: string): Prefix | undefined {
  const written = readPrefix(text);
  return written && prefixOf(written.address, written.length);
}

/** Tells whether `text` is a prefix with bits set after its length, such as 10.0.0.1/8; false for what is no prefix. */
export function hasHostBits(text: string): boolean {
  const written = readPrefix(text);
  if (!written) return false;
  const { a, b, c, d } = maskAddress(written.address, written.length);
  const { address } = written;
  return a !== address.a || b !== address.b || c !== address.c || d !== address.d;
}

/** Returns the canonical text `address/length`. */
export function formatPrefix({ address, length }: Prefix): string {
  return `${formatAddress(address)}/${length}`;
}

/** Address and length as written, host bits and all. */
function readPrefix(text: string): Prefix | undefined {
  const slash = text.indexOf('/');
  if (slash < 0) return undefined;
  const address = parseAddress(text.slice(0, slash));
  const length = text.slice(slash + 1);
  if (!address || !/^(0|[1-9]\d{0,2})$/.test(length) || Number(length) > addressBits(address.family)) {
    return undefined;
  }
  return { address, length: Number(length) };
}

function maskAddress({ family, a, b, c, d }: Address, length: number): Address {
  if (family === 4) return ipv4(d & laneMask(length));
  return ipv6(
    a & laneMask(length),
    b & laneMask(length - 32),
    c & laneMask(length - 64),
    d & laneMask(length - 96),
  );
}

/** Returns a lane with its first `bits` bits set: none for 0 and below, all for 32 and above. */
function laneMask(bits: number): number {
  if (bits <= 0) return 0;
  return bits >= 32 ? -1 : -1 << (32 - bits);
}

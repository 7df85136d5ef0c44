import { BlockList } from 'node:net';
import fc from 'fast-check';
import ipaddr from 'ipaddr.js';
import { describe, expect, test } from 'vitest';
import { type Address, addressBits, formatAddress, parseAddress, sameAddress } from './address.ts';
import {
  formatPrefix,
  hasHostBits,
  hostPrefix,
  lastAddress,
  type Prefix,
  parsePrefix,
  prefixContains,
  prefixCovers,
  prefixOf,
} from './prefix.ts';

const anyAddress = fc.oneof(fc.ipV4(), fc.ipV6()).map((text) => parseAddress(text)!);
const anyPrefix = fc
  .tuple(anyAddress, fc.nat(128))
  .map(([address, length]) => prefixOf(address, length % (addressBits(address.family) + 1)));
/** An address near the prefix: with the bits from some place on taken from another address. */
const nearby = fc
  .tuple(anyPrefix, anyAddress, fc.nat(128))
  .map(([prefix, other, length]): [Prefix, Address] => {
    const { family } = prefix.address;
    if (other.family !== family) return [prefix, other];
    const kept = prefixOf(prefix.address, length % (addressBits(family) + 1)).address;
    const { a, b, c, d } = kept;
    return [
      prefix,
      {
        family,
        a: (a ^ other.a) >>> 0,
        b: (b ^ other.b) >>> 0,
        c: (c ^ other.c) >>> 0,
        d: (d ^ other.d) >>> 0,
      },
    ];
  });
const ipVersion = ({ family }: Address) => (family === 4 ? 'ipv4' : 'ipv6');
const parsed = (text: string): Prefix => {
  const prefix = parsePrefix(text);
  if (!prefix) throw new Error(`not a prefix: ${text}`);
  return prefix;
};

describe('parsePrefix', () => {
  test.each([
    ['0.0.0.0/0', '0.0.0.0/0', false],
    ['10.0.0.0/8', '10.0.0.0/8', false],
    ['10.1.2.3/8', '10.0.0.0/8', true],
    ['10.1.2.3/32', '10.1.2.3/32', false],
    ['::/0', '::/0', false],
    ['2001:db8::1/32', '2001:db8::/32', true],
    ['2001:db8:ffff::/33', '2001:db8:8000::/33', true],
    ['2001:DB8::/64', '2001:db8::/64', false],
    ['::ffff:10.0.0.1/104', '::ffff:10.0.0.0/104', true],
    ['2001:db8::1/128', '2001:db8::1/128', false],
  ])('%s is %s, host bits: %s', (text, canonical, hostBits) => {
    expect(formatPrefix(parsed(text))).toBe(canonical);
    expect(hasHostBits(text)).toBe(hostBits);
  });

  test.each([
    '',
    '/',
    '/8',
    '10.0.0.0',
    '10.0.0.0/',
    '10.0.0.0/33',
    '10.0.0.0/08',
    '10.0.0.0/-1',
    '10.0.0.0/+8',
    '10.0.0.0/ 8',
    '10.0.0.0/8/8',
    '10.0.0.0/8 ',
    '10.0.0.0/8\n',
    '10.0.0.0/255.0.0.0',
    '10.0.0/8',
    '::/129',
    '::/1e1',
    '::',
    'fe80::%eth0/64',
  ])('refuses %j', (text) => {
    expect(parsePrefix(text)).toBeUndefined();
    expect(hasHostBits(text)).toBe(false);
  });

  test('undoes formatPrefix', () => {
    fc.assert(
      fc.property(anyPrefix, (prefix) => {
        expect(parsePrefix(formatPrefix(prefix))).toEqual(prefix);
      }),
    );
  });

  test('masks as ipaddr.js does', () => {
    fc.assert(
      fc.property(fc.ipV4(), fc.nat(32), (text, length) => {
        const network = ipaddr.IPv4.networkAddressFromCIDR(`${text}/${length}`).toString();
        expect(formatPrefix(parsed(`${text}/${length}`))).toBe(`${network}/${length}`);
        expect(hasHostBits(`${text}/${length}`)).toBe(network !== text);
      }),
    );
  });
});

test('prefixOf refuses lengths that the family does not have', () => {
  const address = parseAddress('198.51.100.1')!;
  for (const length of [-1, 33, 1.5, Number.NaN]) expect(() => prefixOf(address, length)).toThrow(RangeError);
});

test('hostPrefix holds one address', () => {
  for (const text of ['198.51.100.1', '2001:db8::1']) {
    const address = parseAddress(text)!;
    expect(lastAddress(hostPrefix(address))).toEqual(address);
    expect(prefixContains(hostPrefix(address), address)).toBe(true);
  }
});

test('prefixContains agrees with ipaddr.js and node:net', () => {
  let inside = 0;
  fc.assert(
    fc.property(nearby, ([prefix, address]) => {
      const peer = ipaddr.parse(formatAddress(address));
      const peerBase = ipaddr.parse(formatAddress(prefix.address));
      const expected = peer.kind() === peerBase.kind() && peer.match(peerBase, prefix.length);
      const list = new BlockList();
      list.addSubnet(formatAddress(prefix.address), prefix.length, ipVersion(prefix.address));
      expect(prefixContains(prefix, address)).toBe(expected);
      // node:net takes IPv4-mapped addresses for IPv4 ones; across families only that rule would be compared.
      if (peer.kind() === peerBase.kind())
        expect(list.check(formatAddress(address), ipVersion(address))).toBe(expected);
      if (expected) inside++;
    }),
    { numRuns: 2000 },
  );
  expect(inside).toBeGreaterThan(100);
});

test('lastAddress is inside, with every bit after the length set', () => {
  fc.assert(
    fc.property(anyPrefix, (prefix) => {
      const last = lastAddress(prefix);
      expect(prefixContains(prefix, last)).toBe(true);
      if (prefix.length === 0) return;
      const { family, d } = last;
      const hostBits = addressBits(family) - prefix.length;
      expect(d >>> 0).toBe(hostBits >= 32 ? 0xffffffff : (prefix.address.d | (2 ** hostBits - 1)) >>> 0);
    }),
  );
});

test('prefixCovers: both ends of the inner lie in the outer', () => {
  fc.assert(
    fc.property(nearby, fc.nat(128), ([outer, address], length) => {
      const inner = prefixOf(address, length % (addressBits(address.family) + 1));
      const expected = prefixContains(outer, inner.address) && prefixContains(outer, lastAddress(inner));
      expect(prefixCovers(outer, inner)).toBe(expected);
      expect(prefixCovers(inner, outer) && expected).toBe(
        inner.length === outer.length && sameAddress(inner.address, outer.address),
      );
    }),
    { numRuns: 1000 },
  );
});

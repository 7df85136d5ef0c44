import { isIP, isIPv6 } from 'node:net';
import fc from 'fast-check';
import ipaddr from 'ipaddr.js';
import { describe, expect, test } from 'vitest';
import {
  type Address,
  addressFromBytes,
  addressToBytes,
  compareAddresses,
  formatAddress,
  ipv4,
  ipv6,
  isLinkLocal,
  isLoopback,
  isMulticast,
  isUnspecified,
  parseAddress,
  sameAddress,
  unmapAddress,
} from './address.ts';

const lane = fc.oneof(fc.constantFrom(0, 1, 0xffff, 0x10000, 0xffffffff), fc.nat(0xffffffff));
const anyAddress = fc.oneof(
  lane.map(ipv4),
  fc.tuple(lane, lane, lane, lane).map((lanes) => ipv6(...lanes)),
);
const anyText = fc.oneof(
  fc.ipV4(),
  fc.ipV6(),
  fc.string({ unit: fc.constantFrom(...'0159af:.%/ F'), maxLength: 46 }),
  // Valid text with one character changed.
  fc
    .tuple(fc.oneof(fc.ipV4(), fc.ipV6()), fc.nat(45), fc.constantFrom(...'0:.f%', ''))
    .map(([text, at, by]) => {
      const place = at % text.length;
      return text.slice(0, place) + by + text.slice(place + 1);
    }),
);

/** ipaddr.js takes `::192.0.2.1` for `::ffff:192.0.2.1`; RFC 4291 §2.5.5.1 knows it as the IPv4-compatible address. */
const peerText = fc.oneof(
  fc.ipV4(),
  fc.ipV6().filter((text) => !/^::\d+\./.test(text)),
);

const parsed = (text: string): Address => {
  const address = parseAddress(text);
  if (!address) throw new Error(`not an address: ${text}`);
  return address;
};

describe('parseAddress', () => {
  test.each([
    ['0.0.0.0', ipv4(0)],
    ['192.0.2.1', ipv4(0xc0000201)],
    ['255.255.255.255', ipv4(0xffffffff)],
    ['::', ipv6(0, 0, 0, 0)],
    ['::1', ipv6(0, 0, 0, 1)],
    ['1::', ipv6(0x10000, 0, 0, 0)],
    ['2001:DB8::8:800:200C:417A', ipv6(0x20010db8, 0, 0x80800, 0x200c417a)],
    ['2001:0db8:0000:0000:0008:0800:200c:417a', ipv6(0x20010db8, 0, 0x80800, 0x200c417a)],
    ['1:2:3:4:5:6:7::', ipv6(0x10002, 0x30004, 0x50006, 0x70000)],
    ['::2:3:4:5:6:7:8', ipv6(2, 0x30004, 0x50006, 0x70008)],
    ['::ffff:129.144.52.38', ipv6(0, 0, 0xffff, 0x81903426)],
    ['::13.1.68.3', ipv6(0, 0, 0, 0x0d014403)],
    ['1:2:3:4:5:6:255.254.253.252', ipv6(0x10002, 0x30004, 0x50006, 0xfffefdfc)],
  ])('%s', (text, address) => expect(parseAddress(text)).toEqual(address));

  test.each([
    '',
    '1',
    '1.2.3',
    '1.2.3.4.5',
    '1.2.3.',
    '.1.2.3',
    '1..2.3',
    '01.2.3.4',
    '00.0.0.0',
    '1.2.3.256',
    '1.2.3.4 ',
    ' 1.2.3.4',
    '+1.2.3.4',
    '0x1.2.3.4',
    '1.2.3.4/32',
    '１.2.3.4',
    ':',
    ':::',
    ':1',
    '1:',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7:8::',
    '::1:2:3:4:5:6:7:8',
    '1::2::3',
    '1:::2',
    '12345::',
    '::g',
    'fe80::1%eth0',
    '[::1]',
    '::1/128',
    '::1.2.3',
    '::01.2.3.4',
    '1.2.3.4::',
    '::1.2.3.4:5',
    '1:2:3:4:5:6:7:1.2.3.4',
    '::\u0000',
    'localhost',
  ])('refuses %j', (text) => expect(parseAddress(text)).toBeUndefined());

  test('accepts what the C library accepts, save zones', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const expected = text.includes('%') ? 0 : isIP(text);
        expect(parseAddress(text)?.family ?? 0).toBe(expected);
      }),
      { numRuns: 3000 },
    );
    expect(isIPv6('fe80::1%eth0')).toBe(true);
  });

  test('reads the bytes that ipaddr.js reads', () => {
    fc.assert(
      fc.property(peerText, (text) => {
        expect([...addressToBytes(parsed(text))]).toEqual(ipaddr.parse(text).toByteArray());
      }),
    );
  });
});

describe('formatAddress', () => {
  test.each([
    ['192.0.2.1', '192.0.2.1'],
    // RFC 5952 §4.1 leading zeros, §4.2.2 one group is not shortened, §4.2.3 longest and first run, §4.3 lower case.
    ['2001:0db8::0001', '2001:db8::1'],
    ['2001:db8::1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:DB8::ABCD', '2001:db8::abcd'],
    ['0:0:0:0:0:0:0:0', '::'],
    ['1:0:0:0:0:0:0:0', '1::'],
    ['1:2:3:4:5:6:0:0', '1:2:3:4:5:6::'],
    ['0:1:2:3:4:5:6:7', '0:1:2:3:4:5:6:7'],
    // §5: dotted quad behind the well-known prefix of IPv4-mapped addresses.
    ['::ffff:c000:0201', '::ffff:192.0.2.1'],
  ])('%s is %s', (text, canonical) => expect(formatAddress(parsed(text))).toBe(canonical));

  test('is undone by parseAddress', () => {
    fc.assert(
      fc.property(anyAddress, (address) => {
        expect(parseAddress(formatAddress(address))).toEqual(address);
      }),
      { numRuns: 1000 },
    );
  });

  test('agrees with ipaddr.js save for IPv4-mapped addresses', () => {
    fc.assert(
      fc.property(anyAddress, (address) => {
        fc.pre(sameAddress(unmapAddress(address), address));
        const peer = ipaddr.fromByteArray([...addressToBytes(address)]);
        expect(formatAddress(address)).toBe(
          peer instanceof ipaddr.IPv6 ? peer.toRFC5952String() : peer.toString(),
        );
      }),
      { numRuns: 1000 },
    );
  });
});

describe('bytes', () => {
  test('are in network order and start at the offset', () => {
    const bytes = Uint8Array.from([9, 198, 51, 100, 7, 9]);
    expect(addressFromBytes(bytes, 1, 4)).toEqual(parsed('198.51.100.7'));
  });

  test('go and come back', () => {
    fc.assert(
      fc.property(anyAddress, (address) => {
        expect(addressFromBytes(addressToBytes(address), 0, address.family)).toEqual(address);
      }),
    );
  });

  test.each([
    [3, 0, 4],
    [4, 1, 4],
    [4, -1, 4],
    [15, 0, 6],
  ] as const)('%i bytes from %i hold no IPv%i address', (length, offset, family) => {
    expect(() => addressFromBytes(new Uint8Array(length), offset, family)).toThrow(RangeError);
  });
});

test('compareAddresses orders IPv4 before IPv6 and then as the bytes do', () => {
  fc.assert(
    fc.property(anyAddress, anyAddress, (x, y) => {
      const order = x.family - y.family || Buffer.compare(addressToBytes(x), addressToBytes(y));
      expect(Math.sign(compareAddresses(x, y))).toBe(Math.sign(order));
      expect(sameAddress(x, y)).toBe(order === 0);
    }),
  );
});

test('unmapAddress takes IPv4 out of ::ffff:0:0/96 only', () => {
  expect(unmapAddress(parsed('::ffff:198.51.100.1'))).toEqual(parsed('198.51.100.1'));
  for (const text of ['::198.51.100.1', '::fffe:198.51.100.1', '::1:ffff:198.51.100.1', '198.51.100.1']) {
    expect(unmapAddress(parsed(text))).toEqual(parsed(text));
  }
});

describe('special ranges', () => {
  test.each([
    [
      isLoopback,
      ['127.0.0.0', '127.255.255.255', '::1'],
      ['126.255.255.255', '128.0.0.0', '::', '::2', '1::1'],
    ],
    [isUnspecified, ['0.0.0.0', '::'], ['0.0.0.1', '::1', '1::']],
    [
      isLinkLocal,
      ['169.254.0.0', '169.254.255.255', 'fe80::', 'febf:ffff::1'],
      ['169.253.255.255', '169.255.0.0', 'fec0::', 'fe7f::'],
    ],
    [
      isMulticast,
      ['224.0.0.0', '239.255.255.255', 'ff00::', 'ffff::1'],
      ['223.255.255.255', '240.0.0.0', 'feff::'],
    ],
  ])('%o', (predicate, inside, outside) => {
    for (const text of inside) expect(predicate(parsed(text)), text).toBe(true);
    for (const text of outside) expect(predicate(parsed(text)), text).toBe(false);
  });

  test('agree with ipaddr.js', () => {
    fc.assert(
      fc.property(peerText, (text) => {
        const range = ipaddr.parse(text).range();
        const address = parsed(text);
        expect(isLoopback(address)).toBe(range === 'loopback');
        expect(isLinkLocal(address)).toBe(range === 'linkLocal');
        expect(isMulticast(address)).toBe(range === 'multicast');
      }),
    );
  });
});

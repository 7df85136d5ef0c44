import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Address, addressBits, ipv4, ipv6, parseAddress } from './address.ts';
import { formatPrefix, lastAddress, type Prefix, parsePrefix, prefixContains, prefixOf } from './prefix.ts';
import { PrefixTable } from './prefix-table.ts';

const address = (text: string) => parseAddress(text)!;
const entry = (text: string): [Prefix, string] => [parsePrefix(text)!, text];

const lane = fc.oneof(fc.constantFrom(0, 1, 0x7fffffff, 0x80000000, 0xffffffff), fc.nat(0xffffffff));
const anyAddress: fc.Arbitrary<Address> = fc.oneof(
  lane.map(ipv4),
  fc.tuple(lane, lane, lane, lane).map((lanes) => ipv6(...lanes)),
);
const anyPrefix = fc
  .tuple(anyAddress, fc.nat(128))
  .map(([base, length]) => prefixOf(base, length % (addressBits(base.family) + 1)));
/** Prefixes of which many enclose each other: the same few addresses cut at many lengths. */
const nested = fc
  .tuple(
    fc.array(anyAddress, { minLength: 1, maxLength: 3 }),
    fc.array(fc.tuple(fc.nat(2), fc.nat(128)), { maxLength: 40 }),
  )
  .map(([bases, cuts]) =>
    cuts.map(([which, length]) => {
      const base = bases[which % bases.length]!;
      return prefixOf(base, length % (addressBits(base.family) + 1));
    }),
  );

/** The rule itself: of all prefixes around the address the longest, of equal ones the last. */
function naiveLookup(prefixes: readonly Prefix[], target: Address): number | undefined {
  let best: number | undefined;
  prefixes.forEach((prefix, i) => {
    if (prefixContains(prefix, target) && (best === undefined || prefix.length >= prefixes[best]!.length))
      best = i;
  });
  return best;
}

const previous = ({ family, a, b, c, d }: Address): Address => ({ family, a, b, c, d: (d - 1) >>> 0 });
const next = ({ family, a, b, c, d }: Address): Address => ({ family, a, b, c, d: (d + 1) >>> 0 });

describe('lookup', () => {
  test('longest prefix wins', () => {
    const table = PrefixTable.from(
      ['0.0.0.0/0', '10.0.0.0/8', '10.1.0.0/16', '10.1.255.0/24', '255.255.255.255/32', '2001:db8::/32'].map(
        entry,
      ),
    );
    expect(table.lookup(address('198.51.100.1'))).toBe('0.0.0.0/0');
    expect(table.lookup(address('10.0.255.255'))).toBe('10.0.0.0/8');
    expect(table.lookup(address('10.1.254.255'))).toBe('10.1.0.0/16');
    expect(table.lookup(address('10.1.255.0'))).toBe('10.1.255.0/24');
    expect(table.lookup(address('10.2.0.0'))).toBe('10.0.0.0/8');
    expect(table.lookup(address('255.255.255.254'))).toBe('0.0.0.0/0');
    expect(table.lookup(address('255.255.255.255'))).toBe('255.255.255.255/32');
    expect(table.lookup(address('2001:db8:ffff::'))).toBe('2001:db8::/32');
    expect(table.lookup(address('2001:db9::'))).toBeUndefined();
    expect(table.lookup(address('::ffff:10.1.0.1'))).toBeUndefined();
  });

  test('agrees with the naive rule', () => {
    let found = 0;
    fc.assert(
      fc.property(
        fc.oneof(nested, fc.array(anyPrefix, { maxLength: 40 })),
        fc.array(anyAddress),
        (prefixes, others) => {
          const table = PrefixTable.from(prefixes.map((prefix, i) => [prefix, i] as const));
          const edges = prefixes.flatMap((prefix) => {
            const last = lastAddress(prefix);
            return [prefix.address, previous(prefix.address), last, next(last)];
          });
          for (const target of [...edges, ...others]) {
            const expected = naiveLookup(prefixes, target);
            expect(table.lookup(target)).toBe(expected);
            expect(table.lookupEntry(target)).toEqual(
              expected === undefined ? undefined : { prefix: prefixes[expected], value: expected },
            );
            if (expected !== undefined) found++;
          }
        },
      ),
      { numRuns: 300 },
    );
    expect(found).toBeGreaterThan(1000);
  });

  test('of several entries with one prefix the last counts', () => {
    const prefix = parsePrefix('198.51.100.0/24')!;
    const table = PrefixTable.from([...Array(200).keys()].map((i) => [prefix, i] as const));
    expect(table.lookup(address('198.51.100.255'))).toBe(199);
  });

  test('holds every length of both families at once', () => {
    for (const [host, bits] of [
      [address('255.255.255.255'), 32],
      [ipv6(-1, -1, -1, -1), 128],
    ] as const) {
      const table = PrefixTable.from(
        [...Array(bits + 1).keys()].map((length) => [prefixOf(host, length), length] as const),
      );
      expect(table.lookup(host)).toBe(bits);
      expect(table.lookup(previous(host))).toBe(bits - 1);
      expect(table.lookup({ ...host, a: 0, d: 0 })).toBe(0);
    }
  });

  test('an empty table finds nothing', () => {
    const table = PrefixTable.from<string>([]);
    for (const text of ['0.0.0.0', '255.255.255.255', '::', '2001:db8::1']) {
      expect(table.lookup(address(text))).toBeUndefined();
      expect(table.lookupEntry(address(text))).toBeUndefined();
    }
  });

  test('a value may be undefined', () => {
    const table = PrefixTable.from([[parsePrefix('10.0.0.0/8')!, undefined]]);
    expect(formatPrefix(table.lookupEntry(address('10.1.2.3'))!.prefix)).toBe('10.0.0.0/8');
  });
});

test('many prefixes: as the naive rule says', () => {
  let state = 1;
  const random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state;
  };
  const prefixes = Array.from({ length: 20_000 }, () =>
    prefixOf(ipv4(random()), 8 + ((random() >>> 16) % 25)),
  );
  const table = PrefixTable.from(prefixes.map((prefix, i) => [prefix, i] as const));
  for (let i = 0; i < 300; i++) {
    const target = i % 2 === 0 ? ipv4(random()) : prefixes[random() % prefixes.length]!.address;
    expect(table.lookup(target)).toBe(naiveLookup(prefixes, target));
  }
});

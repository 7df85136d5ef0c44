/**
 * Addresses, sets and tables against node:net, ipaddr.js and fast-cidr-tools: `node bench/net.ts [--quick]`.
 * Contenders of one table do the same work and must come to the same result.
 */
import { BlockList, isIP, SocketAddress } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { merge } from 'fast-cidr-tools';
import ipaddr from 'ipaddr.js';
import { type Address, addressBits, formatAddress, ipv4, ipv6, parseAddress } from '../src/net/address.ts';
import { AddressSet } from '../src/net/address-set.ts';
import { formatPrefix, type Prefix, parsePrefix, prefixOf } from '../src/net/prefix.ts';
import { PrefixTable } from '../src/net/prefix-table.ts';
import { compare, quick } from './measure.ts';

let state = 20_200_101;
function random(): number {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return state;
}
const anyIpv4 = () => ipv4(random());
/** Inside 2001:db8::/32, so that prefixes nest and probes hit. */
const anyIpv6 = () => ipv6(0x20010db8, random(), random(), random());
const times = <T>(count: number, make: (i: number) => T): T[] =>
  Array.from({ length: count }, (_, i) => make(i));
const total = <T>(items: readonly T[], value: (item: T) => number): number => {
  let sum = 0;
  for (const item of items) sum += value(item);
  return sum;
};

/** Lengths as in a routing table: /16 to /24 (IPv4) and, within one /32, /44 to /56 (IPv6). */
function anyPrefix(family: 4 | 6): Prefix {
  return family === 4
    ? prefixOf(anyIpv4(), 16 + ((random() >>> 16) % 9))
    : prefixOf(anyIpv6(), 44 + ((random() >>> 16) % 13));
}

async function benchText(): Promise<void> {
  const texts = times(10_000, (i) => formatAddress(i % 2 === 0 ? anyIpv4() : anyIpv6()));
  const operations = texts.length;
  await compare(
    'parse an address, half IPv4 and half IPv6',
    [
      { name: 'parseAddress', operations, run: () => total(texts, (text) => parseAddress(text)!.family) },
      { name: 'node isIP (verdict only)', operations, run: () => total(texts, isIP) },
      {
        name: 'ipaddr.js parse',
        operations,
        run: () => total(texts, (text) => (ipaddr.parse(text).kind() === 'ipv4' ? 4 : 6)),
      },
    ],
    { agree: true },
  );
  const addresses = texts.map((text) => parseAddress(text)!);
  const peers = texts.map((text) => ipaddr.parse(text));
  await compare(
    'format an address',
    [
      {
        name: 'formatAddress',
        operations,
        run: () => total(addresses, (address) => formatAddress(address).length),
      },
      {
        name: 'ipaddr.js RFC 5952',
        operations,
        run: () =>
          total(
            peers,
            (peer) => (peer instanceof ipaddr.IPv6 ? peer.toRFC5952String() : peer.toString()).length,
          ),
      },
    ],
    { agree: true },
  );
}

async function benchContains(family: 4 | 6): Promise<void> {
  const prefixes = times(10_000, () => anyPrefix(family));
  const set = AddressSet.ofPrefixes(prefixes);
  const list = new BlockList();
  for (const { address, length } of prefixes) list.addSubnet(formatAddress(address), length, `ipv${family}`);
  const ranges = prefixes.map((prefix) => ipaddr.parseCIDR(formatPrefix(prefix)));

  const probes: Address[] = times(quick ? 100 : 300, family === 4 ? anyIpv4 : anyIpv6);
  const texts = probes.map(formatAddress);
  const sockets = texts.map((address) => new SocketAddress({ address, family: `ipv${family}` }));
  const peers = texts.map((text) => ipaddr.parse(text));
  const repeats = 1000;
  const operations = probes.length;
  await compare(
    `is an IPv${family} address in a set of 10,000 prefixes`,
    [
      {
        name: 'AddressSet',
        operations: operations * repeats,
        run: () =>
          total(
            times(repeats, () => total(probes, (probe) => Number(set.contains(probe)))),
            Number,
          ) / repeats,
      },
      {
        name: 'AddressSet from text',
        operations: operations * repeats,
        run: () =>
          total(
            times(repeats, () => total(texts, (text) => Number(set.contains(parseAddress(text)!)))),
            Number,
          ) / repeats,
      },
      {
        name: 'node BlockList',
        operations,
        run: () => total(sockets, (socket) => Number(list.check(socket))),
      },
      {
        name: 'node BlockList from text',
        operations,
        run: () => total(texts, (text) => Number(list.check(text, `ipv${family}`))),
      },
      {
        name: 'ipaddr.js match',
        operations,
        run: () => total(peers, (peer) => Number(ranges.some((range) => peer.match(range)))),
      },
    ],
    { agree: true },
  );
}

/** The usual way without a table of its own: one Map per length, asked from the longest to the shortest. */
function mapsByLength(prefixes: readonly Prefix[]): (address: Address) => number {
  const maps = times(33, () => new Map<number, number>());
  for (const [i, { address, length }] of prefixes.entries()) maps[length]!.set(address.d, i);
  const filled = times(33, (i) => 32 - i).filter((length) => maps[length]!.size > 0);
  return ({ d }) => {
    for (const length of filled) {
      const found = maps[length]!.get(length === 0 ? 0 : (d & (-1 << (32 - length))) >>> 0);
      if (found !== undefined) return found;
    }
    return -1;
  };
}

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

/** Returns what `make` makes, and prints how much memory that keeps. */
function weighed<T>(name: string, make: () => T): T {
  const used = () => {
    collectGarbage();
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    return heapUsed + arrayBuffers;
  };
  const before = used();
  const made = make();
  console.log(`\n${name} keeps ${((used() - before) / 1e6).toFixed(1)} MB`);
  return made;
}

async function benchLookup(count: number): Promise<void> {
  const prefixes = times(count, () => anyPrefix(4));
  const label = `${count.toLocaleString('en')} IPv4 prefixes`;
  const table = weighed(`PrefixTable of ${label}`, () =>
    PrefixTable.from(prefixes.map((prefix, i) => [prefix, i] as const)),
  );
  const mapped = weighed(`a Map per length of ${label}`, () => mapsByLength(prefixes));
  const probes = times(100_000, anyIpv4);
  const operations = probes.length;
  await compare(
    `longest of ${label}`,
    [
      { name: 'PrefixTable', operations, run: () => total(probes, (probe) => table.lookup(probe) ?? -1) },
      { name: 'a Map per length', operations, run: () => total(probes, mapped) },
    ],
    { agree: true },
  );
  if (count > 10_000) return;
  const ranges = prefixes.map((prefix) => ipaddr.parseCIDR(formatPrefix(prefix)));
  const few = probes.slice(0, quick ? 20 : 100);
  const peers = few.map((probe) => ipaddr.parse(formatAddress(probe)));
  const longest = (peer: (typeof peers)[number]) =>
    Math.max(-1, ...ranges.filter((range) => peer.match(range)).map(([, length]) => length));
  await compare(
    `length of the longest of ${label}`,
    [
      {
        name: 'PrefixTable',
        operations: few.length * 1000,
        run: () =>
          total(
            times(1000, () => total(few, (probe) => table.lookupEntry(probe)?.prefix.length ?? -1)),
            Number,
          ) / 1000,
      },
      { name: 'ipaddr.js match', operations: few.length, run: () => total(peers, longest) },
    ],
    { agree: true },
  );
}

async function benchMinimise(count: number, family: 4 | 6): Promise<void> {
  // Long prefixes in a narrow block, so that many nest and join.
  const bits = addressBits(family);
  const prefixes = times(count, () => {
    const narrow =
      family === 4 ? ipv4(0xc6120000 | (random() >>> 15)) : ipv6(0x20010db8, 0, 0, random() >>> 12);
    return prefixOf(narrow, bits - ((random() >>> 16) % 4));
  });
  const texts = prefixes.map(formatPrefix);
  await compare(
    `minimise ${count.toLocaleString('en')} IPv${family} prefixes, the whole`,
    [
      { name: 'AddressSet', operations: 1, run: () => AddressSet.ofPrefixes(prefixes).prefixes().length },
      {
        name: 'AddressSet, text to text',
        operations: 1,
        run: () =>
          AddressSet.ofPrefixes(texts.map((text) => parsePrefix(text)!))
            .prefixes()
            .map(formatPrefix).length,
      },
      { name: 'fast-cidr-tools merge, text to text', operations: 1, run: () => merge(texts, true).length },
    ],
    { agree: true },
  );
}

async function benchAlgebra(): Promise<void> {
  const [x, y] = [times(100_000, () => anyPrefix(4)), times(100_000, () => anyPrefix(4))].map(
    AddressSet.ofPrefixes,
  );
  const both = x!.intersect(y!);
  await compare('algebra of two sets of 100,000 IPv4 prefixes, the whole', [
    { name: 'union', operations: 1, run: () => Number(x!.union(y!).isEmpty) },
    { name: 'intersect', operations: 1, run: () => Number(x!.intersect(y!).isEmpty) },
    { name: 'subtract', operations: 1, run: () => Number(x!.subtract(y!).isEmpty) },
    { name: 'covers', operations: 1, run: () => Number(x!.covers(both)) },
  ]);
}

await benchText();
await benchContains(4);
await benchContains(6);
await benchLookup(10_000);
await benchLookup(quick ? 100_000 : 1_000_000);
await benchMinimise(quick ? 10_000 : 100_000, 4);
await benchMinimise(quick ? 10_000 : 100_000, 6);
await benchAlgebra();

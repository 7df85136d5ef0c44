import { expect, test } from 'vitest';
import { parseNft } from '../../firewall/nft.ts';
import { formatAddress } from '../../net/address.ts';
import { RandomPackets } from './random-packets.ts';

const { ruleset } = parseNft(`table inet f { chain in { type filter hook input priority 0; policy drop;
  tcp dport 1000-1999 ip saddr 198.51.100.0/24 accept
  ip6 saddr 2001:db8::/64 udp dport 5353 accept
}; }`);
const way = { chain: 'INPUT', inInterface: 'eth0' } as const;

test('packets lie at the ends of what rules name, and directly beside them', () => {
  const random = new RandomPackets([ruleset], 1);
  const packets = Array.from({ length: 2000 }, () => random.make(way));
  const ports = new Set(packets.map(({ port }) => port));
  for (const port of [999, 1000, 1999, 2000, 5352, 5353, 5354]) expect(ports).toContain(port);
  const sources = new Set(packets.map(({ source }) => formatAddress(source!)));
  for (const one of [
    '198.51.99.255',
    '198.51.100.0',
    '198.51.100.255',
    '198.51.101.0',
    '2001:db8::',
    '2001:db8:0:1::',
  ])
    expect(sources).toContain(one);
  expect(new Set(packets.map(({ state }) => state))).toEqual(new Set(['NEW', 'ESTABLISHED', 'RELATED']));
});

test('the same seed makes the same packets', () => {
  const make = (seed: number) => {
    const random = new RandomPackets([ruleset], seed);
    return Array.from({ length: 50 }, () => random.make(way));
  };
  expect(make(7)).toEqual(make(7));
  expect(make(7)).not.toEqual(make(8));
});

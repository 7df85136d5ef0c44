import { expect, test } from 'vitest';
import { findings, nftFile } from '../analysis.fixture.ts';
import { icmpv6Dropped } from './icmpv6-dropped.ts';

test('an inet chain that drops neighbour discovery', () => {
  const [found] = findings(
    icmpv6Dropped,
    nftFile('ct state established,related accept', 'tcp dport 22 accept'),
  );
  expect(found).toMatchObject({ at: 'policy drop' });
  expect(found!.message).toMatch(/neighbour solicitation .no IPv6 at all., .*neighbour advertisement/);
  expect(found!.message).not.toMatch(/packet-too-big/);
});

test('without RELATED, packet too big is dropped too', () => {
  const [found] = findings(icmpv6Dropped, nftFile('ct state established accept', 'tcp dport 22 accept'));
  expect(found!.message).toMatch(/packet-too-big .large transfers stall./);
});

const mended =
  'icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-advert, packet-too-big, time-exceeded, parameter-problem, destination-unreachable, echo-request } accept';

test.each([
  ['what the help says', nftFile('tcp dport 22 accept', mended)],
  ['all of ICMPv6', nftFile('meta l4proto ipv6-icmp accept', 'tcp dport 22 accept')],
  ['ip6tables that accepts it', ['ip6tables -A INPUT -p ipv6-icmp -j ACCEPT', 'ip6tables -A INPUT -j DROP']],
  ['IPv4 alone', ['iptables -A INPUT -j DROP']],
])('nothing to say: %s', (_, lines) => expect(findings(icmpv6Dropped, lines)).toEqual([]));

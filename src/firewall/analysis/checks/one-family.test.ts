import { expect, test } from 'vitest';
import { drop, findings, nftLines, ssh } from '../analysis.fixture.ts';
import { oneFamily } from './one-family.ts';

test('is told where it is', () => {
  const found = findings(oneFamily, [ssh, drop]);
  expect(found).toMatchObject([{ at: drop }]);
  expect(found[0]!.message).toMatch(/^IPv4 alone is filtered/);
});

test('a dump of one IP version may have another beside it', () => {
  const dump = ['*filter', ':INPUT DROP [0:0]', '-A INPUT -p tcp --dport 22 -j ACCEPT', 'COMMIT'];
  const [found] = findings(oneFamily, dump);
  expect(found!.message).toMatch(/^these files filter IPv4 alone: if there are no rules of ip6tables/);
});

test.each([
  [
    `ip6tables has the same rules, as the help says`,
    [
      ssh,
      drop,
      ...[ssh, 'iptables -A INPUT -p ipv6-icmp -j ACCEPT', drop].map((line) =>
        line.replace('iptables', 'ip6tables'),
      ),
    ],
  ],
  [`a table for both`, nftLines('tcp dport 22 accept')],
  [`nothing is dropped`, [ssh]],
])('nothing to say: %s', (_, text) => expect(findings(oneFamily, text)).toEqual([]));

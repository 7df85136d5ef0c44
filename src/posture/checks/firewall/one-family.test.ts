import { expect, test } from 'vitest';
import { findings } from '../checks.fixture.ts';
import { drop, firewallYaml, nftLines, ssh } from './firewall-checks.fixture.ts';
import { oneFamily } from './one-family.ts';

test('is told where it is', () => {
  const found = findings(oneFamily, firewallYaml([ssh, drop]));
  expect(found).toMatchObject([{ at: drop }]);
  expect(found[0]!.message).toMatch(/^IPv4 alone is filtered/);
});

test.each([
  [
    `ip6tables has the same rules, as the help says`,
    firewallYaml([
      ssh,
      drop,
      ...[ssh, 'iptables -A INPUT -p ipv6-icmp -j ACCEPT', drop].map((line) =>
        line.replace('iptables', 'ip6tables'),
      ),
    ]),
  ],
  [`a table for both`, firewallYaml(nftLines('tcp dport 22 accept'))],
  [`nothing is dropped`, firewallYaml([ssh])],
])('nothing to say: %s', (_, text) => expect(findings(oneFamily, text)).toEqual([]));

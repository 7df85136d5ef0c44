import { expect, test } from 'vitest';
import { findings } from '../checks.fixture.ts';
import { appendsAgain } from './appends-again.ts';
import { drop, firewallYaml, nftLines, ssh } from './firewall-checks.fixture.ts';

test('nft adds to a table that nobody deletes', () => {
  const lines = nftLines('tcp dport 22 accept').filter((line) => !line.startsWith('delete'));
  expect(findings(appendsAgain, firewallYaml(lines))).toMatchObject([{ at: 'tcp dport 22 accept' }]);
});

test('is told where it is', () => {
  const found = findings(appendsAgain, firewallYaml([ssh, drop]));
  expect(found).toMatchObject([{ at: ssh }]);
  expect(found[0]!.message).toMatch(/^every run adds these 2 rules/);
});

test.each([
  [
    `a chain of its own, emptied first, as the help says`,
    firewallYaml([
      'iptables -N EDGE 2>/dev/null || true',
      'iptables -F EDGE',
      'iptables -A EDGE -p tcp --dport 22 -j ACCEPT',
      'iptables -A EDGE -j DROP',
      'iptables -C INPUT -j EDGE || iptables -I INPUT -j EDGE',
    ]),
  ],
  [`a table of nft that is replaced`, firewallYaml(nftLines('tcp dport 22 accept'))],
])('nothing to say: %s', (_, text) => expect(findings(appendsAgain, text)).toEqual([]));

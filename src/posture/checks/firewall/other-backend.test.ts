import { expect, test } from 'vitest';
import { findings } from '../checks.fixture.ts';
import { drop, firewallYaml, nftLines, ssh } from './firewall-checks.fixture.ts';
import { otherBackend } from './other-backend.ts';

test('is told where it is', () => {
  const found = findings(otherBackend, firewallYaml([ssh, drop]));
  expect(found).toMatchObject([{ at: ssh }]);
  expect(found[0]!.message).toMatch(/other backend/);
});

test.each([
  [`the backend is named, as the help says`, firewallYaml([ssh.replace('iptables', 'iptables-nft')])],
  [`nft has one`, firewallYaml(nftLines('tcp dport 22 accept'))],
  [`the program of the machine`, firewallYaml(['nsenter -t 1 -n iptables -A INPUT -j DROP'])],
])('nothing to say: %s', (_, text) => expect(findings(otherBackend, text)).toEqual([]));

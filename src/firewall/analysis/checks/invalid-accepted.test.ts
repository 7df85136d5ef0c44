import { expect, test } from 'vitest';
import { drop, established, findings, nftLines, ssh } from '../analysis.fixture.ts';
import { invalidAccepted } from './invalid-accepted.ts';

test('is told where it is', () => {
  const found = findings(invalidAccepted, [established, ssh, drop]);
  expect(found).toMatchObject([{ at: ssh }]);
  expect(found[0]!.message).toMatch(/INVALID/);
});

test.each([
  [
    `they are dropped before, as the help says`,
    [established, 'iptables -A INPUT -m conntrack --ctstate INVALID -j DROP', ssh, drop],
  ],
  [`nft does`, nftLines('ct state established accept', 'ct state invalid drop', 'tcp dport 22 accept')],
])('nothing to say: %s', (_, text) => expect(findings(invalidAccepted, text)).toEqual([]));

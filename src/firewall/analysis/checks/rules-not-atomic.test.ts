import { expect, test } from 'vitest';
import { drop, established, findings, nftLines, ssh } from '../analysis.fixture.ts';
import { rulesNotAtomic } from './rules-not-atomic.ts';

test('is told where it is', () => {
  const found = findings(rulesNotAtomic, [ssh, drop]);
  expect(found).toMatchObject([{ at: ssh }]);
  expect(found[0]!.message).toMatch(/^these 2 commands are no unit/);
});

test.each([
  [
    `set -e and -w, as the help says`,
    ['set -e', ssh.replace('iptables', 'iptables -w'), drop.replace('iptables', 'iptables -w')],
  ],
  [`one call of nft`, nftLines('tcp dport 22 accept')],
  [`nothing is dropped`, [established, ssh]],
])('nothing to say: %s', (_, text) => expect(findings(rulesNotAtomic, text)).toEqual([]));

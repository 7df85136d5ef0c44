import { expect, test } from 'vitest';
import { drop, established, findings, nftFile, ssh } from '../analysis.fixture.ts';
import { loopbackDropped } from './loopback-dropped.ts';

test('is told where it is', () => {
  const [found] = findings(loopbackDropped, [established, ssh, drop]);
  expect(found).toMatchObject({ at: drop });
  expect(found!.message).toContain('127.0.0.1:');
  const [both] = findings(loopbackDropped, nftFile('ct state established accept', 'tcp dport 22 accept'));
  expect(both!.message).toContain('127.0.0.1 and ::1:');
});

test.each([
  ['as the help says', ['iptables -A INPUT -i lo -j ACCEPT', ssh, drop]],
  ['nft, as the help says', nftFile('iifname "lo" accept', 'tcp dport 22 accept')],
  ['by its addresses', ['iptables -A INPUT -s 127.0.0.0/8 -j ACCEPT', ssh, drop]],
  ['nothing is dropped', [ssh]],
])('nothing to say: %s', (_, lines) => expect(findings(loopbackDropped, lines)).toEqual([]));

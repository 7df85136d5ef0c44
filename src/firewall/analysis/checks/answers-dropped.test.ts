import { expect, test } from 'vitest';
import { drop, established, findings, nftFile, ssh } from '../analysis.fixture.ts';
import { answersDropped } from './answers-dropped.ts';

test('no rule for established connections', () => {
  const [found] = findings(answersDropped, [ssh, drop]);
  expect(found).toMatchObject({ at: drop });
  expect(found!.message).toContain('(IPv4)');
  const [both] = findings(answersDropped, nftFile('tcp dport 22 accept'));
  expect(both!.message).toContain('(IPv4 and IPv6)');
});

test('only those of UDP are dropped', () => {
  const lines = ['iptables -A INPUT -p tcp -m conntrack --ctstate ESTABLISHED -j ACCEPT', ssh, drop];
  expect(findings(answersDropped, lines)).toMatchObject([{ at: drop }]);
});

test.each([
  ['as the help says', [established, ssh, drop]],
  ['nft, as the help says', nftFile('ct state established,related accept', 'tcp dport 22 accept')],
  [
    'without connection tracking',
    [
      ssh,
      'iptables -A INPUT -p tcp ! --syn -j ACCEPT',
      'iptables -A INPUT -p udp --sport 53 -j ACCEPT',
      drop,
    ],
  ],
  ['nothing is asked', [ssh, drop, 'iptables -P OUTPUT DROP']],
  ['nothing is dropped', [ssh]],
])('nothing to say: %s', (_, lines) => expect(findings(answersDropped, lines)).toEqual([]));

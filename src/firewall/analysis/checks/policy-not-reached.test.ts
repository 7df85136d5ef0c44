import { expect, test } from 'vitest';
import { drop, findings, nftFile, ssh } from '../analysis.fixture.ts';
import { policyNotReached } from './policy-not-reached.ts';

test('a last rule accepts everything', () => {
  const all = 'iptables -A INPUT -j ACCEPT';
  expect(findings(policyNotReached, ['iptables -P INPUT DROP', ssh, all])).toMatchObject([
    {
      at: all,
      message: expect.stringMatching(/^this accepts every packet of INPUT/),
      related: [['DROP', 'never reached']],
    },
  ]);
});

test('several rules do together, in both IP versions, and it is told once', () => {
  const found = findings(policyNotReached, nftFile('meta l4proto tcp accept', 'meta l4proto != tcp accept'));
  expect(found).toMatchObject([{ at: 'policy drop', message: expect.stringMatching(/^the rules accept/) }]);
});

test.each([
  ['something is left', ['iptables -P INPUT DROP', 'iptables -A INPUT -i lo -j ACCEPT', ssh]],
  ['a last rule drops', ['iptables -P INPUT DROP', ssh, drop]],
  ['the policy accepts', [ssh, 'iptables -A INPUT -j ACCEPT']],
])('nothing to say: %s', (_, lines) => expect(findings(policyNotReached, lines)).toEqual([]));

import { expect, test } from 'vitest';
import { drop, established, findings, nftLines, ssh } from '../analysis.fixture.ts';
import { cutWhileSet } from './cut-while-set.ts';

const policy = 'iptables -P INPUT DROP';

test('from the policy to the rule for SSH', () => {
  const lo = 'iptables -A INPUT -i lo -j ACCEPT';
  const [found] = findings(cutWhileSet, [policy, lo, established, ssh]);
  expect(found).toMatchObject({ at: policy, related: [[ssh, 'accepted again from here']] });
  expect(found!.message).toMatch(
    /^from this line to line 4 these are dropped: connections that are under way .IPv4., new SSH connections .IPv4.;/,
  );
});

test('the policy comes last, and still a second run is cut off', () => {
  const flush = 'iptables -F INPUT';
  const [found] = findings(cutWhileSet, [flush, established, ssh, policy]);
  expect(found).toMatchObject({ at: flush, related: [[ssh, 'accepted again from here']] });
  expect(found!.message).toContain('at every run but the first');
});

test.each([
  [
    'the policy is opened before the flush',
    ['iptables -P INPUT ACCEPT', 'iptables -F INPUT', established, ssh, policy],
  ],
  ['it accepts first', [established, ssh, drop]],
  ['all at once', nftLines('ct state established accept', 'tcp dport 22 accept')],
  ['SSH is not accepted at all', [policy, 'iptables -A INPUT -p tcp --dport 443 -j ACCEPT']],
  ['not a script', ['*filter', ':INPUT DROP [0:0]', '-A INPUT -p tcp --dport 22 -j ACCEPT', 'COMMIT']],
])('nothing to say: %s', (_, lines) => expect(findings(cutWhileSet, lines)).toEqual([]));

import { expect, test } from 'vitest';
import { drop, established, findings, nftLines, ssh } from '../analysis.fixture.ts';
import { openWhileSet } from './open-while-set.ts';

test('from the flush to the DROP', () => {
  const flush = 'iptables -F INPUT';
  const [found] = findings(openWhileSet, [flush, established, ssh, drop]);
  expect(found).toMatchObject({ at: flush, related: [[drop, 'closed again from here']] });
  expect(found!.message).toMatch(/from this line to line 4 .IPv4./);
});

test('from a policy to a policy', () => {
  const [open, close] = ['iptables -P INPUT ACCEPT', 'iptables -P INPUT DROP'];
  const found = findings(openWhileSet, [open, 'iptables -F', established, ssh, close]);
  expect(found).toMatchObject([{ at: open, related: [[close, 'closed again from here']] }]);
});

test('nft, call by call', () => {
  const lines = [
    'nft add table inet edge',
    "nft add chain inet edge input '{ type filter hook input priority 0; policy accept; }'",
    'nft flush chain inet edge input',
    'nft add rule inet edge input tcp dport 22 accept',
    'nft add rule inet edge input drop',
  ];
  expect(findings(openWhileSet, lines)).toMatchObject([
    {
      at: lines[2],
      message: expect.stringContaining('(IPv4 and IPv6)'),
      related: [[lines[4], 'closed again from here']],
    },
  ]);
});

test.each([
  ['it only appends', [ssh, drop]],
  ['one transaction', nftLines('tcp dport 22 accept')],
  [
    'a restore',
    [
      "iptables-restore <<'EOF'",
      '*filter',
      ':INPUT DROP [0:0]',
      '-A INPUT -p tcp --dport 22 -j ACCEPT',
      'COMMIT',
      'EOF',
    ],
  ],
  ['the policy drops all the while', ['iptables -P INPUT DROP', 'iptables -F INPUT', ssh]],
  ['nothing is dropped', ['iptables -F', ssh]],
  ['not followed', ['for f in a b; do iptables -F $f; done', ssh, drop]],
])('nothing to say: %s', (_, lines) => expect(findings(openWhileSet, lines)).toEqual([]));

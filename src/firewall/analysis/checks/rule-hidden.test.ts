import { expect, test } from 'vitest';
import { drop, findings, nftFile, ssh } from '../analysis.fixture.ts';
import { ruleHidden } from './rule-hidden.ts';

const block = 'iptables -A INPUT -s 198.51.100.66 -p tcp --dport 22 -j DROP';

test('a wider rule lets in what was to be blocked', () => {
  expect(findings(ruleHidden, [ssh, block])).toMatchObject([
    {
      at: block,
      message: expect.stringContaining(
        'the rule before it that is marked decides every packet that it asks for, and otherwise',
      ),
      related: [[ssh, 'accepts what it would match']],
    },
  ]);
});

test('a rule behind the DROP', () => {
  const late = 'iptables -A INPUT -p tcp --dport 443 -j ACCEPT';
  expect(findings(ruleHidden, [ssh, drop, late])).toMatchObject([
    { at: late, related: [[drop, 'drops everything']] },
  ]);
});

test('two rules together, of nft', () => {
  const found = findings(
    ruleHidden,
    nftFile(
      'tcp dport 1-100 accept',
      'tcp dport 101-65535 accept',
      'tcp dport 0 accept',
      'tcp dport 90-110 drop',
    ),
  );
  expect(found).toMatchObject([
    { at: 'tcp dport 90-110 drop', message: expect.stringContaining('rules before it decide') },
  ]);
  expect(found[0]!.related.map(([at]) => at)).toEqual([
    'tcp dport 1-100 accept',
    'tcp dport 101-65535 accept',
  ]);
});

test('the same twice is superfluous', () => {
  const [found] = findings(ruleHidden, [ssh, ssh, drop]);
  expect(found).toMatchObject({
    at: ssh,
    help: 'delete it',
    message: expect.stringContaining('the same way'),
  });
});

test.each([
  ['in the other order, as the help says', [block, ssh]],
  ['a part is left to it', ['iptables -A INPUT -s 198.51.100.0/24 -p tcp --dport 22 -j ACCEPT', ssh, drop]],
  ['the other may not match', ['iptables -A INPUT -m limit --limit 5/min -j ACCEPT', ssh, drop]],
  [
    'a chain of somebody else',
    [
      '*filter',
      ':f2b-sshd - [0:0]',
      '-A INPUT -j f2b-sshd',
      '-A f2b-sshd -j RETURN',
      '-A f2b-sshd -j RETURN',
      'COMMIT',
    ],
  ],
  ['a part is not followed', ['for x in $(cat list); do iptables -D INPUT $x; done', ssh, ssh]],
])('nothing to say: %s', (_, lines) => expect(findings(ruleHidden, lines)).toEqual([]));

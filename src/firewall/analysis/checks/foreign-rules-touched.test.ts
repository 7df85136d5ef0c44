import { expect, test } from 'vitest';
import { findings, nftFile, ssh } from '../analysis.fixture.ts';
import { foreignRulesTouched } from './foreign-rules-touched.ts';

test('whole tables on a node of a cluster', () => {
  const lines = ['iptables -F', 'iptables -t nat -F', ssh];
  const [found, ...more] = findings(foreignRulesTouched, lines);
  expect(more).toEqual([]);
  expect(found).toMatchObject({
    at: 'iptables -F',
    related: [['iptables -t nat -F', 'this empties every chain of the table nat']],
  });
  expect(found!.message).toMatch(
    /^this empties every chain of the table filter, those of kube-proxy .*each pod is started anew$/,
  );
});

test('all tables of nf_tables, in a file and in a script', () => {
  const flush = 'flush ruleset';
  expect(findings(foreignRulesTouched, [flush, ...nftFile('tcp dport 22 accept')])).toMatchObject([
    { at: flush },
  ]);
  expect(findings(foreignRulesTouched, [`nft ${flush}`])).toMatchObject([{ at: flush }]);
});

test('where others are known, they are named; where none is, it is a note', () => {
  const here = { isClusterNode: false };
  const [named] = findings(foreignRulesTouched, ['iptables -F'], { ...here, others: ['Docker', 'fail2ban'] });
  expect(named!.message).toContain('those of Docker, fail2ban included');
  const [note] = findings(foreignRulesTouched, ['iptables -F'], here);
  expect(note!.message).toContain('those of container engines, VPNs');
});

test('a chain and a table of somebody', () => {
  const lines = [
    'iptables -F DOCKER',
    'iptables -I DOCKER -s 203.0.113.9 -j DROP',
    'nft delete table ip kube-proxy',
  ];
  expect(findings(foreignRulesTouched, lines)).toMatchObject([
    {
      at: lines[0],
      message: expect.stringMatching(/^the chain DOCKER is of Docker: published ports/),
      related: [[lines[1], 'the chain DOCKER']],
    },
    {
      at: 'delete table ip kube-proxy',
      message: expect.stringMatching(/^the table ip kube-proxy is of kube-proxy/),
    },
  ]);
});

test.each([
  [
    'a chain of its own, as the help says',
    ['iptables -N EDGE', 'iptables -F EDGE', 'iptables -A INPUT -j EDGE'],
  ],
  ['a table of its own', nftFile('tcp dport 22 accept')],
  ['the chain that Docker leaves to users', ['iptables -I DOCKER-USER -s 203.0.113.9 -j DROP']],
  ['a chain of somebody that it makes itself', ['iptables -N f2b-sshd', 'iptables -A f2b-sshd -j RETURN']],
  ['a comment', ['# nft flush ruleset', ssh]],
])('nothing to say: %s', (_, lines) => expect(findings(foreignRulesTouched, lines)).toEqual([]));

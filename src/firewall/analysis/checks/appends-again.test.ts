import { expect, test } from 'vitest';
import { drop, findings, nftFile, nftLines, ssh } from '../analysis.fixture.ts';
import { appendsAgain } from './appends-again.ts';

test('nft adds to a table that nobody deletes', () => {
  const lines = nftLines('tcp dport 22 accept').filter((line) => !line.startsWith('delete'));
  expect(findings(appendsAgain, lines)).toMatchObject([{ at: 'tcp dport 22 accept' }]);
});

test('is told where it is', () => {
  const found = findings(appendsAgain, [ssh, drop]);
  expect(found).toMatchObject([{ at: ssh }]);
  expect(found[0]!.message).toMatch(/^every run adds these 2 rules/);
});

test('what accepts stands behind the old DROP after a restart', () => {
  const [found] = findings(appendsAgain, [ssh, 'iptables -A INPUT -p icmp -j ACCEPT', drop]);
  expect(found!.message).toMatch(
    /these 3 rules .*: what accepts then stands behind the DROP of the run before/,
  );
  expect(found!.related).toEqual([
    [drop, 'after a restart the 2 rules that accept stand behind this one too'],
  ]);
});

test('without a DROP they are there twice', () => {
  const [found] = findings(appendsAgain, ['iptables -P INPUT DROP', ssh]);
  expect(found!.message).toBe(
    'every run adds this rule to those of the run before: the chain grows with each start',
  );
  expect(found!.related).toEqual([]);
});

test('a file for nft that is loaded again, and one that replaces its table', () => {
  const file = ['#!/usr/sbin/nft -f', ...nftFile('tcp dport 22 accept')];
  expect(findings(appendsAgain, file)).toEqual([]);
  const kept = file.filter((line) => !line.startsWith('delete'));
  expect(findings(appendsAgain, kept)).toMatchObject([{ at: 'tcp dport 22 accept' }]);
  // It may be what `nft list ruleset` prints.
  expect(findings(appendsAgain, kept.slice(1))).toEqual([]);
});

test.each([
  [
    `a chain of its own, emptied first, as the help says`,
    [
      'iptables -N EDGE 2>/dev/null || true',
      'iptables -F EDGE',
      'iptables -A EDGE -p tcp --dport 22 -j ACCEPT',
      'iptables -A EDGE -j DROP',
      'iptables -C INPUT -j EDGE || iptables -I INPUT -j EDGE',
    ],
  ],
  [`a table of nft that is replaced`, nftLines('tcp dport 22 accept')],
])('nothing to say: %s', (_, text) => expect(findings(appendsAgain, text)).toEqual([]));

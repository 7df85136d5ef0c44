import { expect, test } from 'vitest';
import { findings, nftFile } from '../analysis.fixture.ts';
import { hostNameInRule } from './host-name-in-rule.ts';

test.each([
  ['iptables', ['iptables -A INPUT -s admin.example.com -p tcp --dport 22 -j ACCEPT']],
  ['a restore', ['*filter', '-A INPUT -s admin.example.com -j ACCEPT', 'COMMIT']],
  ['nft', nftFile('ip saddr admin.example.com tcp dport 22 accept')],
])('is told: %s', (_, lines) => {
  const [found] = findings(hostNameInRule, lines);
  expect(found!.message).toMatch(/^admin\.example\.com is looked up once/);
  expect(found!.at).toContain('admin.example.com');
});

test.each([
  ['an address, as the help says', ['iptables -A INPUT -s 203.0.113.7 -j ACCEPT']],
  ['a variable', ['iptables -A INPUT -s $ADMIN -j ACCEPT']],
  ['a set', nftFile('ip saddr @admins accept', 'ip6 saddr fe80::/10 accept')],
])('nothing to say: %s', (_, lines) => expect(findings(hostNameInRule, lines)).toEqual([]));

import { expect, test } from 'vitest';
import { nftFile } from './analysis.fixture.ts';
import { pathDefaults } from './defaults.ts';
import { readFirewallFiles } from './read-files.ts';

function defaults(...lines: string[]): string[] {
  const files = readFirewallFiles([{ name: 'text', text: lines.join('\n') }]);
  return pathDefaults(files.ruleset).map(
    ({ path, family, outcome, policy, at }) =>
      `${path}${family} ${outcome}, policy ${policy}${at === undefined ? '' : `: ${files.text(at)}`}`,
  );
}

test('a last rule drops where the policy accepts', () => {
  expect(defaults('iptables -A INPUT -p tcp --dport 22 -j ACCEPT', 'iptables -A INPUT -j DROP')).toEqual([
    'INPUT4 dropped, policy accept: iptables -A INPUT -j DROP',
    'INPUT6 accepted, policy accept',
    'FORWARD4 accepted, policy accept',
    'FORWARD6 accepted, policy accept',
    'OUTPUT4 accepted, policy accept',
    'OUTPUT6 accepted, policy accept',
  ]);
});

test('a last rule accepts where the policy drops', () => {
  expect(defaults('iptables -P FORWARD DROP', 'iptables -A FORWARD -j ACCEPT')[2]).toBe(
    'FORWARD4 accepted, policy drop',
  );
});

test('a table of both IP versions', () => {
  expect(defaults(...nftFile('tcp dport 22 accept')).slice(0, 2)).toEqual([
    'INPUT4 dropped, policy drop: policy drop',
    'INPUT6 dropped, policy drop: policy drop',
  ]);
});

test('what is not known is said', () => {
  expect(
    defaults(
      'for x in $(cat list); do iptables -D INPUT $x; done',
      'iptables -A INPUT -m limit --limit 5/min -j ACCEPT',
      'iptables -A INPUT -j DROP',
    )[0],
  ).toBe('INPUT4 not known, policy accept');
});

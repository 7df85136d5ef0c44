import { expect, test } from 'vitest';
import { established, findings, fixed } from '../analysis.fixture.ts';
import { obsoleteStateMatch } from './obsolete-state-match.ts';

test('the fix writes the new name', () => {
  const text = fixed(obsoleteStateMatch, ['iptables -A INPUT -m state --state NEW -j ACCEPT']);
  expect(text).toContain('iptables -A INPUT -m conntrack --ctstate NEW -j ACCEPT');
  expect(findings(obsoleteStateMatch, text.split('\n'))).toEqual([]);
});

test('is told where it is', () => {
  const found = findings(obsoleteStateMatch, ['iptables -A INPUT -m state --state ESTABLISHED -j ACCEPT']);
  expect(found).toMatchObject([{ at: 'iptables -A INPUT -m state --state ESTABLISHED -j ACCEPT' }]);
  expect(found[0]!.message).toMatch(/^`-m state` is obsolete/);
});

test.each([[`the new name`, [established]]])('nothing to say: %s', (_, text) =>
  expect(findings(obsoleteStateMatch, text)).toEqual([]),
);

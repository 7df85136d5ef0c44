import { expect, test } from 'vitest';
import { drop, established, findings, ssh } from '../analysis.fixture.ts';
import { ruleSuperfluous } from './rule-superfluous.ts';

const narrow = 'iptables -A INPUT -s 203.0.113.0/28 -p tcp --dport 22 -j ACCEPT';

test('a wider rule further down does the same', () => {
  expect(findings(ruleSuperfluous, [narrow, ssh, drop])).toMatchObject([{ at: narrow }]);
});

test.each([
  ['it is the only one, as the help says', [narrow, drop]],
  ['between them something is dropped', [narrow, 'iptables -A INPUT -p tcp -j DROP', ssh]],
  ['a last rule beside a policy', ['iptables -P INPUT DROP', ssh, drop]],
  ['INVALID', [established, 'iptables -A INPUT -m conntrack --ctstate INVALID -j DROP', drop]],
  ['the policy does the same', [ssh]],
  ['it logs', ['iptables -A INPUT -j LOG', drop]],
])('nothing to say: %s', (_, lines) => expect(findings(ruleSuperfluous, lines)).toEqual([]));

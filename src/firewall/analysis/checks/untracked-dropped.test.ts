import { expect, test } from 'vitest';
import { drop, findings } from '../analysis.fixture.ts';
import { untrackedDropped } from './untracked-dropped.ts';

const notrack = 'iptables -t raw -A PREROUTING -p udp --dport 53 -j CT --notrack';
const accept = 'iptables -A INPUT -p udp --dport 53 -m conntrack --ctstate NEW -j ACCEPT';

test('is told where it is', () => {
  expect(findings(untrackedDropped, [notrack, accept, drop])).toMatchObject([
    { at: notrack, related: [[drop, 'dropped here']] },
  ]);
});

test('nft', () => {
  const lines = [
    'table inet guard {',
    '  chain early { type filter hook prerouting priority raw; udp dport 53 notrack; }',
    '  chain input { type filter hook input priority filter; policy drop; ct state new udp dport 53 accept; }',
    '}',
  ];
  expect(findings(untrackedDropped, lines)).toMatchObject([{ at: 'udp dport 53 notrack' }]);
});

test.each([
  ['as the help says', [notrack, accept.replace('NEW', 'NEW,UNTRACKED'), drop]],
  ['no state is asked for', [notrack, 'iptables -A INPUT -p udp --dport 53 -j ACCEPT', drop]],
  ['it is dropped in any state', [notrack, drop]],
])('nothing to say: %s', (_, lines) => expect(findings(untrackedDropped, lines)).toEqual([]));

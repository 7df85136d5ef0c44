import { expect, test } from 'vitest';
import { drop, findings, ssh } from '../analysis.fixture.ts';
import { chainNotReached } from './chain-not-reached.ts';

const chain = ['iptables -N EDGE', 'iptables -A EDGE -p tcp --dport 22 -j ACCEPT'];

test('no rule leads to it', () => {
  expect(findings(chainNotReached, chain)).toMatchObject([
    { at: 'EDGE', message: 'no packet comes to the chain EDGE: its rule does nothing' },
  ]);
});

test('a chain of nft without a hook', () => {
  const lines = ['table inet guard {', '  chain input {', '    tcp dport 22 accept', '    drop', '  }', '}'];
  expect(findings(chainNotReached, lines)).toMatchObject([
    { at: 'input', message: 'no packet comes to the chain input: its 2 rules do nothing' },
  ]);
});

test('the rule that leads there is behind the DROP', () => {
  expect(findings(chainNotReached, [...chain, drop, 'iptables -A INPUT -j EDGE'])).toHaveLength(1);
});

test.each([
  ['as the help says', [...chain, 'iptables -A INPUT -j EDGE']],
  ['it is empty', ['iptables -N EDGE', ssh]],
  ['of somebody else', ['iptables -N DOCKER-USER', 'iptables -A DOCKER-USER -j RETURN', ssh]],
])('nothing to say: %s', (_, lines) => expect(findings(chainNotReached, lines)).toEqual([]));

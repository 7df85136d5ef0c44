import { expect, test } from 'vitest';
import { findings, ssh } from '../analysis.fixture.ts';
import { setFillsUp } from './set-fills-up.ts';

const table = (set: string, rule: string) => [
  'table inet guard {',
  `  set clients { ${set} }`,
  '  chain input {',
  '    type filter hook input priority filter; policy accept;',
  `    ${rule}`,
  '  }',
  '}',
];
const over = 'tcp dport 22 ct state new add @clients { ip saddr limit rate over 10/minute } drop';

test('nothing takes elements out', () => {
  const [found] = findings(setFillsUp, table('type ipv4_addr; size 1000; flags dynamic;', over));
  expect(found).toMatchObject({ at: 'clients' });
  expect(found!.message).toMatch(
    /^nothing takes addresses out of clients again: after 1000 of them it is full/,
  );
});

test.each([
  [
    'the set has a time, as the help says',
    table('type ipv4_addr; flags dynamic, timeout; timeout 2m; size 1000;', over),
  ],
  [
    'the rule has one',
    table('type ipv4_addr; flags dynamic, timeout;', over.replace('saddr', 'saddr timeout 2m')),
  ],
  [
    'connections are counted',
    table('type ipv4_addr; flags dynamic;', 'add @clients { ip saddr ct count over 10 } drop'),
  ],
  ['no rule adds to it', table('type ipv4_addr;', 'ip saddr @clients drop')],
  ['a script', [ssh]],
])('nothing to say: %s', (_, lines) => expect(findings(setFillsUp, lines)).toEqual([]));

import { expect, test } from 'vitest';
import { findings } from '../analysis.fixture.ts';
import { filterInNat } from './filter-in-nat.ts';

const chain = (type: string, rule: string) => [
  'table ip guard {',
  '  chain pre {',
  `    type ${type} hook prerouting priority -100;`,
  `    ${rule}`,
  '  }',
  '}',
];

test('is told where it is', () => {
  const rule = 'ip saddr 198.51.100.66 drop';
  expect(findings(filterInNat, chain('nat', rule))).toMatchObject([
    { at: rule, message: expect.stringMatching(/^pre is a NAT chain/) },
  ]);
});

test.each([
  ['a chain of type filter, as the help says', chain('filter', 'ip saddr 198.51.100.66 drop')],
  ['a translation', chain('nat', 'tcp dport 80 redirect to :8080')],
])('nothing to say: %s', (_, lines) => expect(findings(filterInNat, lines)).toEqual([]));

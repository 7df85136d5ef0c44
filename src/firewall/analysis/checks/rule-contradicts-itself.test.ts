import { expect, test } from 'vitest';
import { drop, findings, nftFile, ssh } from '../analysis.fixture.ts';
import { ruleContradictsItself } from './rule-contradicts-itself.ts';

test.each([
  [
    'two IP versions',
    nftFile('ip saddr 198.51.100.7 ip6 daddr 2001:db8::1 accept'),
    'ip saddr 198.51.100.7 ip6 daddr 2001:db8::1 accept',
  ],
  [
    'two networks',
    nftFile('ip saddr 198.51.100.0/24 ip saddr 203.0.113.0/24 drop'),
    'ip saddr 198.51.100.0/24 ip saddr 203.0.113.0/24 drop',
  ],
])('is told: %s', (_, lines, at) => expect(findings(ruleContradictsItself, lines)).toMatchObject([{ at }]));

test.each([
  ['what can match', [ssh, drop]],
  ['a hidden rule', [drop, ssh]],
])('nothing to say: %s', (_, lines) => expect(findings(ruleContradictsItself, lines)).toEqual([]));

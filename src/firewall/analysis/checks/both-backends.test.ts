import { expect, test } from 'vitest';
import { findings, nftLines, ssh } from '../analysis.fixture.ts';
import { bothBackends } from './both-backends.ts';

const legacy = ssh.replace('iptables', 'iptables-legacy');

test('is told where the old ones are', () => {
  const rule = 'tcp dport 443 accept';
  const found = findings(bothBackends, [...nftLines(rule), legacy]);
  expect(found).toMatchObject([{ at: legacy, related: [[rule, 'in nf_tables']] }]);
});

test('a policy counts', () => {
  const found = findings(bothBackends, ['iptables-legacy -P INPUT DROP', ssh]);
  expect(found).toMatchObject([{ at: 'DROP' }]);
});

test.each([
  ['one backend', [...nftLines('tcp dport 22 accept'), ssh]],
  ['the old one alone', [legacy]],
  ['the old tables are empty', ['iptables-legacy -F', ssh]],
])('nothing to say: %s', (_, lines) => expect(findings(bothBackends, lines)).toEqual([]));

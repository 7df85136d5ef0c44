import { expect, test } from 'vitest';
import { findings } from '../analysis.fixture.ts';
import { invalidBeforeSynproxy } from './invalid-before-synproxy.ts';

const invalid = 'iptables -A INPUT -m conntrack --ctstate INVALID -j DROP';
const proxy =
  'iptables -A INPUT -p tcp --dport 443 -m conntrack --ctstate INVALID,UNTRACKED -j SYNPROXY --sack-perm --timestamp';

test('is told where it is', () => {
  expect(findings(invalidBeforeSynproxy, [invalid, proxy])).toMatchObject([
    { at: invalid, related: [[proxy, 'comes later']] },
  ]);
});

test.each([
  ['in the other order, as the help says', [proxy, invalid]],
  ['no SYNPROXY', [invalid]],
  ['of another port', [invalid.replace('-m conntrack', '-p tcp --dport 25 -m conntrack'), proxy]],
])('nothing to say: %s', (_, lines) => expect(findings(invalidBeforeSynproxy, lines)).toEqual([]));

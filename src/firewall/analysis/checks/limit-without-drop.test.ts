import { expect, test } from 'vitest';
import { drop, findings, nftFile, ssh } from '../analysis.fixture.ts';
import { limitWithoutDrop } from './limit-without-drop.ts';

const limited = 'iptables -A INPUT -p tcp --dport 22 -m limit --limit 10/min -j ACCEPT';

test('the rest is accepted by a later rule', () => {
  expect(findings(limitWithoutDrop, [limited, ssh, drop])).toMatchObject([{ at: limited }]);
  const rule = 'tcp dport 22 limit rate 10/minute accept';
  expect(findings(limitWithoutDrop, nftFile(rule, 'tcp dport 1-1024 accept'))).toMatchObject([{ at: rule }]);
});

test('the rest comes to the end, which accepts', () => {
  expect(findings(limitWithoutDrop, [limited, 'iptables -A INPUT -p udp -j DROP'])).toHaveLength(1);
});

test.each([
  ['the rest is dropped', [limited, drop]],
  ['the policy drops it', ['iptables -P INPUT DROP', limited]],
  [
    'it drops above, as the help says',
    nftFile('tcp dport 22 limit rate over 10/minute drop', 'tcp dport 22 accept'),
  ],
  ['a limit of what is logged', ['iptables -A INPUT -m limit --limit 5/min -j LOG', ssh, drop]],
])('nothing to say: %s', (_, lines) => expect(findings(limitWithoutDrop, lines)).toEqual([]));

import { expect, test } from 'vitest';
import { drop, findings, ssh } from '../analysis.fixture.ts';
import { adminPortsOpen } from './admin-ports-open.ts';

test('is told where it is', () => {
  const found = findings(adminPortsOpen, [ssh, 'iptables -A INPUT -p tcp --dport 6443 -j ACCEPT', drop]);
  expect(found).toMatchObject([{ at: ssh }]);
  expect(found[0]!.message).toMatch(/^every address may reach SSH \(TCP 22\), API server \(TCP 6443\)/);
});

test.each([
  [
    `from one network, as the help says`,
    ['iptables -A INPUT -s 203.0.113.0/28 -p tcp --dport 22 -j ACCEPT', drop],
  ],
  [`a web server`, ['iptables -A INPUT -p tcp --dport 443 -j ACCEPT', drop]],
])('nothing to say: %s', (_, text) => expect(findings(adminPortsOpen, text)).toEqual([]));

import { expect, test } from 'vitest';
import { drop, findings, ssh } from '../analysis.fixture.ts';
import { portBeforeTranslation } from './port-before-translation.ts';

const redirect = 'iptables -t nat -A PREROUTING -p tcp --dport 80 -j REDIRECT --to-ports 8080';
const accept = (port: string) => `iptables -A INPUT -p tcp --dport ${port} -j ACCEPT`;

test('a redirected port', () => {
  const [found] = findings(portBeforeTranslation, [redirect, accept('80'), drop]);
  expect(found).toMatchObject({ at: redirect });
  expect(found!.message).toMatch(/^what comes for port 80 goes on to port 8080, which INPUT drops/);
});

test('a port of another machine', () => {
  const dnat = 'iptables -t nat -A PREROUTING -p tcp --dport 80 -j DNAT --to-destination 203.0.113.7:8080';
  const forward = (port: string) => `iptables -A FORWARD -p tcp --dport ${port} -j ACCEPT`;
  const last = 'iptables -A FORWARD -j DROP';
  expect(findings(portBeforeTranslation, [dnat, forward('80'), last])).toMatchObject([{ at: dnat }]);
  expect(findings(portBeforeTranslation, [dnat, forward('8080'), last])).toEqual([]);
});

test('nft', () => {
  const lines = [
    'table inet guard {',
    '  chain pre { type nat hook prerouting priority dstnat; tcp dport 80 redirect to :8080; }',
    '  chain input { type filter hook input priority filter; policy drop; tcp dport 80 accept; }',
    '}',
  ];
  expect(findings(portBeforeTranslation, lines)).toMatchObject([{ at: 'tcp dport 80 redirect to :8080' }]);
});

test.each([
  ['the new port, as the help says', [redirect, accept('8080'), drop]],
  ['neither is accepted', [redirect, ssh, drop]],
  ['nothing is dropped', [redirect, accept('80')]],
])('nothing to say: %s', (_, lines) => expect(findings(portBeforeTranslation, lines)).toEqual([]));

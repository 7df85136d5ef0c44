import { expect, test } from 'vitest';
import { drop, findings, nftFile, ssh } from '../analysis.fixture.ts';
import { loginClosed } from './login-closed.ts';

const web = 'iptables -A INPUT -p tcp --dport 443 -j ACCEPT';

test('no rule lets anybody in', () => {
  const [found] = findings(loginClosed, [web, drop]);
  expect(found).toMatchObject({ at: drop });
  expect(found!.message).toMatch(/^no new connection to TCP 22 is accepted/);
  expect(findings(loginClosed, nftFile('tcp dport 443 accept'))).toHaveLength(1);
});

test('where sshd is known to listen', () => {
  const [found] = findings(loginClosed, [ssh, drop], { logins: [2222] });
  expect(found!.message).toBe(
    'sshd listens on TCP 2222, and every new connection to it is dropped: nobody can log in',
  );
  expect(findings(loginClosed, [web, drop], { logins: [443] })).toEqual([]);
  expect(findings(loginClosed, [web, drop], { logins: [] })).toEqual([]);
});

test.each([
  [
    'from one network, as the help says',
    ['iptables -A INPUT -s 203.0.113.0/28 -p tcp --dport 22 -j ACCEPT', drop],
  ],
  ['from one interface', ['iptables -A INPUT -i wg0 -j ACCEPT', drop]],
  ['nothing is dropped', [web]],
])('nothing to say: %s', (_, lines) => expect(findings(loginClosed, lines)).toEqual([]));

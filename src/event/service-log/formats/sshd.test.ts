import { expect, test } from 'vitest';
import { readSshd } from '../read.fixture.ts';

const outcomes = (...messages: string[]) =>
  readSshd(...messages).seen.map(({ outcome, user, source, count }) => [outcome, user, source, count ?? 1]);

test('who fails, who succeeds, from where, how', () => {
  const { seen } = readSshd(
    'Failed password for root from 203.0.113.7 port 4711 ssh2',
    'Accepted publickey for admin from 2001:db8::7 port 22 ssh2: ED25519 SHA256:abc',
    'Failed keyboard-interactive/pam for root from fe80::1%eth0 port 5 ssh2',
  );
  const common = { at: Date.UTC(2026, 10, 30, 11), service: 'ssh', host: 'edge' };
  expect(seen).toEqual([
    {
      ...common,
      source: '203.0.113.7',
      sourcePort: 4711,
      outcome: 'failed',
      user: 'root',
      method: 'password',
    },
    {
      ...common,
      source: '2001:db8::7',
      sourcePort: 22,
      outcome: 'succeeded',
      user: 'admin',
      method: 'publickey',
    },
    {
      ...common,
      source: 'fe80::1',
      sourcePort: 5,
      outcome: 'failed',
      user: 'root',
      method: 'keyboard-interactive/pam',
    },
  ]);
});

test('one failure of a user that is not there is one, however many messages tell of it', () => {
  expect(
    outcomes(
      'Invalid user eve from 203.0.113.7 port 1',
      'pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=203.0.113.7',
      'Failed none for invalid user eve from 203.0.113.7 port 1 ssh2',
      'Failed password for invalid user eve from 203.0.113.7 port 1 ssh2',
      'Failed password for invalid user eve from 203.0.113.7 port 1 ssh2',
      'Connection closed by invalid user eve 203.0.113.7 port 1 [preauth]',
    ),
  ).toEqual([
    ['failed', 'eve', '203.0.113.7', 1],
    ['failed', 'eve', '203.0.113.7', 1],
  ]);
});

test('who only tried keys failed once', () => {
  expect(
    outcomes(
      'Failed publickey for root from 203.0.113.7 port 1 ssh2: RSA SHA256:abc',
      'Failed publickey for root from 203.0.113.7 port 1 ssh2: ED25519 SHA256:def',
      'Connection closed by authenticating user root 203.0.113.7 port 1 [preauth]',
      'Disconnected from authenticating user root 203.0.113.8 port 1 [preauth]',
      'Connection reset by 203.0.113.9 port 1 [preauth]',
    ),
  ).toEqual([
    ['failed', 'root', '203.0.113.7', 1],
    ['failed', 'root', '203.0.113.8', 1],
  ]);
});

test('repeats that were folded count', () => {
  expect(
    outcomes('message repeated 3 times: [ Failed password for root from 203.0.113.7 port 1 ssh2]'),
  ).toEqual([['failed', 'root', '203.0.113.7', 3]]);
});

test('a name cannot accuse another address, nor log anybody in', () => {
  const name = 'x from 198.51.100.1 port 9';
  expect(
    outcomes(
      `Invalid user ${name} from 203.0.113.7 port 1`,
      `Failed password for ${name} ssh2: y from 203.0.113.8 port 2 ssh2`,
      `Invalid user Accepted password for root from 198.51.100.1 port 9 ssh2 from 203.0.113.9 port 3`,
      `Connection closed by authenticating user a 198.51.100.1 port 1 203.0.113.10 port 4 [preauth]`,
      'Invalid user  from 203.0.113.11 port 5',
    ).map(([outcome, , source]) => [outcome, source]),
  ).toEqual(['7', '8', '9', '10', '11'].map((last) => ['failed', `203.0.113.${last}`]));
});

test('what cannot be read, and what is of no interest, is counted by reason', () => {
  const { seen, skipped, dropped } = readSshd(
    'Invalid user x from host.example port 1',
    'Failed password for root',
    'Invalid user x',
    'Server listening on :: port 22.',
    `Invalid user ${'\u0007'.repeat(200)} from 203.0.113.7 port 1`,
  );
  expect(seen).toHaveLength(1);
  expect(seen[0]!.user).toBe(`${'?'.repeat(63)}…`);
  expect(skipped).toEqual({
    'sshd: the source is a name': 1,
    'sshd: about something else than logging in': 1,
  });
  expect(dropped).toEqual({ 'sshd: cannot be read': 2 });
});

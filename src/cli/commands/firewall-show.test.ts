import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { ExitCode } from '../command.ts';
import { testIo } from '../io.fixture.ts';
import { runProgram } from '../program.ts';

const folder = mkdtempSync(join(tmpdir(), 'picket-firewall-'));
afterAll(() => rmSync(folder, { recursive: true }));

writeFileSync(
  join(folder, 'rules.v4'),
  `*filter
:INPUT DROP [0:0]
:f2b-sshd - [0:0]
[12:720] -A INPUT -p tcp --dport 22 -j f2b-sshd
[1234:56789] -A INPUT -s 198.51.100.0/24 -p tcp -m conntrack --ctstate NEW -m multiport --dports 22,443 -j ACCEPT
-A f2b-sshd -s 203.0.113.9 -j REJECT --reject-with icmp-port-unreachable
COMMIT
`,
);
writeFileSync(
  join(folder, 'guard.nft'),
  `table inet guard {
  set bad { type ipv4_addr; flags interval; elements = { 198.51.100.66, 203.0.113.0/24 } }
  chain early {
    type filter hook input priority -10; policy accept;
    ip saddr @bad drop
  }
}
`,
);

async function show(columns: number, ...args: string[]) {
  const io = { ...testIo(), cwd: folder, columns };
  const code = await runProgram(['firewall', 'show', ...args], () => io);
  return { code, ...io.written };
}

test('one listing of all tables', async () => {
  const { code, out, err } = await show(120, 'rules.v4', 'guard.nft');
  expect([code, err]).toEqual([ExitCode.clean, '']);
  await expect(out).toMatchFileSnapshot('../__golden__/firewall-show.golden.txt');
});

test('lines are broken on a narrow terminal', async () => {
  const { out } = await show(50, 'rules.v4', 'guard.nft');
  await expect(out).toMatchFileSnapshot('../__golden__/firewall-show-narrow.golden.txt');
  expect(out.split('\n').filter((line) => line.length > 50)).toEqual([]);
});

test('one owner, one path, JSON', async () => {
  const { out } = await show(
    100,
    'rules.v4',
    'guard.nft',
    '--owner',
    'fail2ban',
    '--path',
    'input',
    '-o',
    'json',
  );
  const { schemaVersion, hooks } = JSON.parse(out);
  expect(schemaVersion).toBe(1);
  expect(hooks).toMatchObject([
    {
      hook: 'INPUT',
      chains: [
        {
          name: 'INPUT',
          default: 'drop',
          rules: [
            {
              owner: 'fail2ban',
              packets: 12,
              place: { file: 'rules.v4', line: 4 },
              chain: { name: 'f2b-sshd', owner: 'fail2ban', rules: [{ effect: 'drop' }] },
            },
          ],
        },
      ],
    },
  ]);
  expect((await show(100, 'rules.v4', '--path', 'forward')).out).toBe('no rules: every packet is accepted\n');
});

test('wrong use', async () => {
  expect((await show(100, 'none')).err).toContain('no such file or folder: none');
  expect((await show(100, 'rules.v4', '--path', 'sideways')).code).toBe(ExitCode.usage);
});

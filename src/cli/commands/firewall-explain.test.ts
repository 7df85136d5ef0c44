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
  join(folder, 'firewall.sh'),
  `#!/bin/sh
iptables -P INPUT DROP
iptables -A INPUT -i lo -j ACCEPT
iptables -A INPUT -m state --state ESTABLISHED,RELATED -j ACCEPT
iptables -A INPUT -p tcp -s 198.51.100.0/24 --dport 22 -j ACCEPT
`,
);
writeFileSync(
  join(folder, 'later.nft'),
  'table inet guard {\n  chain late {\n    type filter hook input priority 10; policy accept;\n    ip saddr 198.51.100.66 drop\n  }\n}\n',
);

async function explain(...args: string[]) {
  const io = { ...testIo(), cwd: folder };
  const code = await runProgram(['firewall', 'explain', ...args], () => io);
  return { code, ...io.written };
}

test('the rule that accepts, with its place', async () => {
  const { code, out, err } = await explain('firewall.sh', '--from', '198.51.100.7', '--port', '22');
  expect([code, err]).toEqual([ExitCode.clean, '']);
  expect(out).toMatchInlineSnapshot(`
    "IPv4 tcp 198.51.100.7 > unsaid:22, new, input: accepted

       TABLE      CHAIN  RULE                                                     AT
    →  ip filter  INPUT  -A INPUT -p tcp -s 198.51.100.0/24 --dport 22 -j ACCEPT  firewall.sh:5
    "
  `);
});

test('a later table drops what an earlier one accepts', async () => {
  const files = ['firewall.sh', 'later.nft'];
  const { out } = await explain(...files, '--from', '198.51.100.66', '--port', '22', '-o', 'json');
  const { outcome, steps, decidedBy } = JSON.parse(out);
  expect(outcome).toBe('deny');
  expect(steps).toHaveLength(2);
  expect(steps[decidedBy]).toEqual({
    table: 'guard',
    family: 'inet',
    backend: 'nft',
    chain: 'late',
    rule: 'ip saddr 198.51.100.66 drop',
    effect: 'drop',
    certain: true,
    place: { file: 'later.nft', line: 4, column: 5 },
  });
});

test('the policy decides, another state another rule, and IPv6 has no rule at all', async () => {
  const dropped = await explain('firewall.sh', '--from', '203.0.113.9', '--port', '22');
  expect(dropped.out).toContain('dropped');
  expect(dropped.out).toContain('(end) drop');
  const answer = await explain('firewall.sh', '--from', '203.0.113.9', '--state', 'established');
  expect(answer.out).toMatch(/accepted\n[\s\S]*ESTABLISHED,RELATED -j ACCEPT {2}firewall\.sh:4/);
  const open = await explain('firewall.sh', '--from', '2001:db8::9', '--port', '22');
  expect(open.out).toContain('accepted\nno rule of these files concerns it');
});

test('what the packet does not tell leaves it open', async () => {
  const { code, out } = await explain('firewall.sh', '--port', '22');
  expect(code).toBe(ExitCode.clean);
  expect(out).toContain('not known, since it is not known whether the rule');
  expect(out).toContain('?  ip filter  INPUT');
  expect(out).not.toContain('→');
});

test('what a script does that cannot be followed is named', async () => {
  writeFileSync(
    join(folder, 'loop.sh'),
    'while read ip; do\n  iptables -A INPUT -s $ip -j DROP\ndone < list\n',
  );
  const { code, out, err } = await explain('loop.sh', '--port', '22');
  expect(code).toBe(ExitCode.problems);
  expect(err).toMatch(/^not followed: loop\.sh:1: .* is not followed\n$/);
  expect(out).toContain('not known');
});

test.each([
  [['firewall.sh', '--from', 'bogus'], '--from bogus is no address'],
  [['firewall.sh', '--from', '198.51.100.1', '--to', '2001:db8::1'], 'two IP versions'],
  [['firewall.sh', '--port', '70000'], '70000 is no number from 0 to 65535'],
  [['firewall.sh', '-p', 'icmp', '--port', '1'], 'has no ports'],
  [['firewall.sh', '--icmp', 'echo'], 'is no type'],
  [['firewall.sh', '--chain', 'output', '--in', 'eth0'], 'comes in by no interface'],
  [['none.sh'], 'no such file or folder: none.sh'],
  [[], 'no packet filter named'],
] as const)('wrong use: %j', async (args, message) => {
  const { code, err } = await explain(...args);
  expect(code).toBe(ExitCode.usage);
  expect(err).toContain(message);
});

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { cannotTry } from '../../enforce/trial/trial-machine.ts';
import { ExitCode } from '../command.ts';
import { testIo } from '../io.fixture.ts';
import { runProgram } from '../program.ts';

const folder = mkdtempSync(join(tmpdir(), 'picket-compare-'));
afterAll(() => rmSync(folder, { recursive: true }));

writeFileSync(
  join(folder, 'old.sh'),
  `#!/bin/sh
iptables -P INPUT DROP
iptables -A INPUT -i lo -j ACCEPT
iptables -A INPUT -m state --state ESTABLISHED,RELATED -j ACCEPT
iptables -A INPUT -p tcp -s 198.51.100.0/24 --dport 22 -j ACCEPT
iptables -A INPUT -p icmp -m limit --limit 5/sec -j ACCEPT
`,
);
writeFileSync(
  join(folder, 'new.nft'),
  `table ip f {
  chain in {
    type filter hook input priority 0; policy drop;
    iifname "lo" accept
    ct state established,related accept
    tcp dport { 22, 443 } ip saddr 198.51.100.0/24 accept
    icmp type echo-request accept
  }
}
`,
);
writeFileSync(
  join(folder, 'same.nft'),
  `table ip f {
  chain in {
    type filter hook input priority 0; policy accept;
    ct state { established, related } accept
    iifname "lo" accept
    tcp dport { 22, 443 } ip saddr { 198.51.100.0/25, 198.51.100.128/25 } accept
    icmp type 8 accept
    drop
  }
}
`,
);

async function compare(...args: string[]) {
  const io = { ...testIo(), cwd: folder };
  const code = await runProgram(['firewall', 'compare', ...args], () => io);
  return { code, ...io.written };
}

test('what is opened, with an example and the rules that decide on both sides', async () => {
  const { code, out, err } = await compare('old.sh', 'new.nft');
  expect([code, err]).toEqual([ExitCode.problems, '']);
  expect(out).toMatchInlineSnapshot(`
    "opened: IPv4 input: tcp from 198.51.100.0/24 to port 443, any but established, related, in by any but lo
      e.g. IPv4 tcp 198.51.100.7:40000 > 203.0.113.10:443, in by eth0, new, input
      old  dropped: policy drop of INPUT (old.sh:2)
      new  accepted: tcp dport { 22, 443 } ip saddr 198.51.100.0/24 accept (new.nft:6)

    may differ: IPv4 input: icmp, any but established, related, in by any but lo
      hangs on -m limit --limit 5/sec (filter INPUT: -A INPUT -p icmp -m limit --limit 5/sec -j ACCEPT)
      e.g. IPv4 icmp type 8 198.51.100.7 > 203.0.113.10, in by eth0, new, input
      old  not known: policy drop of INPUT (old.sh:2), since it is not known whether the rule \`-A INPUT -p icmp -m limit --limit 5/sec -j ACCEPT\` matches
      new  accepted: icmp type echo-request accept (new.nft:7)

    different: 1 opened, 1 may differ
    "
  `);
});

test('equal, however it is written', async () => {
  const { code, out } = await compare('new.nft', 'same.nft');
  expect([code, out]).toEqual([ExitCode.clean, 'equal: both do the same with every packet\n']);
});

test('as JSON', async () => {
  const { code, out } = await compare('new.nft', 'old.sh', '-o', 'json');
  expect(code).toBe(ExitCode.problems);
  const { schemaVersion, equal, differences } = JSON.parse(out);
  expect([schemaVersion, equal]).toEqual([1, false]);
  expect(differences[0]).toMatchObject({
    kind: 'closed',
    family: 4,
    chain: 'INPUT',
    conditions: [
      { field: 'protocol', values: 'tcp' },
      { field: 'source', values: '198.51.100.0/24' },
      { field: 'destination port', values: '443' },
      { field: 'state', values: 'any but established, related' },
      { field: 'in', values: 'any but lo' },
    ],
    example: { protocol: 6, source: '198.51.100.7', port: 443, state: 'NEW' },
    old: { outcome: 'allow', place: { file: 'new.nft', line: 6, column: 5 } },
    new: { outcome: 'deny', rule: 'policy drop of INPUT', place: { file: 'old.sh', line: 2, column: 19 } },
  });
});

test('several files are one machine, and what is not followed is said', async () => {
  writeFileSync(
    join(folder, 'six.nft'),
    'table ip6 f {\n chain in {\n type filter hook input priority 0; policy drop;\n }\n}\n',
  );
  const closed = await compare('new.nft', 'new.nft', '--new', 'six.nft');
  expect(closed.out).toContain('closed: IPv6 input: all\n');
  expect(closed.out).toContain('different: 1 closed');
  writeFileSync(
    join(folder, 'loop.sh'),
    'while read ip; do\n  iptables -A INPUT -s $ip -j DROP\ndone < list\n',
  );
  const { code, out, err } = await compare('loop.sh', 'loop.sh');
  expect(code).toBe(ExitCode.problems);
  expect(err).toMatch(/^not followed: loop\.sh:1: .* is not followed\n/);
  expect(out).toBe('no difference in what is followed; parts are not\n');
});

test.each([
  [['old.sh'], 'argument'],
  [['old.sh', 'none.nft'], 'no such file or folder: none.nft'],
  [['old.sh', 'new.nft', '--limit', '0'], '--limit must be'],
  [['old.sh', 'new.nft', '--verify-packets', 'x'], '--verify-packets must be'],
] as const)('wrong use: %j', async (args, message) => {
  const { code, err } = await compare(...args);
  expect(code).toBe(ExitCode.usage);
  expect(err).toContain(message);
});

const cannot = cannotTry();
const title = (text: string) => (cannot === undefined ? text : `${text} (skipped: ${cannot})`);
const verify = ['--verify', '--verify-packets', '300'];

test.skipIf(cannot !== undefined)(title('the kernel confirms what differs, as text and JSON'), async () => {
  const { code, out, err } = await compare('new.nft', 'same.nft', ...verify);
  expect([code, err]).toEqual([ExitCode.clean, '']);
  expect(out).toMatch(
    /^equal: .*\n\nnot shown: output: .*\nthe kernel agrees: \d+ packets(, \d+ more say nothing)?; 0 differences confirmed\n$/,
  );
  writeFileSync(
    join(folder, 'less.nft'),
    'table ip f {\n chain in {\n type filter hook input priority 0; policy drop;\n iifname "lo" accept\n ct state established,related accept\n tcp dport 22 ip saddr 198.51.100.0/24 accept\n icmp type echo-request accept\n }\n}\n',
  );
  const less = await compare('new.nft', 'less.nft', ...verify, '-o', 'json');
  expect(less.code).toBe(ExitCode.problems);
  expect(JSON.parse(less.out).verified).toMatchObject({
    differencesConfirmed: 1,
    differencesRefuted: 0,
    disagreements: 0,
    unexpected: [],
  });
});

test.skipIf(cannot !== undefined)(title('what the kernel cannot load is a failure'), async () => {
  const { code, out, err } = await compare('new.nft', 'old.sh', '--verify');
  expect([code, out]).toEqual([ExitCode.failed, '']);
  expect(err).toContain('old.sh is a script, and scripts are not run');
});

test.skipIf(cannot !== undefined)(title('nothing is left when it is interrupted'), async () => {
  const main = fileURLToPath(new URL('../main.ts', import.meta.url));
  const child = spawn(process.execPath, [main, 'firewall', 'compare', 'new.nft', 'same.nft', '--verify'], {
    cwd: folder,
    stdio: 'ignore',
  });
  const ended = once(child, 'exit');
  const own = readlinkSync('/proc/self/ns/net');
  const kept = await waitFor(() => {
    const keepers = childrenOf(child.pid!).filter((pid) => namespaceOf(pid) !== own);
    return keepers.length >= 2 ? keepers.map(namespaceOf) : undefined;
  });
  child.kill('SIGINT');
  expect(await ended).toEqual([null, 'SIGINT']);
  await waitFor(() => {
    const inUse = new Set(
      readdirSync('/proc')
        .filter((pid) => /^\d+$/.test(pid))
        .map((pid) => namespaceOf(pid)),
    );
    return kept.some((one) => inUse.has(one)) ? undefined : true;
  });
});

function namespaceOf(pid: string | number): string {
  try {
    return readlinkSync(`/proc/${pid}/ns/net`);
  } catch {
    return '';
  }
}

function childrenOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean);
  } catch {
    return [];
  }
}

/** Returns the first result, asking again and again. Throws after 20 seconds. */
async function waitFor<T>(ask: () => T | undefined): Promise<T> {
  const until = Date.now() + 20_000;
  for (;;) {
    const found = ask();
    if (found !== undefined) return found;
    if (Date.now() > until) throw new Error('it did not come');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

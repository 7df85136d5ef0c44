import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';

const cannot =
  process.getuid?.() !== 0
    ? 'needs root'
    : ['/usr/sbin/conntrack', '/usr/sbin/nft'].find((path) => !existsSync(path))?.concat(' is missing');
const root = resolve(import.meta.dirname, '../../..');

test.skipIf(cannot !== undefined)(
  `what conntrack(8) lists is what is read${cannot === undefined ? '' : ` (skipped: ${cannot})`}`,
  () => {
    const name = `picket-test-${process.pid}-table`;
    const run = (program: string, ...args: string[]) =>
      execFileSync('nsenter', [`--net=/run/netns/${name}`, program, ...args], {
        encoding: 'utf8',
        stdio: 'pipe',
      });
    execFileSync('ip', ['netns', 'add', name]);
    try {
      run('ip', 'link', 'set', 'lo', 'up');
      run(
        'nft',
        'table inet t { chain c { type filter hook input priority 0; ct state new accept; }; chain n { type nat hook output priority -100; udp dport 53 redirect to :5353; }; }',
      );
      run('bash', '-c', 'for port in 53 54 55; do echo x >/dev/udp/127.0.0.1/$port || true; done');
      const script = `import { readTrackedTable } from ${JSON.stringify(join(root, 'src/sensor/conntrack/read-table.ts'))};
        const table = await readTrackedTable(Number(process.argv[1]), 5000);
        console.log(JSON.stringify(table));`;
      const read = (most: number) =>
        JSON.parse(run(process.execPath, '--input-type=module', '-e', script, String(most))) as {
          conversations: { protocol: number; destinationPort: number; source: unknown }[];
          more: number;
          isComplete: boolean;
        };
      const { conversations, more, isComplete } = read(100);
      const listed = run('conntrack', '-L').trim().split('\n');
      expect(conversations).toHaveLength(listed.length);
      expect([more, isComplete]).toEqual([0, true]);
      // Where it was sent on to, as rules after NAT see it.
      expect(conversations.map(({ destinationPort }) => destinationPort).sort()).toEqual(
        [5353, 54, 55].sort(),
      );
      expect(conversations[0]).toMatchObject({ protocol: 17, source: { family: 4, d: 0x7f000001 } });
      const few = read(1);
      expect([few.conversations.length, few.more]).toEqual([1, 2]);
    } finally {
      execFileSync('ip', ['netns', 'delete', name]);
    }
  },
);

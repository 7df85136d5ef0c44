import { execFileSync } from 'node:child_process';
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { cannotWatch, has, sleep, temporaryFolder } from '../harness.ts';
import { cannotAsk, watched } from './watched.fixture.ts';

const skip =
  cannotAsk ??
  cannotWatch ??
  (['unshare', 'setpriv', 'shred', 'perl'].every(has) ? undefined : 'needs unshare, setpriv, shred and perl');

/** Root with trace events, and without the capabilities that BPF asks for. */
const lesser = [
  ...['unshare', '--mount', 'sh', '-c'],
  'mount -t tracefs tracefs /sys/kernel/tracing && exec setpriv --bounding-set=-sys_admin,-bpf,-perfmon "$@"',
  'sh',
];

test.skipIf(skip)(
  `where BPF is refused, trace events still raise what they can, and what is lost is named${skip ? `: ${skip}` : ''}`,
  { timeout: 200_000 },
  async () => {
    using temporary = temporaryFolder();
    const miner = join(temporary.path, 'xmrig');
    symlinkSync('/bin/sleep', miner);
    const { alerts, said } = await watched(temporary.path, { prefix: lesser }, async () => {
      // One that is there to be looked up, one that is gone at once.
      execFileSync(miner, ['0.75432']);
      execFileSync('shred', ['--version'], { stdio: 'ignore' });
      execFileSync('perl', ['-e', 'open(F, "<", "/etc/shadow")'], { stdio: 'ignore' });
      await sleep(500);
    });
    const told = (rule: string) =>
      alerts.filter((alert) => alert.rule === rule).map(({ output_fields }) => output_fields['proc.cmdline']);
    expect(told('Known Cryptominer Process Executed')).toContain('xmrig 0.75432');
    expect(told('Remove Bulk Data from Disk').join()).toContain('shred');
    expect(said).toMatch(/without BPF: .*EPERM/);
    expect(said).toMatch(/\d+ rules can never fire here .*Read sensitive file untrusted/);
    expect(told('Read sensitive file untrusted')).toEqual([]);
  },
);

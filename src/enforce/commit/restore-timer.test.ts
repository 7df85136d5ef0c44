import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { restoreScript } from './restore-script.ts';
import { systemdArguments } from './restore-timer.ts';

test('the script is one that sh reads, whatever the folder is called', () => {
  const text = restoreScript({ change: 7, folder: "/tmp/it's $(here) \\n", nft: '/usr/sbin/nft' });
  execFileSync('sh', ['-n'], { input: text });
  expect(text).toContain(`folder='/tmp/it'\\''s $(here) \\n'`);
});

const systemdRun = '/usr/bin/systemd-run';
test.skipIf(!existsSync(systemdRun))(
  `systemd-run takes the arguments${existsSync(systemdRun) ? '' : ' (skipped: no systemd-run)'}`,
  () => {
    const [command = '', ...args] = [systemdRun, ...systemdArguments('picket-test', '/tmp/restore.sh', 60)];
    // Where systemd runs, its help is printed; the arguments before are read all the same, and a wrong one is an error.
    const read = (...more: string[]) =>
      execFileSync(command, [...more, '--help'], { encoding: 'utf8', stdio: 'pipe' });
    expect(read(...args.slice(0, -2))).toContain('--on-active');
    expect(() => read('--on-actives=60s')).toThrow();
  },
);

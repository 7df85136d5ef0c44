import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { probeBpf } from '../../src/sensor/bpf.ts';
import { Guard, temporaryFolder, until } from '../harness.ts';

const probe = probeBpf();
const skip = probe.state === 'available' ? undefined : probe.details[0];

test.skipIf(skip)(
  `SIGHUP: rules that are sound are asked from then on, others are not${skip ? `: ${skip}` : ''}`,
  async () => {
    using folder = temporaryFolder();
    const file = join(folder.path, 'rules.yaml');
    const bait = join(folder.path, 'bait');
    const write = (name: string, condition: string) =>
      writeFileSync(
        file,
        `- {rule: ${name}, desc: d, condition: "${condition}", output: "%fd.name", priority: ERROR}\n`,
      );
    const take = (which: string) => execFileSync('perl', ['-e', `sysopen(F, "${bait}-${which}", 0)`]);
    const opens = `evt.type in (open, openat) and fd.name startswith ${bait}`;

    write('First', opens);
    await using guard = await Guard.start(['--no-store', '--cri-socket', 'none', '--rules', file]);
    await until('rules are asked', () => guard.said.includes('rules    1 on') || undefined);
    take('one');

    write('Broken', `${opens} and no.such.field = 1`);
    guard.child.kill('SIGHUP');
    await until(
      'they are refused',
      () => guard.said.includes('the old rules stay: 1 error in the rules') || undefined,
    );
    take('two');

    write('Second', `evt.type in (open, openat, mkdir) and fd.name startswith ${bait}`);
    guard.child.kill('SIGHUP');
    await until('they are read', () => guard.said.includes('rules    read again: 1 on syscall') || undefined);
    take('three');

    const alerts = () =>
      guard.stdout
        .map(({ text }) => JSON.parse(text) as { rule: string; output: string })
        .map(({ rule, output }) => [rule, /bait-(\w+)/.exec(output)?.[1]]);
    await until('all are told', () => alerts().length >= 3 || undefined);
    expect(alerts()).toEqual([
      ['First', 'one'],
      ['First', 'two'],
      ['Second', 'three'],
    ]);
    expect(await guard.stop()).toBe(0);
  },
  60_000,
);

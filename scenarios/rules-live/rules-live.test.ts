import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { probeBpf } from '../../src/sensor/bpf.ts';
import { freePort, has, root, shared, sleep, temporaryFolder, until } from '../harness.ts';

const rules = join(shared, 'data/falco/rules');
const probe = probeBpf();
const skip =
  probe.state !== 'available'
    ? probe.details[0]
    : !existsSync(rules)
      ? 'the official rules are not here'
      : ['perl', 'nmap', 'shred'].every(has)
        ? undefined
        : 'needs perl, nmap and shred';

/** Rules whose behaviour the script shows; the outputs of all of them name its folder. */
const expected = [
  'Create Hardlink Over Sensitive Files',
  'Create Symlink Over Sensitive Files',
  'Create files below dev',
  'Delete or rename shell history',
  'Execution from /dev/shm',
  'Fileless execution via memfd_create',
  'Launch Suspicious Network Tool on Host',
  'Modify Shell Configuration File',
  'PTRACE anti-debug attempt',
  'PTRACE attached to process',
  'Read sensitive file untrusted',
  'Remove Bulk Data from Disk',
  'Search Private Keys or Passwords',
  'Set Setuid or Setgid bit',
  'Unprivileged Delegation of Page Faults Handling to a Userspace Process',
];

test.skipIf(skip)(
  `real programs do what ${expected.length} official rules look for, and raise exactly those${skip ? `: ${skip}` : ''}`,
  { timeout: 60_000 },
  async () => {
    using temporary = temporaryFolder();
    const folder = join(temporary.path, 'picket-bait');
    mkdirSync(folder);
    const files = ['falco_rules', 'falco-incubating_rules', 'falco-sandbox_rules'];
    const [page, metrics] = [await freePort(), await freePort()];
    const child = spawn(
      join(root, 'picket'),
      [
        ...['run', '--no-store', '-o', 'jsonl', '--for', '40s'],
        ...['--listen', `127.0.0.1:${page}`, '--metrics-listen', `127.0.0.1:${metrics}`],
        ...files.flatMap((name) => ['--rules', join(rules, `${name}.yaml`)]),
      ],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    );
    let [out, err] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      out += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      err += text;
    });
    const exited = new Promise((resolve) => child.once('exit', resolve));
    try {
      await until('it has started', () => err.includes('Ctrl-C ends it') || undefined);
      execFileSync('bash', [join(import.meta.dirname, 'behaviours.sh'), folder], { stdio: 'ignore' });
      await sleep(500);
    } finally {
      child.kill('SIGTERM');
      await exited;
    }
    const alerts = out
      .split('\n')
      .filter((line) => line.includes('picket-bait'))
      .map((line) => JSON.parse(line) as { readonly rule: string });
    expect([...new Set(alerts.map(({ rule }) => rule))].sort()).toEqual(expected);
    expect(err).toMatch(/\d+ system calls seen, 0 lost/);
  },
);

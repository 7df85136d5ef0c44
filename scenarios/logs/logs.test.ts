import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { cannotWatch, Guard, has, slowness, TwoHosts, temporaryFolder, until } from '../harness.ts';
import { account, SshServer } from './ssh-server.ts';

const programs = ['sshd', 'ssh', 'ssh-keygen', 'hydra', 'rsyslogd', 'unshare', 'nsenter', 'openssl', 'bash'];
const missing = programs.find((program) => !has(program));
const skip = cannotWatch ?? (missing === undefined ? undefined : `needs ${missing}`);
const because = skip ? `: ${skip}` : '';

/** Who mistypes twice calls from an address of his own. */
const colleague = '198.51.100.3';

/** Logs in as a person does, with an OpenSSH client that asks for a password and is told these, one after the other. */
function logIn(hosts: TwoHosts, folder: string, passwords: readonly string[]): number {
  const [list, ask] = [join(folder, 'typed'), join(folder, 'ask.sh')];
  writeFileSync(list, `${passwords.join('\n')}\n`);
  writeFileSync(ask, `#!/bin/sh\nhead -n 1 ${list}\nsed -i 1d ${list}\n`, { mode: 0o700 });
  const { code } = hosts.run(
    'left',
    'env',
    `SSH_ASKPASS=${ask}`,
    'SSH_ASKPASS_REQUIRE=force',
    'ssh',
    '-b',
    colleague,
    '-F',
    'none',
    '-o',
    'StrictHostKeyChecking=no',
    '-o',
    'UserKnownHostsFile=/dev/null',
    '-o',
    'NumberOfPasswordPrompts=3',
    '-o',
    'PreferredAuthentications=password',
    `${account.name}@${hosts.right}`,
    'true',
  );
  return code;
}

/** Failures of the attacker. */
const failed = new RegExp(`Failed password for ${account.name} from 198\\.51\\.100\\.1 `, 'g');

/** Runs a line of the shell on the left host while everything else goes on; returns what it printed. */
async function run(hosts: TwoHosts, line: string): Promise<string> {
  const child = hosts.spawn('left', 'sh', '-c', line);
  child.stdin?.end();
  let out = '';
  child.stdout?.on('data', (chunk) => {
    out += chunk;
  });
  child.stderr?.resume();
  await once(child, 'close');
  return out;
}

test.skipIf(skip)(
  `hydra against a real sshd is told at once, and that it got in; who mistypes twice is not${because}`,
  { timeout: 180_000 },
  async () => {
    using folder = temporaryFolder();
    using hosts = new TwoHosts();
    execFileSync('ip', ['-n', hosts.namespace('left'), 'address', 'add', `${colleague}/24`, 'dev', 'eth0']);
    await using server = await SshServer.start(hosts, folder.path);
    await using guard = await Guard.start(['--no-store', '--log', server.log]);
    const alerts = () =>
      guard.printed('alert').filter(({ detector, isNew }) => detector === 'brute-force' && isNew === true);

    for (let day = 0; day < 3; day++)
      expect(logIn(hosts, folder.path, ['mistyped', 'mistyped-again', account.password])).toBe(0);
    await until('three logins in the log', () => {
      const accepted = readFileSync(server.log, 'utf8').match(/Accepted password/g)?.length ?? 0;
      return accepted === 3 || undefined;
    });

    const words = Array.from({ length: 40 }, (_, at) => (at === 30 ? account.password : `guess-${at}`));
    writeFileSync(join(folder.path, 'words'), `${words.join('\n')}\n`);
    const begun = performance.now();
    const hydra = run(
      hosts,
      `cd ${folder.path} && hydra -I -t 4 -l ${account.name} -P words ssh://${hosts.right}`,
    );
    const failures = () => readFileSync(server.log, 'utf8').match(failed)?.length ?? 0;
    await until('six failures in the log', () => failures() >= 6 || undefined, 60_000 * slowness());
    const sixth = performance.now();
    expect(await hydra).toContain(account.password);
    const ran = performance.now() - begun;
    await until('both alerts', () => alerts().length >= 2 || undefined, 10_000 * slowness());

    const told = alerts().map(({ at, title }) => `${Math.round(at - begun)} ms: ${title}`);
    console.info(
      `hydra ran ${Math.round(ran)} ms, ${failures()} failures, the sixth by ${Math.round(sixth - begun)} ms; told after ${told.join(', ')}`,
    );
    expect(
      alerts().map(({ title, severity }) => `${severity} ${title}`.replace(/\d+ failures/, 'N failures')),
    ).toEqual([
      `medium ${hosts.left} guesses passwords of ssh`,
      `critical ${hosts.left} logged in at ssh as ${account.name} after N failures`,
    ]);
    // The log is looked at when it grows, and each second at the latest.
    expect(alerts()[0]!.at - sixth).toBeLessThan(3_000 * slowness());
    expect(guard.printed('alert').filter(({ entity }) => entity === colleague)).toEqual([]);
    const { flowSources } = await guard.get<{ flowSources: { id: string; counters: { dropped: object } }[] }>(
      '/api/v1/status',
    );
    expect(flowSources.find(({ id }) => id === 'logs')?.counters.dropped).toEqual({});
  },
);

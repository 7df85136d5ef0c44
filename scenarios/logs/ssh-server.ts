import { type ChildProcess, execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TwoHosts, until } from '../harness.ts';

/** A person of the machine, of whom nobody but this server knows. */
export const account = { name: 'picket-guest', password: 'correct-horse-7' } as const;

/**
 * Makes /dev, /run, passwd and shadow of its own, then runs a syslog daemon and a server in them; when its input ends, both end. What it
 * mounts nobody else sees, and goes with it.
 */
const script = `set -eu
folder=$1
mount --make-rprivate /
mkdir $folder/dev
mount -t tmpfs none $folder/dev
for name in null zero full random urandom tty; do touch $folder/dev/$name; mount --bind /dev/$name $folder/dev/$name; done
ln -s /proc/self/fd $folder/dev/fd
mkdir $folder/dev/pts
mount -t devpts -o newinstance,ptmxmode=0666 none $folder/dev/pts
ln -s pts/ptmx $folder/dev/ptmx
mount --rbind $folder/dev /dev
mount -t tmpfs none /run
mkdir /run/sshd
mount --bind $folder/passwd /etc/passwd
mount --bind $folder/shadow /etc/shadow
rsyslogd -n -f $folder/rsyslog.conf -i /run/rsyslogd.pid & syslog=$!
while [ ! -S /dev/log ]; do sleep 0.05; done
/usr/sbin/sshd -D -f $folder/sshd_config & sshd=$!
trap 'kill $sshd $syslog; wait' EXIT
echo ready
cat >/dev/null
`;

function configure(folder: string): void {
  const hash = execFileSync('openssl', ['passwd', '-6', account.password]).toString().trim();
  const entry = `${account.name}:x:64999:65534::/nonexistent:/bin/true\n`;
  writeFileSync(join(folder, 'passwd'), readFileSync('/etc/passwd', 'utf8') + entry);
  writeFileSync(
    join(folder, 'shadow'),
    `${readFileSync('/etc/shadow', 'utf8')}${account.name}:${hash}:20000:0:99999:7:::\n`,
    { mode: 0o600 },
  );
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(folder, 'host-key')]);
  writeFileSync(
    join(folder, 'sshd_config'),
    [
      `HostKey ${join(folder, 'host-key')}`,
      'UsePAM no',
      'PasswordAuthentication yes',
      'KbdInteractiveAuthentication no',
      'PidFile none',
      'UseDNS no',
      'PrintMotd no',
      'MaxStartups 100',
      '',
    ].join('\n'),
  );
  writeFileSync(
    join(folder, 'rsyslog.conf'),
    `module(load="imuxsock")\nmodule(load="builtin:omfile" Template="RSYSLOG_TraditionalFileFormat")\n*.* action(type="omfile" file="${join(folder, 'auth.log')}" asyncWriting="off" flushOnTXEnd="on")\n`,
  );
}

/** A real sshd on the right host, whose messages a real rsyslogd writes into `auth.log` of the folder. */
export class SshServer implements AsyncDisposable {
  readonly log: string;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, folder: string) {
    this.#child = child;
    this.log = join(folder, 'auth.log');
  }

  static async start(hosts: TwoHosts, folder: string): Promise<SshServer> {
    configure(folder);
    const child = hosts.spawn('right', 'unshare', '--mount', 'sh', '-c', script, 'sh', folder);
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (said += chunk));
    await until('sshd is ready', () => {
      if (child.exitCode !== null) throw new Error(`sshd ended: ${said}`);
      return said.includes('ready') ? true : undefined;
    });
    await until(
      'sshd answers',
      () => hosts.run('left', 'bash', '-c', `: </dev/tcp/${hosts.right}/22`).code === 0 || undefined,
    );
    return new SshServer(child, folder);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = new Promise((resolve) => this.#child.once('exit', resolve));
    if (this.#child.exitCode !== null) return;
    this.#child.stdin?.end();
    await ended;
  }
}

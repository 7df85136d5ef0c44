import { spawn } from 'node:child_process';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openTracefs } from './tracefs/mount.ts';

/** Turns one TCP socket to LISTEN and back to CLOSE as often as it is told: two kernel records per turn. */
const script = `$|=1; socket(S,AF_INET,SOCK_STREAM,0) or die; bind(S,sockaddr_in(0,INADDR_LOOPBACK)) or die;
print "ready\\n";
while (my $turns = <STDIN>) { for (1..$turns) { listen(S,1) or die; shutdown(S,2) or die } print "done\\n" }`;

/** A generator of real socket state records, in a process of its own. Needs perl only. */
export interface Toggler {
  readonly pid: number;
  /** Makes exactly `2 * turns` records; resolves when they are made. */
  toggle(turns: number): Promise<void>;
  stop(): void;
}

/** Starts a generator; resolves when it waits for work. */
export async function startToggler(): Promise<Toggler> {
  const child = spawn('perl', ['-MSocket', '-e', script], { stdio: ['pipe', 'pipe', 'inherit'] });
  const line = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const ended = (): void => reject(new Error('the generator ended'));
      child.once('exit', ended);
      child.stdout.once('data', () => {
        child.off('exit', ended);
        resolve();
      });
    });
  await line();
  return {
    pid: child.pid!,
    async toggle(turns) {
      child.stdin.write(`${turns}\n`);
      await line();
    },
    stop: () => child.kill('SIGKILL'),
  };
}

/** Lets this process's tracing instances record the state changes of the generators' sockets and nothing else. */
export function recordOnly(togglers: readonly Toggler[]): void {
  // Only a task itself moves its socket to LISTEN and back; other changes may come in interrupts on its account.
  const pids = togglers.map(({ pid }) => `common_pid == ${pid}`).join(' || ');
  const filter = `(${pids}) && (newstate == 10 || (oldstate == 10 && newstate == 7))`;
  const tracefs = openTracefs();
  try {
    const instances = join(tracefs.root, 'instances');
    for (const name of readdirSync(instances)) {
      if (!name.startsWith(`picket-${process.pid}-`)) continue;
      const events = join(instances, name, 'events');
      writeFileSync(join(events, 'enable'), '0');
      writeFileSync(join(events, 'sock/inet_sock_set_state/filter'), filter);
      writeFileSync(join(events, 'sock/inet_sock_set_state/enable'), '1');
    }
  } finally {
    tracefs.release();
  }
}

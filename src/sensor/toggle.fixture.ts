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
    toggle(turns) {
      child.stdin.write(`${turns}\n`);
      return line();
    },
    stop: () => child.kill('SIGKILL'),
  };
}

/** Lets the tracing instances of process `owner` record what the tasks `pids` do and nothing else. */
export function recordOnly(pids: readonly number[], owner: number = process.pid): void {
  const tracefs = openTracefs();
  try {
    const instances = join(tracefs.root, 'instances');
    for (const name of readdirSync(instances)) {
      if (name.startsWith(`picket-${owner}-`))
        writeFileSync(join(instances, name, 'set_event_pid'), pids.join(' '));
    }
  } finally {
    tracefs.release();
  }
}

import { existsSync, readFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { ChangeLog } from '../../enforce/commit/change-log.ts';
import { settle } from '../../enforce/commit/commit-change.ts';
import { type MachineHints, readMachine } from '../../enforce/machine/read-machine.ts';
import { findSshConnection } from '../../enforce/machine/ssh-session.ts';
import { NftablesEnforcer } from '../../enforce/nftables.ts';
import { ownRunner, type Runner } from '../../enforce/runner.ts';
import type { Administrator, Machine } from '../../firewall/guard/machine.ts';
import { FailedError, type Invocation } from '../command.ts';
import type { Io } from '../io.ts';
import { storePath } from '../state.ts';

/** The packet filter of this machine, with all that changes of it go through. */
export interface FirewallControl {
  readonly runner: Runner;
  readonly enforcer: NftablesEnforcer;
  readonly log: ChangeLog;
  /** Who asks for the change, for the journal. */
  readonly user: string;
  machine(admins: readonly Administrator[]): Promise<Machine>;
}

/** Returns what is said of a machine that it does not tell itself, as this process sees it. */
export function machineHints(admins: readonly Administrator[], io: Io): MachineHints {
  return {
    sshConnection: findSshConnection(io.env.SSH_CONNECTION),
    resolvConf: resolvConfs.filter((path) => existsSync(path)).map((path) => readFileSync(path, 'utf8')),
    admins,
    ownPorts,
  };
}

/** Where the page, the API and metrics are by default (`picket run --listen`). */
const ownPorts = [8470, 9090];
/** The second is where systemd-resolved says whom it asks. */
const resolvConfs = ['/etc/resolv.conf', '/run/systemd/resolve/resolv.conf'];

/**
 * Opens the packet filter of this process's network namespace. A change that nobody ended any more is ended now, and told of. Throws
 * FailedError where what is kept of changes cannot be written.
 */
export async function openControl(options: Invocation['options'], io: Io): Promise<FirewallControl> {
  const folder = join(dirname(storePath(options.state, io)), 'firewall');
  const runner = ownRunner();
  let log: ChangeLog;
  try {
    log = new ChangeLog(folder);
  } catch (error) {
    throw new FailedError(
      `what is kept of changes cannot be written: ${(error as Error).message}`,
      'run it as root, or name another folder with --state',
    );
  }
  const settled = await settle({ enforcer: new NftablesEnforcer(runner), log });
  if (settled !== undefined) io.err(`${io.errStyle('yellow', 'note')}: ${settled}\n`);
  return {
    runner,
    enforcer: new NftablesEnforcer(runner, log.expected()),
    log,
    user: io.env.SUDO_USER || userInfo().username,
    machine: (admins) => readMachine(runner, machineHints(admins, io)),
  };
}

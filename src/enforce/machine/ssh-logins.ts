import { readdirSync, readFileSync } from 'node:fs';
import type { OpenConnection } from '../../firewall/guard/machine.ts';
import type { Address } from '../../net/address.ts';
import type { Runner } from '../runner.ts';
import { connectionState } from './read-machine.ts';
import { readSshConnection } from './ssh-connection.ts';

/** So many are looked at. */
const mostLogins = 64;

/**
 * Returns from where people are logged in by ssh: the connections that programs of this machine name as theirs (SSH_CONNECTION, which sshd(8) sets
 * once it knows who it is) and that are open. Who only has a connection to sshd is not among them: he may be guessing passwords.
 */
export async function sshLogins(runner: Runner): Promise<readonly Address[]> {
  const named = new Map<string, OpenConnection>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name) || named.size >= mostLogins) continue;
    const text = connectionOf(name);
    const connection = readSshConnection(text);
    if (text !== undefined && connection !== undefined) named.set(text, connection);
  }
  const states = await Promise.all(
    [...named.values()].map(async (one) => ({ one, state: await connectionState(runner, one) })),
  );
  return states.flatMap(({ one, state }) => (state === 'lost' ? [] : [one.remote.address]));
}

function connectionOf(pid: string): string | undefined {
  try {
    const line = readFileSync(`/proc/${pid}/environ`, 'latin1')
      .split('\0')
      .find((one) => one.startsWith('SSH_CONNECTION='));
    return line?.slice('SSH_CONNECTION='.length);
  } catch {
    return undefined;
  }
}

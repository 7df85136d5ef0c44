import { join } from 'node:path';
import type { OptionDefinition } from './command.ts';
import type { Io } from './io.ts';

/** The option that names the folder of the store, shared by the agent and by what queries it. */
export const stateOption: OptionDefinition = {
  flags: '--state <folder>',
  description: 'folder of the store (default: /var/lib/picket as root, else ~/.local/state/picket)',
};

/** Path of the store's database. */
export function storePath(option: unknown, io: Io): string {
  if (typeof option === 'string')
    return join(option.startsWith('/') ? option : join(io.cwd, option), 'picket.db');
  if (process.getuid?.() === 0) return '/var/lib/picket/picket.db';
  const base = io.env.XDG_STATE_HOME || join(io.env.HOME ?? '/', '.local', 'state');
  return join(base, 'picket', 'picket.db');
}

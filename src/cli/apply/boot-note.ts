import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Io } from '../io.ts';
import type { FirewallControl } from './control.ts';

const unit = 'picket-firewall.service';

/** Tells, where systemd starts this machine, that nothing loads what was confirmed when it starts. */
export async function bootNote({ runner, log }: FirewallControl, io: Io): Promise<void> {
  if (!existsSync('/run/systemd/system') || runner.find('systemctl') === undefined) return;
  const { code } = await runner.run('systemctl', ['--quiet', 'is-enabled', unit]);
  if (code === 0) return;
  io.err(
    `${io.errStyle('yellow', 'note')}: nothing loads ${join(log.folder, 'confirmed.nft')} when this machine starts; ` +
      `examples/systemd/${unit} does\n`,
  );
}

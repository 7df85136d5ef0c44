import { existsSync } from 'node:fs';
import type { Runner } from '../runner.ts';
import type { ChangeLog, PendingChange } from './change-log.ts';

/** What waits to put back the old state. */
export interface RestoreTimer {
  readonly kind: 'systemd' | 'process';
  /** The unit, or the process id. */
  readonly name: string;
}

/** How long a timer may take to say that it waits. Milliseconds. */
const startMs = 10_000;

/**
 * Starts what puts back the old state after `seconds`, outside of this process, so that nothing that happens to Picket
 * keeps it from doing so: a timer of systemd where that runs and `inOwnNamespace` says that its units see the same
 * network, else a process in a session of its own. Returns when it waits; throws an Error where it does not.
 */
export async function startRestoreTimer(
  runner: Runner,
  log: ChangeLog,
  pending: PendingChange,
  seconds: number,
  inOwnNamespace: boolean,
): Promise<RestoreTimer> {
  const script = log.restoreScript(pending);
  if (inOwnNamespace && hasSystemd(runner)) {
    const unit = `picket-firewall-restore-${pending.change}-${process.pid}`;
    const { code, err } = await runner.run('systemd-run', systemdArguments(unit, script, seconds));
    if (code === 0) return { kind: 'systemd', name: `${unit}.timer` };
    throw new Error(`systemd-run did not start the timer: ${err.trim()}`);
  }
  runner.detach('sh', [script, String(seconds)]);
  const until = performance.now() + startMs;
  for (;;) {
    const pid = log.timer(pending);
    if (pid !== undefined && existsSync(`/proc/${pid}`)) return { kind: 'process', name: String(pid) };
    if (performance.now() > until)
      throw new Error('the timer that would put back the old state does not start');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Arguments of systemd-run(1) for a timer that fires once. */
export function systemdArguments(unit: string, script: string, seconds: number): string[] {
  return [
    '--quiet',
    '--collect',
    `--unit=${unit}`,
    `--on-active=${seconds}s`,
    '--timer-property=AccuracySec=100ms',
    '--description=Puts back the packet filter unless its change is confirmed',
    '/bin/sh',
    script,
  ];
}

/** sd_booted(3). */
function hasSystemd(runner: Runner): boolean {
  return existsSync('/run/systemd/system') && runner.find('systemd-run') !== undefined;
}

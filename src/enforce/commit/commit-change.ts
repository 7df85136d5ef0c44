import { readlinkSync } from 'node:fs';
import type { FirewallChange, FirewallUndo, NftablesEnforcer } from '../nftables.ts';
import type { Runner } from '../runner.ts';
import {
  AlreadyEnded,
  bootId,
  type ChangeLog,
  type ChangeRequest,
  type PendingChange,
  uptime,
} from './change-log.ts';
import { type RestoreTimer, startRestoreTimer } from './restore-timer.ts';

/** What a change of the packet filter goes through. */
export interface CommitParts {
  readonly enforcer: NftablesEnforcer;
  readonly log: ChangeLog;
  readonly runner: Runner;
}

/** A change that is in force until its time is over, or for good once it is confirmed. */
export interface StartedChange {
  readonly pending: PendingChange;
  readonly timer: RestoreTimer;
}

/** The timer is late by more than this when it does not come any more. Seconds. */
const lateBy = 20;

/**
 * Makes a change that has to be confirmed (`ChangeLog.confirm`), else the old state comes back: first what goes back is on
 * the disk, then the timer runs, then the change is made. Throws what the enforcer throws, ChangePending, and an Error where
 * no timer starts; nothing has changed then.
 */
export async function startChange(
  { enforcer, log, runner }: CommitParts,
  change: FirewallChange,
  request: Omit<ChangeRequest, 'before' | 'after' | 'nft'>,
): Promise<StartedChange> {
  const nft = runner.find('nft') ?? 'nft';
  const pending = log.begin({ ...request, before: change.before, after: change.after, nft });
  let undo: FirewallUndo | undefined;
  try {
    const timer = await startRestoreTimer(runner, log, pending, request.confirmWithin, seesMachineNetwork());
    undo = await enforcer.apply(change);
    const { ownDigest } = await enforcer.read();
    log.applied(pending, ownDigest);
    return { pending, timer };
  } catch (error) {
    await abandon({ enforcer, log }, pending, undo, error as Error);
    throw error;
  }
}

/** Puts back the old state now. Throws AlreadyEnded where the timer or somebody else was faster, Refused where the kernel does not take it. */
export async function rollBack(
  { enforcer, log }: Pick<CommitParts, 'enforcer' | 'log'>,
  pending: PendingChange,
  by: string,
  message?: string,
): Promise<void> {
  const { change } = pending;
  const transaction = log.take(pending);
  try {
    await enforcer.undo({ transaction });
  } catch (error) {
    log.journal.append({ change, event: 'failed', by, message: (error as Error).message });
    throw error;
  }
  log.journal.append({ change, event: 'rolled back', by, ...(message !== undefined && { message }) });
}

/**
 * Ends a change that nobody ends any more: made before the machine was started, which undid it, or with a timer that did not come, for
 * which the old state is put back now. Returns what became of it, as a sentence; undefined where nothing was left over.
 */
export async function settle(parts: Pick<CommitParts, 'enforcer' | 'log'>): Promise<string | undefined> {
  const { log } = parts;
  const pending = log.pending();
  if (pending === undefined) return undefined;
  const { change, boot, untilUptime } = pending;
  if (boot !== bootId()) {
    log.take(pending);
    log.journal.append({ change, event: 'rolled back', by: 'reboot' });
    return `change ${change} was not confirmed before the machine was started anew, which undid it`;
  }
  if (uptime() < untilUptime + lateBy) return undefined;
  await rollBack(parts, pending, 'picket', 'the timer did not come');
  return `change ${change} was not confirmed in time, and its timer did not come; the old state was put back now`;
}

/** Ends a change that failed; where it was made, the old state comes back. */
async function abandon(
  { enforcer, log }: Pick<CommitParts, 'enforcer' | 'log'>,
  pending: PendingChange,
  undo: FirewallUndo | undefined,
  { message }: Error,
): Promise<void> {
  const { change } = pending;
  try {
    log.take(pending);
  } catch (error) {
    if (!(error instanceof AlreadyEnded)) throw error;
  }
  // Also where the timer was faster: it may have put back the old state before the new one came into force.
  if (undo !== undefined) await enforcer.undo(undo);
  log.journal.append({ change, event: 'failed', message });
}

/** Whether units of systemd work on the same packet filter as this process. */
function seesMachineNetwork(): boolean {
  try {
    return readlinkSync('/proc/self/ns/net') === readlinkSync('/proc/1/ns/net');
  } catch {
    return false;
  }
}

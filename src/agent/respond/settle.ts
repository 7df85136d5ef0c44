import type { RespondTable } from '../../enforce/respond/respond-table.ts';
import type { Response } from '../../respond/model.ts';
import type { ResponseLog } from './response-log.ts';

/**
 * Brings the log in line with what the kernel has: what was on probation when Picket ended is taken back, what has had its time is over, and what is gone before
 * its time was taken away by somebody, or by a new start of the machine. `now`: ms since the epoch. Returns what was found, in
 * sentences. Throws an Error where the kernel cannot be asked or the log not be written.
 */
export async function settleResponses(
  log: ResponseLog,
  table: RespondTable,
  now: number,
  isOnProbation: (id: string) => boolean = () => false,
): Promise<readonly string[]> {
  const open = log.open.filter(({ state, id }) => state !== 'waiting' && !isOnProbation(id));
  if (open.length === 0) return [];
  const inForce = await table.inForce();
  const found: string[] = [];
  for (const { id, action, state, title, expiresAt = 0 } of open) {
    if (state === 'applying') {
      await table.remove(action, id);
      log.record({
        event: 'undone',
        id,
        by: 'picket',
        why: 'Picket ended before it was known to be harmless',
      });
      found.push(`${id} (${title}) was not confirmed when Picket ended, and is undone`);
    } else if (expiresAt <= now) {
      if (!inForce.has(id)) log.record({ event: 'expired', id, by: 'kernel' });
      await table.remove(action, id);
    } else if (!inForce.has(id)) {
      await table.remove(action, id);
      log.record({
        event: 'undone',
        id,
        by: 'somebody',
        why: 'it is gone before its time: the machine was started anew, or somebody took it away',
      });
      found.push(
        `${id} (${title}) is not in force any more: the machine was started anew, or somebody took it away`,
      );
    }
  }
  await table.tidy();
  return found;
}

/** Takes back one response. Throws an Error where that cannot be written down; it is taken back all the same. */
export async function undoResponse(
  log: ResponseLog,
  table: RespondTable,
  id: string,
  by: string,
  why: string,
): Promise<void> {
  const { action } = log.get(id)!;
  await table.remove(action, id);
  log.record({ event: 'undone', id, by, why });
  await table.tidy();
}

/**
 * Takes back everything at once: the table goes, whatever is in it, and nothing is done until somebody resumes. Returns how many responses that ended. Also
 * where the log cannot be written the table goes; then an Error is thrown.
 */
export async function panic(log: ResponseLog, table: RespondTable, by: string, why: string): Promise<number> {
  let open: readonly Response[] = [];
  try {
    log.record({ event: 'panic', by, why });
    open = log.open;
  } finally {
    await table.clear();
  }
  for (const { id, state } of open)
    log.record({ event: state === 'waiting' ? 'denied' : 'undone', id, by, why: `panic: ${why}` });
  return open.length;
}

/** Says what a panic did. */
export function panicText(count: number): string {
  return `${count === 1 ? '1 response is' : `${count} responses are`} ended; nothing is done until picket respond resume`;
}

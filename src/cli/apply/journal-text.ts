import type { JournalChange } from '../../enforce/commit/journal.ts';
import { printable, table } from '../table.ts';

/** Returns the journal for a person, newest last. */
export function journalText(changes: readonly JournalChange[]): string {
  if (changes.length === 0) return 'nothing was changed yet\n';
  const rows = changes.map(({ change, started, last }) => [
    String(change),
    started.time.replace(/\.\d+Z$/, 'Z'),
    printable(started.user ?? ''),
    `${last.event}${last.by === undefined ? '' : ` by ${printable(last.by)}`}`,
    (started.acceptedRisks ?? []).join(','),
    printable(started.reason ?? ''),
  ]);
  return table(['CHANGE', 'TIME', 'USER', 'OUTCOME', 'RISKS TAKEN', 'REASON'], rows);
}

/** Returns the journal as JSON. */
export function journalJson(changes: readonly JournalChange[]): string {
  const list = changes.map(({ change, started, last }) => ({
    change,
    time: started.time,
    user: started.user,
    reason: started.reason,
    before: started.before,
    after: started.after,
    acceptedRisks: started.acceptedRisks ?? [],
    outcome: { event: last.event, time: last.time, by: last.by, message: last.message },
  }));
  return `${JSON.stringify({ schemaVersion: 1, changes: list }, null, 2)}\n`;
}

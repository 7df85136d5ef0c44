import type { ChangeLog } from '../../enforce/commit/change-log.ts';
import type { JournalChange } from '../../enforce/commit/journal.ts';
import { withoutPassingElements } from '../../firewall/nft-tables.ts';
import { UsageError } from '../command.ts';
import type { DesiredState } from './desired.ts';

/**
 * Returns an earlier state of the table: that after change `to`, or without a number that before the last change that is in force.
 * Elements that had a time are left out: those of now go on. Throws UsageError where it is not kept.
 */
export function pastState(log: ChangeLog, to: number | undefined): DesiredState {
  const changes = log.journal.changes();
  if (to === undefined) {
    const last = changes.findLast(isInForce);
    if (last === undefined)
      throw new UsageError('there is no change to roll back', 'picket rollback --list shows the journal');
    return stateOf(log, last.started.before, `the state before change ${last.change}`);
  }
  if (to === 0) {
    const [first] = changes;
    return stateOf(log, first?.started.before, 'the state before the first change');
  }
  const change = changes.find((one) => one.change === to);
  if (change === undefined)
    throw new UsageError(`the journal has no change ${to}`, 'picket rollback --list shows it');
  return stateOf(log, change.started.after, `the state after change ${to}`);
}

/** Whether the change came into force and was not undone. */
function isInForce({ last }: JournalChange): boolean {
  return last.event === 'confirmed' || last.event === 'applied';
}

function stateOf(log: ChangeLog, digest: string | undefined, source: string): DesiredState {
  const text = digest === undefined ? undefined : log.texts.get(digest);
  if (text === undefined)
    throw new UsageError(`${source} is not kept any more`, 'apply a file with picket apply --nft');
  return { text: withoutPassingElements(text), source, admins: [] };
}

import { commitOptions, machineOptions } from '../apply/options.ts';
import { type CommandDefinition, ExitCode, outputOption, UsageError } from '../command.ts';

export const rollbackCommand: CommandDefinition = {
  name: 'rollback',
  summary: 'put back an earlier packet filter of this machine',
  description:
    'A change that waits for its confirmation is undone at once. Else the table becomes what it was before the last change, or after the one that ' +
    '--to names, as `picket apply` would make it: planned, looked at by the second checker, and undone unless it is confirmed. Blocks of now go on. ' +
    '--list shows what was changed when, by whom and why.',
  options: [
    {
      flags: '--to <number>',
      description: 'the state after this change of the journal; 0 is that before the first',
    },
    { flags: '--list', description: 'show the journal, change nothing' },
    ...machineOptions,
    ...commitOptions,
    outputOption('text', 'json'),
  ],
  examples: [
    { command: 'picket rollback', does: 'to before the last change' },
    { command: 'picket rollback --list', does: 'what was changed' },
    { command: 'picket rollback --to 3', does: 'to what change 3 made' },
  ],
  async run({ options }, io) {
    const { openControl } = await import('../apply/control.ts');
    const to = options.to === undefined ? undefined : changeNumber(String(options.to));
    const control = await openControl(options, io);
    if (options.list === true) {
      const { journalText, journalJson } = await import('../apply/journal-text.ts');
      const changes = control.log.journal.changes();
      io.out(options.output === 'json' ? journalJson(changes) : journalText(changes));
      return ExitCode.clean;
    }
    const pending = control.log.pending();
    if (pending !== undefined && to === undefined) {
      const { rollBack } = await import('../../enforce/commit/commit-change.ts');
      await rollBack(control, pending, control.user);
      const { change } = pending;
      const output = {
        schemaVersion: 1,
        outcome: 'rolled back',
        change,
        why: `by ${control.user}`,
        probes: [],
      };
      io.out(
        options.output === 'json'
          ? `${JSON.stringify(output, null, 2)}\n`
          : `change ${change} was rolled back\n`,
      );
      return ExitCode.clean;
    }
    const { pastState } = await import('../apply/past-state.ts');
    const { runApply } = await import('../apply/run-apply.ts');
    const state = pastState(control.log, to);
    return runApply(
      control,
      state,
      { ...options, reason: options.reason ?? `rollback to ${state.source}` },
      io,
    );
  },
};

function changeNumber(text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 0)
    throw new UsageError(`--to ${text} is no number of a change`, 'picket rollback --list shows them');
  return number;
}

import { type CommandDefinition, ExitCode, FailedError } from '../command.ts';
import { stateOption } from '../state.ts';

export const confirmCommand: CommandDefinition = {
  name: 'confirm',
  summary: 'keep the change of the packet filter that waits for it',
  description:
    'Ends the timer of the change that `picket apply` made: it stays in force, and is what counts when the machine starts. Run it over a new ' +
    'connection: that you can is the proof. Exit code 1 where no change waits any more, since its time was over.',
  options: [stateOption],
  examples: [{ command: 'picket confirm', does: 'the change stays' }],
  async run({ options }, io) {
    const { openControl } = await import('../apply/control.ts');
    const { bootNote } = await import('../apply/boot-note.ts');
    const { AlreadyEnded } = await import('../../enforce/commit/change-log.ts');
    const control = await openControl(options, io);
    const pending = control.log.pending();
    const last = control.log.journal.changes().at(-1);
    if (pending === undefined) {
      io.err(
        last === undefined
          ? 'no change waits for its confirmation\n'
          : `no change waits for its confirmation: change ${last.change} was ${last.last.event}${last.last.by === undefined ? '' : ` by ${last.last.by}`} at ${last.last.time}\n`,
      );
      return ExitCode.problems;
    }
    try {
      control.log.confirm(pending, control.user);
    } catch (error) {
      if (error instanceof AlreadyEnded)
        throw new FailedError(`too late: change ${pending.change} has been rolled back`, 'apply it anew');
      throw error;
    }
    io.out(`change ${pending.change} is in force and confirmed\n`);
    await bootNote(control, io);
    return ExitCode.clean;
  },
};

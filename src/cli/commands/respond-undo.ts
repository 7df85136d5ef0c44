import type { CommandDefinition } from '../command.ts';
import { reasonOf, reasonOption } from '../respond/reason.ts';
import { stateOption } from '../state.ts';

export const respondUndoCommand: CommandDefinition = {
  name: 'respond undo',
  arguments: '<id>',
  summary: 'take back a response that is in force',
  description: 'Takes it back at once, also where no agent runs. Exit code 1 where it is not in force.',
  options: [reasonOption, stateOption],
  examples: [{ command: 'picket respond undo r7', does: 'r7 is in force no more' }],
  async run({ args, options }, io) {
    const { act } = await import('../respond/act.ts');
    return act({ verb: 'undo', id: args[0] ?? '', why: reasonOf(options) }, options, io);
  },
};

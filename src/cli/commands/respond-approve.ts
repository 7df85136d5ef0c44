import type { CommandDefinition } from '../command.ts';
import { reasonOf } from '../respond/reason.ts';
import { stateOption } from '../state.ts';

export const respondApproveCommand: CommandDefinition = {
  name: 'respond approve',
  arguments: '<id>',
  summary: 'agree to a response that waits',
  description:
    'Has the agent check once more what it would do, and put it in force at once, on probation first: what must be reached is looked at, and the response is undone if it is not. Exit code 1 where it is refused, or does not wait.',
  options: [stateOption],
  examples: [{ command: 'picket respond approve r7', does: 'what r7 says is done' }],
  async run({ args, options }, io) {
    const { act } = await import('../respond/act.ts');
    return act({ verb: 'approve', id: args[0] ?? '', why: reasonOf(options) }, options, io);
  },
};

import type { CommandDefinition } from '../command.ts';
import { reasonOf, reasonOption } from '../respond/reason.ts';
import { stateOption } from '../state.ts';

export const respondDenyCommand: CommandDefinition = {
  name: 'respond deny',
  arguments: '<id>',
  summary: 'refuse a response that waits',
  description:
    'The response is not done, and the audit log says who refused it and why. No answer in time is a no as well.',
  options: [reasonOption, stateOption],
  examples: [{ command: "picket respond deny r7 --reason 'the scanner is ours'", does: 'r7 is not done' }],
  async run({ args, options }, io) {
    const { act } = await import('../respond/act.ts');
    return act({ verb: 'deny', id: args[0] ?? '', why: reasonOf(options) }, options, io);
  },
};

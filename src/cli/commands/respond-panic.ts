import type { CommandDefinition } from '../command.ts';
import { reasonOf, reasonOption } from '../respond/reason.ts';
import { stateOption } from '../state.ts';

export const respondPanicCommand: CommandDefinition = {
  name: 'respond panic',
  summary: 'take back every response at once, and do nothing more',
  description:
    'Takes away the table of responses with all that is in it, ends what waits, and holds everything until picket respond resume. The packet filter is then byte for byte what it would be without responses. It works also where no agent runs.',
  options: [reasonOption, stateOption],
  examples: [
    { command: 'picket respond panic', does: 'nothing that Picket has blocked is blocked any more' },
  ],
  async run({ options }, io) {
    const { act } = await import('../respond/act.ts');
    return act({ verb: 'panic', why: reasonOf(options) }, options, io);
  },
};

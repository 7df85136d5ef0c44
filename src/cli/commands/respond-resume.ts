import type { CommandDefinition } from '../command.ts';
import { reasonOf } from '../respond/reason.ts';
import { stateOption } from '../state.ts';

export const respondResumeCommand: CommandDefinition = {
  name: 'respond resume',
  summary: 'let responses go on after a panic',
  description:
    'Ends what picket respond panic began: playbooks act again. What was in force before does not come back.',
  options: [stateOption],
  examples: [{ command: 'picket respond resume', does: 'alerts have responses again' }],
  async run({ options }, io) {
    const { act } = await import('../respond/act.ts');
    return act({ verb: 'resume', why: reasonOf(options) }, options, io);
  },
};

import { type CommandDefinition, UsageError } from '../command.ts';
import { byOption } from '../incidents/act.ts';
import { agentOptions } from '../incidents/agent-client.ts';

export const incidentsNoteCommand: CommandDefinition = {
  name: 'incidents note',
  arguments: '<id> <text...>',
  summary: 'write something down',
  description: 'Adds a note to an incident. `picket run` does it, which has to be running.',
  options: [byOption, ...agentOptions],
  examples: [
    { command: 'picket incidents note 3f2a9c41 asked the plant about it', does: 'for who comes next' },
  ],
  async run(invocation, io) {
    const { act } = await import('../incidents/act.ts');
    const text = invocation.args.slice(1).join(' ').trim();
    if (text === '') throw new UsageError('a note needs a text', 'picket incidents note ID TEXT');
    return act('note', { text }, invocation, io);
  },
};

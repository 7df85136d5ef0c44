import type { CommandDefinition } from '../command.ts';
import { byOption } from '../incidents/act.ts';
import { agentOptions } from '../incidents/agent-client.ts';

export const incidentsReopenCommand: CommandDefinition = {
  name: 'incidents reopen',
  arguments: '<id> [reason...]',
  summary: 'open again what was resolved',
  description: 'Marks an incident as reopened. `picket run` does it, which has to be running.',
  options: [byOption, ...agentOptions],
  examples: [{ command: 'picket incidents reopen 3f2a9c41 it was not ours', does: 'it is not over' }],
  async run(invocation, io) {
    const { act } = await import('../incidents/act.ts');
    const text = invocation.args.slice(1).join(' ');
    return act('reopen', text === '' ? {} : { text }, invocation, io);
  },
};

import type { CommandDefinition } from '../command.ts';
import { byOption } from '../incidents/act.ts';
import { agentOptions } from '../incidents/agent-client.ts';

export const incidentsAckCommand: CommandDefinition = {
  name: 'incidents ack',
  arguments: '<id>',
  summary: 'say that somebody looks at it',
  description: 'Marks an incident as acknowledged. `picket run` does it, which has to be running.',
  options: [byOption, ...agentOptions],
  examples: [{ command: 'picket incidents ack 3f2a9c41', does: 'I look at it' }],
  async run(invocation, io) {
    const { act } = await import('../incidents/act.ts');
    return act('ack', {}, invocation, io);
  },
};

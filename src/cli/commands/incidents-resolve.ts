import { type CommandDefinition, UsageError } from '../command.ts';
import { byOption } from '../incidents/act.ts';
import { agentOptions } from '../incidents/agent-client.ts';

export const incidentsResolveCommand: CommandDefinition = {
  name: 'incidents resolve',
  arguments: '<id> [reason...]',
  summary: 'say that it is over, or that it was none',
  description:
    'Marks an incident as resolved. Where it comes back within half an hour, it is opened again. With --false-positive it was none: alerts like ' +
    'those that it has change nothing about it any more, and an exception is printed that keeps them from being raised at all, to be put ' +
    'into the site file. `picket run` does it, which has to be running.',
  options: [
    { flags: '--false-positive <reason>', description: 'it was no incident, and why' },
    byOption,
    ...agentOptions,
  ],
  examples: [
    { command: 'picket incidents resolve 3f2a9c41 the port is shut', does: 'it is over' },
    {
      command: 'picket incidents resolve 3f2a9c41 --false-positive "our own scanner"',
      does: 'it was none, with an exception for the site file',
    },
  ],
  async run(invocation, io) {
    const { act } = await import('../incidents/act.ts');
    const reason = invocation.args.slice(1).join(' ');
    const { falsePositive } = invocation.options;
    if (falsePositive !== undefined && reason !== '')
      throw new UsageError('the reason is given twice', 'give that of --false-positive only');
    const text = falsePositive === undefined ? reason : String(falsePositive);
    const said = {
      ...(text !== '' && { text }),
      ...(falsePositive !== undefined && { falsePositive: true }),
    };
    return act('resolve', said, invocation, io);
  },
};

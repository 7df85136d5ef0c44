import { type CommandDefinition, ExitCode, outputOption } from '../command.ts';
import { queryOptions } from '../query.ts';

export const incidentsListCommand: CommandDefinition = {
  name: 'incidents list',
  summary: 'incidents that nobody has resolved, or all of them',
  description:
    'Lists incidents, the one that changed last first, also while `picket run` is writing them: those that nobody has resolved, unless told ' +
    'otherwise. Exit code 1 when there are any.',
  options: [
    { flags: '-a, --all', description: 'also what is resolved, and what is one with another' },
    {
      flags: '--status <state>',
      description: 'those of one state',
      choices: ['open', 'acknowledged', 'reopened', 'resolved'],
    },
    ...queryOptions,
    outputOption('text', 'json', 'jsonl'),
  ],
  examples: [
    { command: 'picket incidents list', does: 'what is to be looked at' },
    { command: 'picket incidents list --all --since 7d', does: 'the last week' },
    { command: 'picket incidents list -o jsonl', does: 'whole incidents, for other tools' },
  ],
  async run({ options }, io) {
    const { limitOf, openStoreToRead, timeRange } = await import('../query.ts');
    const { storedIncidents } = await import('../incidents/find-incident.ts');
    const { incidentToJson } = await import('../../incident/json.ts');
    const limit = limitOf(options);
    const range = await timeRange(options, Date.now());
    const store = await openStoreToRead(options, io);
    try {
      const found = storedIncidents(store, range, limit, ({ state, resolution }) => {
        if (options.all === true) return true;
        if (resolution?.kind === 'merged') return false;
        return options.status === undefined ? state !== 'resolved' : state === options.status;
      });
      if (options.output === 'json') {
        const incidents = found.map(incidentToJson);
        io.out(`${JSON.stringify({ schemaVersion: 1, incidents }, null, 2)}\n`);
      } else if (options.output === 'jsonl') {
        for (const one of found) io.out(`${JSON.stringify(incidentToJson(one))}\n`);
      } else if (found.length === 0) io.err('no incidents\n');
      else {
        const { incidentTable } = await import('../incidents/incident-text.ts');
        io.out(incidentTable(found));
      }
      return found.length > 0 ? ExitCode.problems : ExitCode.clean;
    } finally {
      store.close();
    }
  },
};

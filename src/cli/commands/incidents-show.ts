import { type CommandDefinition, ExitCode, outputOption } from '../command.ts';
import { stateOption } from '../state.ts';

export const incidentsShowCommand: CommandDefinition = {
  name: 'incidents show',
  arguments: '<id>',
  summary: 'one incident: its story, stages, history and evidence',
  description:
    'Shows an incident: in one paragraph what happened, then the tactics of ATT&CK in the order in which they began, who took part, the ' +
    'history, what made detectors fire, notes, and what its score is made of. The beginning of an id is enough where it is the only one.',
  options: [stateOption, outputOption('text', 'json')],
  examples: [
    { command: 'picket incidents show 3f2a9c41', does: 'the whole story' },
    { command: 'picket incidents show 3f2a9c41 -o json | jq .stages', does: 'for other tools' },
  ],
  async run({ args, options }, io) {
    const { openStoreToRead } = await import('../query.ts');
    const { findIncident } = await import('../incidents/find-incident.ts');
    const store = await openStoreToRead(options, io);
    try {
      const incident = findIncident(store, args[0] ?? '');
      if (options.output === 'json') {
        const { incidentToJson } = await import('../../incident/json.ts');
        io.out(`${JSON.stringify(incidentToJson(incident), null, 2)}\n`);
      } else {
        const { incidentText } = await import('../incidents/incident-text.ts');
        io.out(incidentText(incident, io.style, io.columns));
      }
      return ExitCode.clean;
    } finally {
      store.close();
    }
  },
};

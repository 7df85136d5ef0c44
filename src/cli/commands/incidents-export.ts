import { type CommandDefinition, ExitCode } from '../command.ts';
import { stateOption } from '../state.ts';

export const incidentsExportCommand: CommandDefinition = {
  name: 'incidents export',
  arguments: '<id>',
  summary: 'one incident with all alerts that are kept of it, as one file',
  description:
    'Writes an incident and its alerts, with their example flows, as one JSON object: what is needed to look into it elsewhere. Alerts that ' +
    'the store has deleted since are counted as missing.',
  options: [{ flags: '--to <file>', description: 'where it goes, instead of standard output' }, stateOption],
  examples: [
    { command: 'picket incidents export 3f2a9c41 --to incident.json', does: 'a file for the archive' },
  ],
  async run({ args, options }, io) {
    const { openStoreToRead } = await import('../query.ts');
    const { findIncident } = await import('../incidents/find-incident.ts');
    const { incidentToJson } = await import('../../incident/json.ts');
    const { alertToJson } = await import('../../detect/json.ts');
    const { openSink } = await import('../render/sink.ts');
    const store = await openStoreToRead(options, io);
    try {
      const incident = findIncident(store, args[0] ?? '');
      const alerts = incident.alerts.flatMap(({ id }) => store.alert(id) ?? []);
      const missing = incident.alertCount - alerts.length;
      const sink = openSink(io, options.to === undefined ? undefined : String(options.to));
      const value = {
        schemaVersion: 1,
        incident: incidentToJson(incident),
        alerts: alerts.map(alertToJson),
        missingAlerts: missing,
      };
      sink.write(`${JSON.stringify(value, null, 2)}\n`);
      sink.end();
      if (missing > 0) io.err(`${missing} of its alerts are not kept any more\n`);
      return ExitCode.clean;
    } finally {
      store.close();
    }
  },
};

import { type CommandDefinition, ExitCode, outputOption } from '../command.ts';
import { queryOptions } from '../query.ts';

export const alertsCommand: CommandDefinition = {
  name: 'alerts',
  arguments: '[filter...]',
  summary: 'query the alerts of the store',
  description:
    'Lists alerts, newest first, also while `picket run` is writing them. Exit code 1 when there are any.',
  options: [...queryOptions, outputOption('text', 'json', 'jsonl')],
  examples: [
    { command: 'picket alerts', does: 'the newest, with their reasons' },
    { command: 'picket alerts detector=port-scan --since 1d', does: 'scans of the last day' },
    { command: 'picket alerts -o jsonl', does: 'for other tools' },
  ],
  async run({ args, options }, io) {
    const { queryStore } = await import('../query.ts');
    const { alertToJson } = await import('../../detect/json.ts');
    const { alertText } = await import('../alert-text.ts');
    const found = await queryStore('alerts', args.join(' '), options, io);
    const json = found.map(alertToJson);
    if (options.output === 'json') io.out(`${JSON.stringify({ schemaVersion: 1, alerts: json }, null, 2)}\n`);
    else if (options.output === 'jsonl') for (const alert of json) io.out(`${JSON.stringify(alert)}\n`);
    else {
      for (const alert of found.toReversed()) io.out(`${alertText(alert, io.style, io.columns)}\n`);
      io.err(found.length === 0 ? 'no alerts\n' : `${found.length} alert${found.length === 1 ? '' : 's'}\n`);
    }
    return found.length > 0 ? ExitCode.problems : ExitCode.clean;
  },
};

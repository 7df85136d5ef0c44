import { type CommandDefinition, ExitCode, outputOption } from '../command.ts';
import { stateOption } from '../state.ts';

export const auditListCommand: CommandDefinition = {
  name: 'audit list',
  summary: 'everything that was decided and done about alerts',
  description:
    'Prints the audit log of responses, the oldest line first: decisions, approvals, what was put in force, probes, what was undone or has ended. picket audit verify says whether it is whole.',
  options: [
    { flags: '-n, --limit <number>', description: 'at most this many, the newest', default: '100' },
    stateOption,
    outputOption('text', 'jsonl'),
  ],
  examples: [
    { command: 'picket audit list', does: 'the last hundred lines' },
    { command: 'picket audit list -n 100000 -o jsonl | jq .', does: 'all of it, for programs' },
  ],
  async run({ options }, io) {
    const { limitOf } = await import('../query.ts');
    const { openAudit } = await import('../respond/audit-report.ts');
    const { recordText } = await import('../respond/audit-text.ts');
    const limit = limitOf(options);
    const records = openAudit(options.state, io)?.verify().records.slice(-limit) ?? [];
    for (const record of records)
      io.out(options.output === 'jsonl' ? `${JSON.stringify(record)}\n` : `${recordText(record)}\n`);
    if (records.length === 0) io.err('the audit log is empty\n');
    return ExitCode.clean;
  },
};

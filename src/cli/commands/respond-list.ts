import type { z } from 'zod';
import type { responsesOutput } from '../../respond/audit/record.ts';
import { type CommandDefinition, ExitCode, outputOption } from '../command.ts';
import { stateOption } from '../state.ts';

export const respondListCommand: CommandDefinition = {
  name: 'respond list',
  summary: 'responses that wait, are in force, or have ended',
  description:
    'Shows what was thought of, why, what it would have cut, and what became of it, the newest first, as the audit log has it. It needs no agent.',
  options: [
    { flags: '--open', description: 'only those that wait or are in force' },
    stateOption,
    outputOption('text', 'json'),
  ],
  examples: [
    { command: 'picket respond list', does: 'everything, the newest first' },
    { command: 'picket respond list --open -o json', does: 'what waits or is in force, for programs' },
  ],
  async run({ options }, io) {
    const { ResponseLog } = await import('../../agent/respond/response-log.ts');
    const { AuditFile } = await import('../../store/audit/audit-file.ts');
    const { respondFolder } = await import('../respond/folder.ts');
    const { responsesText } = await import('../respond/list-text.ts');
    const folder = respondFolder(options.state, io);
    const log = AuditFile.isIn(folder) ? new ResponseLog(folder) : undefined;
    const responses = (options.open === true ? log?.open : log?.responses) ?? [];
    const { heldSince } = log ?? {};
    if (options.output === 'json') {
      const body: z.infer<typeof responsesOutput> = {
        schemaVersion: 1,
        ...(heldSince && { heldSince }),
        responses: [...responses],
      };
      io.out(`${JSON.stringify(body, null, 2)}\n`);
      return ExitCode.clean;
    }
    if (heldSince !== undefined)
      io.out(`nothing is done since the panic at ${heldSince}; picket respond resume goes on\n`);
    io.out(responsesText(responses, Date.now(), io.style));
    return ExitCode.clean;
  },
};

import { type CommandDefinition, ExitCode, FailedError, outputOption } from '../command.ts';
import { stateOption } from '../state.ts';

export const auditVerifyCommand: CommandDefinition = {
  name: 'audit verify',
  summary: 'tell whether the audit log is whole',
  description:
    'Looks at every line of the audit log: each has the SHA-256 of the one before, and a file beside it names the last one. Found are lines that were changed, taken out, put in, ' +
    'moved or cut off at the end. Who may write both files can make a new log that is whole in itself; that is found only by a head that was kept elsewhere (--head). Exit code 1 where something is wrong.',
  options: [
    {
      flags: '--head <number:digest>',
      description: 'the last line at an earlier time, as this command printed it then, e.g. 42:9f86d0…',
    },
    stateOption,
    outputOption('text', 'json'),
  ],
  examples: [
    { command: 'picket audit verify', does: 'is it whole?' },
    {
      command: 'picket audit verify --head "$(cat /mnt/elsewhere/head)"',
      does: 'also against a head that was kept elsewhere',
    },
  ],
  async run({ options }, io) {
    const { headOf, openAudit, verifyJson, verifyText } = await import('../respond/audit-report.ts');
    const known = headOf(options.head);
    const report = openAudit(options.state, io)?.verify(known);
    if (report === undefined) {
      // One that was taken away whole looks like one that never was.
      if (known === undefined)
        throw new FailedError(
          'there is no audit log',
          'picket run writes one where the site file has playbooks; if there was one, somebody took it away. --state names another folder',
        );
      io.err('there is no audit log any more\n');
      return ExitCode.problems;
    }
    io.out(options.output === 'json' ? verifyJson(report) : verifyText(report));
    return report.problems.length === 0 ? ExitCode.clean : ExitCode.problems;
  },
};

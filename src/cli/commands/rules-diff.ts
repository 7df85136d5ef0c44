import { type CommandDefinition, ExitCode, outputOption, UsageError } from '../command.ts';

export const rulesDiffCommand: CommandDefinition = {
  name: 'rules diff',
  arguments: '<old> <new>',
  summary: 'what a change of rules changes on a recording',
  description:
    'Runs two sets of rules over a recording and tells which alerts the new one raises in addition, and which it no longer raises, rule by rule with ' +
    'an example of each. All rules that hold for an event count, so that the order of rules hides nothing. Exit code 1 when there is a difference.',
  options: [
    outputOption('text', 'json'),
    {
      flags: '--on <recording>',
      description: 'a recording, a capture (.scap) or a log of audit events; may be given several times',
      repeatable: true,
    },
  ],
  examples: [
    {
      command: 'picket rules diff old.yaml new.yaml --on day.scap',
      does: 'who newly fires, who goes silent',
    },
    {
      command: 'picket rules diff main/rules rules --on day.scap -o json',
      does: 'folders, for a pull request',
    },
  ],
  async run({ args, options }, io) {
    const [before = '', after = ''] = args;
    const recordings = Array.isArray(options.on) ? (options.on as string[]) : [];
    if (recordings.length === 0) throw new UsageError('no recording named', 'add --on RECORDING');
    const { loadRuleFiles } = await import('../rules/load-rule-files.ts');
    const { openRecording } = await import('../rules/open-recording.ts');
    const { diffAlerts } = await import('../rules/diff-alerts.ts');
    const { printable } = await import('../table.ts');
    const [old, fresh] = [await loadRuleFiles([before], io), await loadRuleFiles([after], io)];
    const { progress } = await import('../progress.ts');
    const told = progress(io, 'events in two passes');
    const opened = recordings.map((path) => openRecording(path, io));
    const result = diffAlerts(opened, old, fresh, told.step);
    told.end();
    if (options.output === 'json') {
      io.out(`${JSON.stringify({ schemaVersion: 1, ...result }, null, 2)}\n`);
    } else {
      for (const [sign, changes] of [
        ['+', result.gained],
        ['-', result.lost],
      ] as const) {
        for (const { rule, count, example } of changes) {
          const colour = sign === '+' ? 'red' : 'green';
          io.out(
            `${io.style(colour, `${sign} ${printable(rule)}`)}: ${count} alert${count === 1 ? '' : 's'}\n    ${example.recording} event ${example.event}: ${printable(example.message)}\n`,
          );
        }
      }
      if (result.gained.length + result.lost.length === 0) io.out('no difference\n');
    }
    io.err(`${result.same} alert${result.same === 1 ? '' : 's'} as before over ${result.events} events\n`);
    return result.gained.length + result.lost.length > 0 ? ExitCode.problems : ExitCode.clean;
  },
};

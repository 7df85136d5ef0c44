import { type CommandDefinition, ExitCode, UsageError } from '../command.ts';

export const rulesExplainCommand: CommandDefinition = {
  name: 'rules explain',
  arguments: '<rule>',
  summary: 'why a rule fires on an event, or does not',
  description:
    'Evaluates one rule for one event of a recording and shows its condition part by part: what holds, what does not, which parts decide, and ' +
    'what each field gave. A field that the event does not have makes every comparison false, also `!=`. Exit code 1 when the rule does not fire.',
  options: [
    {
      flags: '-r, --rules <path>',
      description: 'rules file or folder; may be given several times',
      repeatable: true,
    },
    { flags: '--on <recording>', description: 'a recording, a capture (.scap) or a log of audit events' },
    { flags: '--event <number>', description: 'number of the event (%evt.num)' },
    { flags: '--all', description: 'also the parts that decide nothing' },
  ],
  examples: [
    {
      command: "picket rules explain 'Terminal shell in container' -r rules/ --on trace.scap --event 219",
      does: 'one event',
    },
  ],
  async run({ args, options }, io) {
    const [name = ''] = args;
    const paths = Array.isArray(options.rules) ? (options.rules as string[]) : [];
    if (paths.length === 0) throw new UsageError('no rules named', 'add --rules FILE');
    if (options.on === undefined || options.event === undefined) {
      throw new UsageError(
        'no event named',
        'add --on RECORDING and --event NUMBER; picket replay prints the numbers with %evt.num',
      );
    }
    const number = Number(options.event);
    if (!Number.isInteger(number) || number < 1)
      throw new UsageError(`--event must be a whole number from 1, not ${options.event}`);
    const { loadRuleFiles } = await import('../rules/load-rule-files.ts');
    const { openRecording } = await import('../rules/open-recording.ts');
    const { explainCondition } = await import('../../rules/compile/explain.ts');
    const { explanationText } = await import('../rules/explanation-text.ts');
    const { printable } = await import('../table.ts');
    const { nearest } = await import('../../diagnostic/suggest.ts');
    const { rules } = await loadRuleFiles(paths, io);
    const rule = rules.find((one) => one.name === name);
    if (rule === undefined) {
      const meant = nearest(
        name,
        rules.map((one) => one.name),
      );
      throw new UsageError(
        `no rule is called ${name}`,
        meant === undefined ? 'picket rules list names them' : `did you mean ${meant}?`,
      );
    }
    const found = openRecording(String(options.on), io).visit(({ source, events, describe }) => {
      if (rule.source !== source.id)
        throw new UsageError(
          `${name} is for events of source ${rule.source}, and those of ${options.on} are of ${source.id}`,
        );
      for (const event of events()) {
        if (event.number < number) continue;
        return event.number > number
          ? undefined
          : { text: describe(event), explanation: explainCondition(rule.condition, source, event) };
      }
      return undefined;
    });
    if (found !== undefined) {
      const { text, explanation } = found;
      io.out(`event ${number}: ${printable(text)}\n`);
      io.out(explanationText(explanation, io.style, options.all === true));
      io.out(explanation.holds ? `the rule fires\n` : `the rule does not fire\n`);
      return explanation.holds ? ExitCode.clean : ExitCode.problems;
    }
    throw new UsageError(
      `there is no event ${number} in ${options.on}`,
      'entries of calls are joined with their returns, whose number counts',
    );
  },
};

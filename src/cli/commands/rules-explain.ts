import { type CommandDefinition, ExitCode, UsageError } from '../command.ts';

export const rulesExplainCommand: CommandDefinition = {
  name: 'rules explain',
  arguments: '<rule>',
  summary: 'why a rule fires on an event, or does not',
  description:
    'Evaluates one rule for one event of a recording and shows its condition part by part: what holds, what does not, which parts decide, and ' +
    'what each field gave. A field that the event does not have makes every comparison false, also `!=`. Of a correlation each of its conditions is shown, ' +
    'and whether it fires after all events before. Exit code 1 when the rule does not fire.',
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
    const { explainCorrelation } = await import('../rules/explain-correlation.ts');
    const { explanationText } = await import('../rules/explanation-text.ts');
    const { printable } = await import('../table.ts');
    const { nearest } = await import('../../diagnostic/suggest.ts');
    const { rules, correlations, diagnostics } = await loadRuleFiles(paths, io);
    const correlation = correlations.find((one) => one.name === name);
    const rule = correlation ?? rules.find((one) => one.name === name);
    if (rule === undefined) {
      const meant = nearest(
        name,
        [...rules, ...correlations].map((one) => one.name),
      );
      throw new UsageError(
        `no rule is called ${name}`,
        meant !== undefined
          ? `did you mean ${meant}?`
          : diagnostics.some(({ severity }) => severity === 'error')
            ? 'rules with an error are left out: picket rules check shows them'
            : 'picket rules list names them',
      );
    }
    const isWhole = options.all === true;
    const answer = openRecording(String(options.on), io).visit((recorded) => {
      const { source, events, describe } = recorded;
      if (rule.source !== source.id)
        throw new UsageError(
          `${name} is for events of source ${rule.source}, and those of ${options.on} are of ${source.id}`,
        );
      if (!('condition' in rule)) return explainCorrelation(rule, recorded, number, io.style, isWhole);
      for (const event of events()) {
        if (event.number < number) continue;
        if (event.number > number) break;
        const explanation = explainCondition(rule.condition, source, event);
        const { holds } = explanation;
        const lines = [
          `event ${number}: ${printable(describe(event))}\n`,
          explanationText(explanation, io.style, isWhole),
          holds ? 'the rule fires\n' : 'the rule does not fire\n',
        ];
        return { text: lines.join(''), fires: holds };
      }
      return undefined;
    });
    if (answer === undefined)
      throw new UsageError(
        `there is no event ${number} in ${options.on}`,
        'entries of calls are joined with their returns, whose number counts',
      );
    io.out(answer.text);
    return answer.fires ? ExitCode.clean : ExitCode.problems;
  },
};

import { type CommandDefinition, ExitCode, outputOption, UsageError } from '../command.ts';

export const rulesCheckCommand: CommandDefinition = {
  name: 'rules check',
  arguments: '[paths...]',
  summary: 'problems in Falco rules files and configurations',
  description:
    'Loads rules files in the order in which they are named, as Falco 0.44 does (engine 0.63), and prints every problem of all of them with its ' +
    'place: also inside a condition, behind the lists and macros that are put into it. Files of a folder are taken sorted. ' +
    'A `falco.yaml` among them is checked too, with what it includes and the rules that it loads, as it wants them; other files stand in ' +
    'place of its `rules_files`. ' +
    'Exit code 1 when there are errors or warnings. `-o falco` prints what `falco -V` prints as JSON.',
  options: [
    outputOption('text', 'json', 'sarif', 'falco'),
    {
      flags: '--severity <level>',
      description: 'least severity that makes the exit code 1',
      choices: ['error', 'warning'],
      default: 'warning',
    },
    {
      flags: '--set <key=value>',
      description: 'changes a setting of the falco.yaml, as -o of Falco; may be given several times',
      repeatable: true,
    },
    { flags: '-q, --quiet', description: 'only the problems, without the counts on stderr' },
  ],
  examples: [
    {
      command: 'picket rules check falco_rules.yaml falco_rules.local.yaml',
      does: 'in the order of rules_files',
    },
    { command: 'picket rules check /etc/falco/rules.d', does: 'a folder' },
    {
      command: 'picket rules check /etc/falco/falco.yaml --set priority=warning',
      does: 'a configuration and its rules',
    },
    { command: 'picket rules check rules/ -o sarif > rules.sarif', does: 'for code scanning' },
    { command: 'picket rules check rules/ -o falco', does: 'for scripts that read falco -V' },
  ],
  async run({ args, options }, io) {
    if (args.length === 0)
      throw new UsageError('no rules file named', 'name files or folders, or - for standard input');
    const { loadRulesOrConfig } = await import('../rules/load-config.ts');
    const overrides = Array.isArray(options.set) ? (options.set as string[]) : [];
    const loaded = await loadRulesOrConfig(args, io, overrides);
    const { diagnostics, sources, rules, correlations, names, unreadable } = loaded;
    switch (options.output) {
      case 'json': {
        const { renderJson } = await import('../../diagnostic/render/json.ts');
        io.out(`${JSON.stringify(renderJson(diagnostics), null, 2)}\n`);
        break;
      }
      case 'sarif': {
        const { renderSarif } = await import('../../diagnostic/render/sarif.ts');
        const { codes } = await import('../codes.ts');
        const { version } = await import('../../agent/version.ts');
        io.out(`${JSON.stringify(renderSarif(diagnostics, { codes, version, sources }), null, 2)}\n`);
        break;
      }
      case 'falco': {
        const { falcoResults } = await import('../rules/falco-results.ts');
        io.out(`${JSON.stringify(falcoResults(loaded), null, 2)}\n`);
        break;
      }
      default: {
        const { renderTerminal } = await import('../../diagnostic/render/terminal.ts');
        io.out(renderTerminal(diagnostics, { sources, style: io.style, columns: io.columns }));
      }
    }
    for (const { name, reason } of unreadable)
      io.err(`${io.errStyle('yellow', 'not read')}: ${name}: ${reason}\n`);
    if (options.quiet !== true) {
      const enabled = [...rules, ...correlations].filter((rule) => rule.enabled).length;
      const counts = [counted(rules.length, 'rule')];
      if (correlations.length > 0) counts.push(counted(correlations.length, 'correlation'));
      io.err(`${counts.join(' and ')} in ${counted(names.length, 'file')}, ${enabled} enabled\n`);
    }
    const failing = diagnostics.some(
      ({ severity }) => severity === 'error' || (severity === 'warning' && options.severity !== 'error'),
    );
    return failing || unreadable.length > 0 ? ExitCode.problems : ExitCode.clean;
  },
};

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}

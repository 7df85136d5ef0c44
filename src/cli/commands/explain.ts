import { type CommandDefinition, ExitCode, outputOption, UsageError } from '../command.ts';

export const explainCommand: CommandDefinition = {
  name: 'explain',
  arguments: '[code]',
  summary: 'what a diagnostic code means and how to mend it',
  description: 'Explains a code such as PKT0001, offline. Without a code it lists all of them.',
  options: [outputOption('text', 'json')],
  examples: [
    { command: 'picket explain PKT0001', does: 'one code' },
    { command: 'picket explain', does: 'every code with its title' },
  ],
  async run({ args, options }, io) {
    const { codes } = await import('../codes.ts');
    const [given] = args;
    const json = options.output === 'json';
    if (given === undefined) {
      if (json) io.out(`${JSON.stringify({ schemaVersion: 1, codes: codes.all() }, null, 2)}\n`);
      else
        for (const { code, severity, title } of codes.all())
          io.out(`${code}  ${severity.padEnd(7)}  ${title}\n`);
      return ExitCode.clean;
    }
    const definition = codes.get(given.toUpperCase());
    if (!definition) {
      const near = codes.nearest(given.toUpperCase());
      throw new UsageError(
        `there is no code ${given}`,
        near ? `did you mean ${near}? \`picket explain\` lists all` : '`picket explain` lists all codes',
      );
    }
    if (json) {
      io.out(`${JSON.stringify({ schemaVersion: 1, ...definition }, null, 2)}\n`);
      return ExitCode.clean;
    }
    const { code, title, severity, since, doc, example } = definition;
    io.out(`${io.style('bold', `${code}: ${title}`)}\n`);
    io.out(`${severity}, ${definition.class}, since ${since}\n\n${doc.trim()}\n`);
    for (const [heading, text] of [
      ['For example', example?.bad],
      ['Write instead', example?.good],
    ] as const) {
      if (text === undefined) continue;
      io.out(`\n${io.style('bold', heading)}\n\n${text.trimEnd().replace(/^/gm, '    ')}\n`);
    }
    return ExitCode.clean;
  },
};

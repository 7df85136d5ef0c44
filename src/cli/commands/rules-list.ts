import { type CommandDefinition, ExitCode, outputOption, UsageError } from '../command.ts';

export const rulesListCommand: CommandDefinition = {
  name: 'rules list',
  arguments: '[paths...]',
  summary: 'what is in Falco rules files',
  description:
    'Lists the rules of files with their source, priority, tags, the types of events that they ask for, and how far programs in the ' +
    'kernel (bpf) or its trace events (tracefs) can evaluate them on a live machine: fully, only with the engine of the containers, ' +
    'in part, or never. JSON has the condition of each too, with lists, macros and exceptions put in, the fields that it uses, and what ' +
    'each sensor lacks for it. --fields lists the fields instead. Of a `falco.yaml`, the rules that it loads, as it switches them.',
  options: [
    outputOption('text', 'json'),
    { flags: '--tag <tag>', description: 'only rules with this tag', repeatable: true },
    { flags: '--fields', description: 'the fields that the rules use, and which sensor gives them' },
  ],
  examples: [
    { command: 'picket rules list falco_rules.yaml', does: 'all rules of a file' },
    { command: 'picket rules list /etc/falco/falco.yaml', does: 'what a configuration leaves of them' },
    { command: 'picket rules list rules/ --tag network -o json', does: 'those with a tag, for a program' },
  ],
  async run({ args, options }, io) {
    if (args.length === 0)
      throw new UsageError('no rules file named', 'name files or folders, or - for standard input');
    const { eventSources } = await import('../rules/load-rule-files.ts');
    const { loadRulesOrConfig } = await import('../rules/load-config.ts');
    const { listCorrelations, listRules, sensorWord } = await import('../rules/list-rules.ts');
    const { rules, correlations, diagnostics } = await loadRulesOrConfig(args, io);
    const wanted = Array.isArray(options.tag) ? (options.tag as string[]) : [];
    const isWanted = ({ tags }: { readonly tags: readonly string[] }) =>
      wanted.every((tag) => tags.includes(tag));
    const listed = listRules(rules, eventSources).filter(isWanted);
    const together = listCorrelations(correlations, eventSources).filter(isWanted);
    if (wanted.length > 0 && listed.length + together.length === 0) {
      const { nearest } = await import('../../diagnostic/suggest.ts');
      const known = [...new Set([...rules, ...correlations].flatMap(({ tags }) => tags))].sort();
      const missing = wanted.find((tag) => !known.includes(tag));
      const meant = missing === undefined ? undefined : nearest(missing, known);
      throw new UsageError(
        missing === undefined
          ? `no rule has all of the tags ${wanted.join(', ')}`
          : `no rule has the tag ${missing}`,
        meant === undefined ? `there are ${known.join(', ') || 'none'}` : `did you mean ${meant}?`,
      );
    }
    if (options.fields === true) {
      const { fieldTable, listFields } = await import('../rules/list-fields.ts');
      const fields = listFields([...listed, ...together], eventSources);
      io.out(
        options.output === 'json'
          ? `${JSON.stringify({ schemaVersion: 1, fields }, null, 2)}
`
          : fieldTable(fields),
      );
    } else if (options.output === 'json') {
      const shown = { schemaVersion: 1, rules: listed, correlations: together };
      io.out(`${JSON.stringify(shown, null, 2)}
`);
    } else {
      const { printable, table } = await import('../table.ts');
      const rows = [...listed, ...together].map(({ name, source, priority, enabled, types, sensors }) => [
        enabled ? name : `${name} (off)`,
        source,
        priority,
        sensorWord(sensors, 'bpf'),
        sensorWord(sensors, 'tracefs'),
        types.length > 6 ? `${types.slice(0, 6).join(' ')} … ${types.length}` : types.join(' '),
      ]);
      io.out(
        table(
          ['rule', 'source', 'priority', 'bpf', 'tracefs', 'events'],
          rows.map((row) => row.map(printable)),
        ),
      );
    }
    const errors = diagnostics.filter(({ severity }) => severity === 'error').length;
    if (errors > 0)
      io.err(
        `${io.errStyle('yellow', 'warning')}: ${errors} error${errors === 1 ? '' : 's'} in the files (picket rules check shows them); rules with one are left out\n`,
      );
    return ExitCode.clean;
  },
};

import type { ManifestCounts } from '../../manifest/resource.ts';
import { type CommandDefinition, ExitCode, outputOption, UsageError } from '../command.ts';
import { limitOptions, limitsOf } from '../limits.ts';

export const checkCommand: CommandDefinition = {
  name: 'check',
  arguments: '[paths...]',
  summary: 'problems in manifests',
  description:
    'Reads files, folders, `-` for stdin, YAML, JSON, and yaml blocks in Markdown, and prints every problem with its ' +
    'place, reason and repair. Nothing is skipped silently: what was read and what was not is counted at the end. ' +
    'Exit code 1 when there are errors or warnings.',
  options: [
    outputOption('text', 'json', 'sarif'),
    {
      flags: '--severity <level>',
      description: 'least severity that makes the exit code 1',
      choices: ['error', 'warning', 'note'],
      default: 'warning',
    },
    ...limitOptions,
    { flags: '-q, --quiet', description: 'only the problems, without the counts on stderr' },
  ],
  examples: [
    { command: 'picket check deploy/', does: 'a folder' },
    { command: 'picket check docs/security.md', does: 'the yaml blocks of a document' },
    { command: 'kustomize build . | picket check -', does: 'what a generator prints' },
    { command: 'picket check deploy/ -o sarif > picket.sarif', does: 'for code scanning' },
  ],
  async run({ args, options }, io) {
    if (args.length === 0)
      throw new UsageError('nothing to check', 'name files or folders, or - for standard input');
    const { loadPosture } = await import('../load-posture.ts');
    const { set, diagnostics, unreadable } = await loadPosture(args, io, limitsOf(options));
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
        io.out(
          `${JSON.stringify(renderSarif(diagnostics, { codes, version, sources: set.sources }), null, 2)}\n`,
        );
        break;
      }
      default: {
        const { renderTerminal } = await import('../../diagnostic/render/terminal.ts');
        io.out(renderTerminal(diagnostics, { sources: set.sources, style: io.style, columns: io.columns }));
      }
    }
    for (const { name, reason } of unreadable)
      io.err(`${io.errStyle('yellow', 'not read')}: ${name}: ${reason}\n`);
    if (options.quiet !== true) io.err(countLine(set.counts));
    if (set.counts.files === 0 && unreadable.length === 0) {
      io.err('no manifest files found: they end in .yaml, .yml, .json or .md\n');
    }
    const levels = ['error', 'warning', 'note'];
    const threshold = levels.indexOf(String(options.severity));
    const failing =
      unreadable.length > 0 || diagnostics.some(({ severity }) => levels.indexOf(severity) <= threshold);
    return failing ? ExitCode.problems : ExitCode.clean;
  },
};

/** What was read, in one line: documents and objects, and what Picket has no schema for, by kind. */
function countLine(counts: ManifestCounts): string {
  const of = (count: number, noun: string) => `${count} ${noun}${count === 1 ? '' : 's'}`;
  const unknown = [...counts.unknownKinds].map(([kind, count]) => (count > 1 ? `${kind} (${count})` : kind));
  return [
    `read ${of(counts.files, 'file')}, ${of(counts.documents, 'document')}, ${of(counts.resources, 'object')}`,
    ...(counts.notManifests > 0 ? [`${counts.notManifests} without a Kubernetes object`] : []),
    ...(counts.refused > 0 ? [`${counts.refused} refused`] : []),
    ...(unknown.length > 0 ? [`not understood: ${unknown.join(', ')}`] : []),
  ]
    .join('; ')
    .concat('\n');
}

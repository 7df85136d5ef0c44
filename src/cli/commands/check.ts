import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { baselineOf, type Compared, compareWithBaseline, readBaseline } from '../../diagnostic/baseline.ts';
import type { Diagnostic } from '../../diagnostic/diagnostic.ts';
import type { ManifestCounts, SourceTexts } from '../../manifest/resource.ts';
import { cniOf, cniOption } from '../cni.ts';
import { type CommandDefinition, ExitCode, FailedError, outputOption, UsageError } from '../command.ts';
import type { Io } from '../io.ts';
import { limitOptions, limitsOf } from '../limits.ts';

export const checkCommand: CommandDefinition = {
  name: 'check',
  arguments: '[paths...]',
  summary: 'problems in manifests',
  description:
    'Reads files, folders, `-` for stdin, YAML, JSON, and yaml blocks in Markdown, and prints every problem with its ' +
    'place, reason and repair. Nothing is skipped silently: what was read and what was not is counted at the end. ' +
    'Exit code 1 when there are errors or warnings. A comment `# picket-ignore CODE reason` on the line of a finding, ' +
    'or above it, hides it.',
  options: [
    outputOption('text', 'json', 'sarif', 'github', 'md'),
    {
      flags: '--severity <level>',
      description: 'least severity that makes the exit code 1',
      choices: ['error', 'warning', 'note'],
      default: 'warning',
    },
    { flags: '--baseline <file>', description: 'show only what this file does not hold' },
    { flags: '--write-baseline <file>', description: 'write what is found now into this file' },
    { flags: '--fix', description: 'apply the safe fixes, and print the changes as a patch' },
    { flags: '--unsafe-fixes', description: 'apply the other fixes too: look at the patch' },
    { flags: '--dry-run', description: 'with --fix: print the patch, change nothing' },
    cniOption,
    ...limitOptions,
    { flags: '-q, --quiet', description: 'only the problems, without the counts on stderr' },
  ],
  examples: [
    { command: 'picket check deploy/', does: 'a folder' },
    { command: 'picket check docs/security.md', does: 'the yaml blocks of a document' },
    { command: 'kustomize build . | picket check -', does: 'what a generator prints' },
    { command: 'picket check deploy/ --fix --dry-run', does: 'what the safe fixes would change' },
    { command: 'picket check deploy/ --fix > fix.patch', does: 'fix; git apply -R fix.patch undoes it' },
    { command: 'picket check . --write-baseline known.json', does: 'accept what is there today' },
    { command: 'picket check . --baseline known.json', does: 'only what is new since' },
    { command: 'picket check deploy/ -o sarif > picket.sarif', does: 'for code scanning' },
    { command: 'picket check deploy/ -o md >> $GITHUB_STEP_SUMMARY', does: 'for a job summary' },
  ],
  async run({ args, options }, io) {
    if (args.length === 0)
      throw new UsageError('nothing to check', 'name files or folders, or - for standard input');
    const fixing = options.fix === true || options.unsafeFixes === true;
    if (fixing && args.includes('-')) {
      throw new UsageError('standard input cannot be fixed', 'name files or folders');
    }
    if (options.dryRun === true && !fixing) throw new UsageError('--dry-run is for --fix');
    const { loadPosture, declarationOf } = await import('../load-posture.ts');
    const { problemsOf } = await import('../problems.ts');
    const { applyIgnores } = await import('../../diagnostic/ignore.ts');
    const { codes } = await import('../codes.ts');
    const { printDiagnostics, diagnosticsExitCode } = await import('../print-diagnostics.ts');
    const limits = limitsOf(options);
    const reading = cniOf(options);
    const loaded = await loadPosture(args, io, limits, reading);
    const names = loaded.files.map(({ name }) => name);
    const unignored = (diagnostics: readonly Diagnostic[], sources: SourceTexts) =>
      applyIgnores(diagnostics, names, sources, codes);
    const { shown, hidden } = unignored(problemsOf(loaded, loaded.files), loaded.set.sources);
    if (options.writeBaseline !== undefined) writeBaseline(String(options.writeBaseline), shown, io);
    const compared = compare(shown, options.baseline, io);
    if (fixing) {
      const fix = await import('../fix.ts');
      const known = new Set(compared.known);
      const fixed = fix.fixFiles(
        loaded.files,
        (files) => {
          if (files === loaded.files) return shown.filter((one) => !known.has(one));
          const declaration = declarationOf(files, limits, reading);
          const left = unignored(problemsOf(declaration, files), declaration.set.sources).shown;
          return compare(left, options.baseline, io).fresh;
        },
        options.unsafeFixes === true,
      );
      io.out(fix.patchOf(loaded.files, fixed.files));
      if (options.dryRun !== true) fix.writeFixed(loaded.files, fixed.files, io.cwd);
      const verb = options.dryRun === true ? 'would make' : 'made';
      io.err(
        `${verb} ${of(fixed.made.length, 'fix', 'fixes')}; ${of(fixed.left.length, 'finding')} left (picket check shows them)\n`,
      );
      return diagnosticsExitCode(fixed.left, options.severity);
    }
    await printDiagnostics(compared.fresh, loaded.set.sources, options.output, io);
    for (const { name, reason } of loaded.unreadable)
      io.err(`${io.errStyle('yellow', 'not read')}: ${name}: ${reason}\n`);
    if (options.quiet !== true) io.err(countLine(loaded.set.counts) + besideLine(compared, hidden));
    if (loaded.set.counts.files === 0 && loaded.unreadable.length === 0) {
      io.err('no manifest files found: they end in .yaml, .yml, .json or .md\n');
    }
    if (loaded.unreadable.length > 0) return ExitCode.problems;
    return options.writeBaseline === undefined
      ? diagnosticsExitCode(compared.fresh, options.severity)
      : ExitCode.clean;
  },
};

function writeBaseline(file: string, diagnostics: readonly Diagnostic[], io: Io): void {
  try {
    writeFileSync(resolve(io.cwd, file), `${JSON.stringify(baselineOf(diagnostics), null, 2)}\n`);
  } catch (error) {
    throw new FailedError(`the baseline cannot be written: ${(error as Error).message}`);
  }
  io.err(`wrote ${of(diagnostics.length, 'finding')} into ${file}\n`);
}

/** The findings beside the baseline that the option names; without one all are new. */
function compare(diagnostics: readonly Diagnostic[], file: unknown, io: Io): Compared {
  if (file === undefined) return { fresh: diagnostics, known: [], gone: [] };
  const again = 'make one with --write-baseline';
  let baseline: ReturnType<typeof readBaseline>;
  try {
    baseline = readBaseline(JSON.parse(readFileSync(resolve(io.cwd, String(file)), 'utf8')));
  } catch (error) {
    throw new UsageError(`the baseline cannot be read: ${(error as Error).message}`, again);
  }
  if (baseline === undefined) throw new UsageError(`${file} is not a baseline of this version`, again);
  return compareWithBaseline(diagnostics, baseline);
}

function of(count: number, noun: string, plural = `${noun}s`): string {
  return `${count} ${count === 1 ? noun : plural}`;
}

/** What was read, in one line: documents and objects, and what Picket has no schema for, by kind. */
function countLine(counts: ManifestCounts): string {
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

/** What was found and is not shown; empty when there is nothing of that. */
function besideLine({ known, gone }: Compared, hidden: readonly Diagnostic[]): string {
  const stale = gone.reduce((sum, { count }) => sum + count, 0);
  const parts = [
    ...(known.length > 0 ? [`${known.length} in the baseline`] : []),
    ...(hidden.length > 0 ? [`${hidden.length} ignored by comments`] : []),
    ...(stale > 0 ? [`${of(stale, 'finding')} of the baseline gone: renew it with --write-baseline`] : []),
  ];
  return parts.length === 0 ? '' : `not shown: ${parts.join('; ')}\n`;
}

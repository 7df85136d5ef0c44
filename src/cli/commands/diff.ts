import type { ConnectionChange } from '../../posture/diff/diff.ts';
import type { ExplainedChange } from '../../posture/diff/explain.ts';
import { cniOf, cniOption } from '../cni.ts';
import { type CommandDefinition, ExitCode, outputOption, UsageError } from '../command.ts';
import type { ComparedSides } from '../compare.ts';
import type { Io } from '../io.ts';
import { limitOptions, limitsOf } from '../limits.ts';

export const diffCommand: CommandDefinition = {
  name: 'diff',
  arguments: '[paths...]',
  summary: 'what changes between two sets of manifests, as connections',
  description:
    'Compares what two sets of manifests allow: connections gained and lost with their exact ports and addresses, one ' +
    'example of each, and the rule that decided before and after. Either two paths, or --git with a revision (against ' +
    'the files on disk) or two of them. Exit code 0 when the sets allow the same, 1 when they differ.',
  options: [
    {
      flags: '--git <revisions>',
      description: 'REV (against the files on disk), A..B, or A...B (since B left A); paths default to .',
    },
    {
      flags: '--fail-on <what>',
      description: 'differences that make the exit code 1; what may be gained or lost counts',
      choices: ['any', 'gained', 'lost'],
      default: 'any',
    },
    {
      flags: '-n, --limit <number>',
      description: 'changes of each class that are shown; 0: all',
      default: '50',
    },
    cniOption,
    ...limitOptions,
    outputOption('text', 'json', 'md'),
  ],
  examples: [
    { command: 'picket diff old/ new/', does: 'two folders' },
    { command: 'picket diff --git main deploy/', does: 'this working tree against main' },
    { command: 'picket diff --git main...HEAD deploy/', does: 'what a branch changes' },
    { command: 'picket diff --git HEAD~1..HEAD -o md', does: 'the last commit, as a comment' },
    { command: 'picket diff --git main --fail-on gained', does: 'a gate: nothing may open up' },
  ],
  async run({ args, options }, io) {
    const limit = limitOf(options.limit);
    const reading = { limits: limitsOf(options), segmentation: cniOf(options) };
    const { compareFolders, compareRevisions } = await import('../compare.ts');
    const sides =
      options.git === undefined
        ? await compareFolders(twoPaths(args), io, reading)
        : await compareRevisions(String(options.git), args, io, reading);
    const { diffPostures, changeClass, mayOpen } = await import('../../posture/diff/diff.ts');
    const { explainChange } = await import('../../posture/diff/explain.ts');
    for (const side of [sides.old, sides.new]) warnOf(side, io);
    const diff = diffPostures(sides.old.posture, sides.new.posture);
    const shown: ExplainedChange[] = [];
    const seen = { gained: 0, lost: 0, unknown: 0 };
    const all = options.output === 'json' || limit === 0;
    for (const change of diff.changes) {
      if (++seen[changeClass(change)] > limit && !all) continue;
      shown.push(sides.label(explainChange(change, sides.old.posture, sides.new.posture)));
    }
    if (options.output === 'json') {
      const { diffJson } = await import('../render/diff/json.ts');
      const names = { old: sides.old.name, new: sides.new.name };
      io.out(`${JSON.stringify(diffJson(diff, shown, names), null, 2)}\n`);
    } else if (options.output === 'md') {
      const { diffMarkdown } = await import('../render/diff/markdown.ts');
      io.out(diffMarkdown({ diff, changes: shown }));
    } else {
      const { diffText } = await import('../render/diff/text.ts');
      io.out(diffText({ diff, changes: shown }, io.style, io.columns));
    }
    const failing = (change: ConnectionChange) => {
      if (options.failOn === 'any') return true;
      return mayOpen(change) === (options.failOn === 'gained');
    };
    return diff.changes.some(failing) ? ExitCode.problems : ExitCode.clean;
  },
};

function twoPaths(args: readonly string[]): readonly [string, string] {
  const [old, now] = args;
  if (old !== undefined && now !== undefined && args.length === 2) return [old, now];
  throw new UsageError(
    `diff needs two paths, not ${args.length}`,
    'picket diff OLD NEW, or picket diff --git REV [PATH...]',
  );
}

function limitOf(value: unknown): number {
  const limit = Number(value);
  if (Number.isInteger(limit) && limit >= 0) return limit;
  throw new UsageError(`--limit must be a whole number from 0 up, not ${value}`);
}

/** Tells on stderr what makes the answers of one side worth less. */
function warnOf({ name, counts, errors, unreadable }: ComparedSides['old'], io: Io): void {
  const warn = (text: string) => io.err(`${io.errStyle('yellow', 'warning')}: ${name}: ${text}\n`);
  if (errors > 0) {
    const many = `${errors} error${errors === 1 ? '' : 's'}`;
    warn(`${many} in the manifests (picket check shows them); answers that rest on them are unknown`);
  }
  for (const one of unreadable) warn(`${one.name} was not read: ${one.reason}`);
  if (counts.resources === 0) warn('no Kubernetes object was found');
}

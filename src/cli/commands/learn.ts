import { cniOf, cniOption } from '../cni.ts';
import { type CommandDefinition, ExitCode, outputOption, UsageError } from '../command.ts';
import { limitOptions, limitsOf } from '../limits.ts';

export const learnCommand: CommandDefinition = {
  name: 'learn',
  arguments: '[flows] [paths...]',
  summary: 'policies from observed flows, with proof',
  description:
    'Reads flows as `picket flows -o jsonl` prints them and the manifests of the same cluster, and proposes a ' +
    'least-privilege NetworkPolicy for each observed workload: default-deny both ways, exact peers and ports, DNS and ' +
    'the mesh kept. Then proves it: all flows are judged by the proposal, and all that it admits beyond them is told. ' +
    'The policies go to stdout, the proof to stderr. Exit code 3 when an observed flow would be cut off.',
  options: [
    outputOption('yaml', 'json'),
    {
      flags: '--merge-external <length>',
      description: 'offer ranges of this prefix length for IPv4 addresses outside, as comments, e.g. /24',
    },
    { flags: '--skip-denied', description: 'leave out flows that the declared controls deny today' },
    cniOption,
    ...limitOptions,
  ],
  examples: [
    { command: 'picket flows -n 1000000 -o jsonl > flows.jsonl', does: 'what was observed' },
    { command: 'picket learn flows.jsonl cluster.yaml > policies.yaml', does: 'policies for it' },
    { command: 'picket learn flows.jsonl cluster.yaml -o json', does: 'with the whole proof' },
  ],
  async run({ args, options }, io) {
    const [path, ...paths] = args;
    if (path === undefined || paths.length === 0) {
      throw new UsageError(
        path === undefined ? 'no flows named' : 'no manifests named',
        'picket learn FLOWS.jsonl PATH...; picket flows -o jsonl writes the flows',
      );
    }
    if (path === '-' && paths.includes('-')) {
      throw new UsageError('standard input can be the flows or the manifests, not both');
    }
    const mergeExternal = lengthOf(options.mergeExternal);
    const { loadPosture } = await import('../load-posture.ts');
    const { readFlows } = await import('../read-flows.ts');
    const { progress } = await import('../progress.ts');
    const { renderTerminal } = await import('../../diagnostic/render/terminal.ts');
    const loaded = await loadPosture(paths, io, limitsOf(options), cniOf(options));
    for (const { name, reason } of loaded.unreadable) {
      io.err(`${io.errStyle('yellow', 'warning')}: ${name} was not read: ${reason}\n`);
    }
    const reading = progress(io, 'lines read');
    const log = await readFlows(path, io, reading.step);
    reading.end();
    const show = (diagnostics: typeof log.diagnostics) => {
      if (diagnostics.length === 0) return;
      const { sources } = loaded.set;
      io.err(renderTerminal(diagnostics, { sources, style: io.errStyle, columns: io.columns }));
    };
    if (log.isFull || log.counts.flows === 0) {
      show(log.diagnostics);
      if (!log.isFull) throw new UsageError(`${path} holds no flow`, 'picket flows -o jsonl writes flows');
      return ExitCode.failed;
    }
    const { learn } = await import('../../posture/learn/learn.ts');
    const proving = progress(io, 'pairs of ends judged');
    const learned = learn(
      loaded.posture,
      log.flows,
      {
        skipDenied: options.skipDenied === true,
        ...(mergeExternal === undefined ? {} : { mergeExternal }),
      },
      proving.step,
    );
    proving.end();
    const diagnostics = [...log.diagnostics, ...learned.diagnostics];
    const refused = learned.replay.refused.length > 0;
    if (options.output === 'json') {
      const { learnJson } = await import('../render/learn/json.ts');
      io.out(`${JSON.stringify(learnJson(learned, log.counts, diagnostics), null, 2)}\n`);
    } else {
      const { learnSummary } = await import('../render/learn/summary.ts');
      show(diagnostics);
      io.err(learnSummary(learned, log.counts, io.errStyle, io.columns));
      // What would cut something off is not handed out to be applied.
      if (!refused) io.out(learned.yaml);
    }
    return refused ? ExitCode.failed : ExitCode.clean;
  },
};

function lengthOf(value: unknown): number | undefined {
  if (value === undefined) return undefined;
  const length = /^\/?(\d{1,2})$/.exec(String(value))?.[1];
  if (length !== undefined && Number(length) >= 8 && Number(length) <= 31) return Number(length);
  throw new UsageError(`--merge-external must be a prefix length from /8 to /31, not ${value}`);
}

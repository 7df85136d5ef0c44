import { type CommandDefinition, ExitCode, outputOption, UsageError } from '../command.ts';
import { limitOptions, limitsOf } from '../limits.ts';

export const reachCommand: CommandDefinition = {
  name: 'reach',
  arguments: '[paths...]',
  summary: 'who can talk to whom, and why',
  description:
    'Without --from and --to: every pair of workloads with the ports that are allowed. With both: the verdict for ' +
    'one connection, with the deciding rule for each direction. Exit code 1 when that connection is not allowed.',
  options: [
    {
      flags: '--from <end>',
      description: 'source: namespace/workload, an address, or a host of picket.yaml',
    },
    { flags: '--to <end>', description: 'destination, likewise' },
    { flags: '--port <number>', description: 'destination port' },
    { flags: '--protocol <name>', description: 'protocol', choices: ['TCP', 'UDP', 'SCTP'], default: 'TCP' },
    ...limitOptions,
    outputOption('text', 'json'),
  ],
  examples: [
    { command: 'picket reach deploy/', does: 'the whole matrix' },
    {
      command: 'picket reach deploy/ --from production/frontend --to production/backend --port 3000',
      does: 'one connection, explained',
    },
    {
      command: 'picket reach deploy/ --from 203.0.113.9 --to production/backend --port 3000 -o json',
      does: 'from outside, for scripts',
    },
  ],
  async run({ args, options }, io) {
    if (args.length === 0)
      throw new UsageError('no manifests named', 'name files or folders, or - for standard input');
    const { from, to, port } = options;
    const point = from !== undefined || to !== undefined || port !== undefined;
    if (point && (from === undefined || to === undefined || port === undefined)) {
      throw new UsageError(
        'a single connection needs --from, --to and --port',
        'leave all three out for the matrix',
      );
    }
    const { loadPosture } = await import('../load-posture.ts');
    const loaded = await loadPosture(args, io, limitsOf(options));
    const errors = loaded.diagnostics.filter(({ severity }) => severity === 'error').length;
    if (errors > 0) {
      io.err(
        `${io.errStyle('yellow', 'warning')}: ${errors} error${errors === 1 ? '' : 's'} in the manifests (picket check shows them); answers that rest on them are unknown\n`,
      );
    }
    const { printConnection, printMatrix } = await import('../reach-text.ts');
    const json = options.output === 'json';
    if (!point) {
      printMatrix(loaded.posture, json, io);
      return ExitCode.clean;
    }
    const outcome = printConnection(
      loaded.posture,
      {
        from: String(from),
        to: String(to),
        port: String(port),
        protocol: options.protocol as 'TCP' | 'UDP' | 'SCTP',
      },
      json,
      io,
    );
    return outcome === 'allow' ? ExitCode.clean : ExitCode.problems;
  },
};

import type { ApiProtocol } from '../../segmentation/protocol.ts';
import { cniOf, cniOption } from '../cni.ts';
import { type CommandDefinition, ExitCode, type Invocation, outputOption, UsageError } from '../command.ts';
import type { Io } from '../io.ts';
import { limitOptions, limitsOf } from '../limits.ts';
import type { Loaded } from '../load-posture.ts';
import type { ExposureForm } from '../render/reach/exposure.ts';
import type { MatrixForm } from '../render/reach/write.ts';

type Options = Invocation['options'];

export const reachCommand: CommandDefinition = {
  name: 'reach',
  arguments: '[paths...]',
  summary: 'who can talk to whom, and why',
  description:
    'The matrix: every pair of ends with the ports that are allowed, and those of which the manifests do not tell; ' +
    '--from, --to, --port, --protocol and --filter narrow it. With --from, --to and --port: the verdict for one ' +
    'connection, with what every layer says, where, and what would change it. Exit code 1 when that connection is ' +
    'not allowed.',
  options: [
    {
      flags: '--from <end>',
      description: 'source: namespace/workload, an address, or a host of picket.yaml',
    },
    { flags: '--to <end>', description: 'destination, likewise' },
    { flags: '--port <number>', description: 'destination port' },
    {
      flags: '--protocol <name>',
      description: 'protocol; TCP for one connection, all for the matrix',
      choices: ['TCP', 'UDP', 'SCTP'],
    },
    {
      flags: '--filter <expression>',
      description:
        'rows of the matrix: source=, destination=, namespace=, kind=, protocol=, port=, outcome=, joined by and, or, not',
    },
    { flags: '--closed', description: 'pairs between which nothing may pass too, and the denied ports' },
    {
      flags: '--exposure',
      description: 'instead: what pods that no manifest declares could reach, and be reached from',
    },
    { flags: '--method <name>', description: 'method of the HTTP request over the one connection' },
    { flags: '--path <path>', description: 'its path' },
    { flags: '--host <name>', description: 'its host' },
    { flags: '--header <field>', description: "a header of it, 'name: value'", repeatable: true },
    { flags: '--explain', description: 'of one connection: source lines and changes; the default for text' },
    { flags: '--no-explain', description: 'of one connection: only what each layer says, and where' },
    cniOption,
    ...limitOptions,
    outputOption('text', 'json', 'csv', 'md', 'dot', 'svg', 'html'),
    { flags: '--output-file <file>', description: 'write the result here instead of standard output' },
  ],
  examples: [
    { command: 'picket reach deploy/', does: 'the whole matrix' },
    { command: 'picket reach deploy/ -o html --output-file reach.html', does: 'a page to look around in' },
    { command: 'picket reach deploy/ --to data/postgres', does: 'who reaches the database' },
    {
      command: "picket reach deploy/ --filter 'namespace=shop and outcome=unknown'",
      does: 'what is not told',
    },
    { command: 'picket reach deploy/ --exposure', does: 'what others in the cluster could do' },
    {
      command: 'picket reach deploy/ --from shop/web --to shop/api --port 3000',
      does: 'one connection, explained',
    },
    {
      command: 'picket reach deploy/ --from shop/web --to shop/api --port 80 --method GET --path /v1',
      does: 'one request',
    },
    {
      command: 'picket reach deploy/ --from 203.0.113.9 --to shop/api --port 3000 -o json',
      does: 'from outside, for scripts',
    },
  ],
  async run({ args, options }, io) {
    if (args.length === 0)
      throw new UsageError('no manifests named', 'name files or folders, or - for standard input');
    const { from, to, port, output } = options;
    const isPoint = from !== undefined && to !== undefined && port !== undefined;
    if (options.exposure === true) checkExposure(options);
    else if (isPoint) checkPoint(options);
    else if ([options.method, options.path, options.host, options.header].some((one) => one !== undefined)) {
      throw new UsageError('a request is sent over one connection', 'give --from, --to and --port too');
    }
    const { loadPosture } = await import('../load-posture.ts');
    const loaded = await loadPosture(args, io, limitsOf(options), cniOf(options));
    const { errors } = loaded.posture.counts;
    if (errors > 0) {
      io.err(
        `${io.errStyle('yellow', 'warning')}: ${errors} error${errors === 1 ? '' : 's'} in the manifests (picket check shows them); answers that rest on them are unknown\n`,
      );
    }
    if (options.exposure === true) return exposed(loaded, options, io);
    return isPoint ? connection(loaded, options, io) : matrix(loaded, options, output as MatrixForm, io);
  },
};

function checkExposure({ output, from, to, port, protocol, filter, closed }: Options): void {
  if (['dot', 'svg', 'html'].includes(String(output))) {
    throw new UsageError(`the exposure is text, json, csv or md, not ${output}`);
  }
  if ([from, to, port, protocol, filter, closed].some((one) => one !== undefined)) {
    throw new UsageError('--exposure is about all workloads', 'leave out what narrows the matrix');
  }
}

async function exposed({ posture }: Loaded, options: Options, io: Io): Promise<ExitCode> {
  const { exposure } = await import('../../posture/reach/exposure.ts');
  const { exposureText } = await import('../render/reach/exposure.ts');
  const { openSink } = await import('../render/sink.ts');
  const sink = openSink(io, options.outputFile as string | undefined);
  sink.write(exposureText(exposure(posture), options.output as ExposureForm));
  sink.end();
  return ExitCode.clean;
}

function checkPoint({ output, filter, closed }: Options): void {
  if (output !== 'text' && output !== 'json') {
    throw new UsageError(`one connection is text or json, not ${output}`, 'leave out --port for the matrix');
  }
  if (filter !== undefined || closed === true) {
    throw new UsageError('--filter and --closed are for the matrix', 'leave out --port for the matrix');
  }
}

async function connection({ posture }: Loaded, options: Options, io: Io): Promise<ExitCode> {
  const { endpointOf, portOf, requestOf } = await import('../render/reach/questions.ts');
  const { connectionJson, connectionText } = await import('../render/reach/connection.ts');
  const { reach } = await import('../../posture/reach/query.ts');
  const { openSink } = await import('../render/sink.ts');
  const [from, to] = [String(options.from), String(options.to)];
  const protocol = (options.protocol ?? 'TCP') as ApiProtocol;
  const port = portOf(options) as number;
  const request = requestOf(options);
  const ends = [endpointOf(from, posture), endpointOf(to, posture)] as const;
  const verdict = reach(posture, ...ends, protocol, port, request);
  const asked = { from, to, port, protocol, ...(request === undefined ? {} : { request }) };
  const json = options.output === 'json';
  const explain = json ? options.explain === true : options.explain !== false;
  const view = { sources: posture.manifests.sources, explain };
  const sink = openSink(io, options.outputFile as string | undefined);
  sink.write(
    json
      ? `${JSON.stringify(connectionJson(asked, verdict, view), null, 2)}\n`
      : connectionText(asked, verdict, view, io),
  );
  sink.end();
  return verdict.outcome === 'allow' ? ExitCode.clean : ExitCode.problems;
}

async function matrix({ posture }: Loaded, options: Options, form: MatrixForm, io: Io): Promise<ExitCode> {
  const { matrixQuestion } = await import('../render/reach/questions.ts');
  const { writeMatrix } = await import('../render/reach/write.ts');
  const { openSink } = await import('../render/sink.ts');
  const question = matrixQuestion(options, posture);
  const sink = openSink(io, options.outputFile as string | undefined);
  const { pairs, closed } = await writeMatrix(posture, question, form, sink, io);
  sink.end();
  const narrowed = question.filter ?? question.from ?? question.to;
  if (pairs > 0) io.err(`${pairs} pair${pairs === 1 ? '' : 's'}, ${closed} of them closed\n`);
  else if (narrowed !== undefined) io.err('no pair of the matrix fits\n');
  else io.err('the manifests declare fewer than two workloads: there is no pair to judge\n');
  if (pairs > 0 && pairs === closed && !question.closed) io.err('--closed lists closed pairs too\n');
  return ExitCode.clean;
}

import { type CommandDefinition, ExitCode, outputOption, UsageError } from '../command.ts';
import { limitOptions, limitsOf } from '../limits.ts';
import { stateOption } from '../state.ts';

export const runCommand: CommandDefinition = {
  name: 'run',
  summary: 'guard this machine',
  description:
    'Watches the live connections of this machine over all network namespaces, judges each by the given manifests, ' +
    'raises alerts, and serves a page, an API and Prometheus metrics. It only observes. Ctrl-C ends it and leaves ' +
    'nothing behind; SIGHUP reads the manifests again.',
  options: [
    {
      flags: '-m, --manifests <path>',
      description: 'file or folder of manifests, `-` for stdin; may be repeated',
      repeatable: true,
    },
    {
      flags: '-r, --rules <path>',
      description:
        'file or folder of Falco rules, asked of the system calls of this machine; may be repeated',
      repeatable: true,
    },
    {
      flags: '--demo',
      description: 'first build a small shop in network namespaces of its own, then attack it',
    },
    {
      flags: '--listen <address>',
      description: 'where the page and the API are served',
      default: '127.0.0.1:8470',
    },
    {
      flags: '--metrics-listen <address>',
      description: 'where Prometheus finds /metrics',
      default: '127.0.0.1:9090',
    },
    {
      flags: '--token <text>',
      description: 'bearer token that every request must carry; needed off loopback (or PICKET_TOKEN)',
    },
    stateOption,
    { flags: '--no-store', description: 'keep flows and alerts in memory only' },
    { flags: '--flows', description: 'print every decided and closed connection, not only alerts' },
    { flags: '--for <duration>', description: 'stop by itself after this time, e.g. 30s' },
    {
      flags: '--buffer-kb <number>',
      description: 'kernel trace buffer per processor, in KiB (default: 4096, less on small machines)',
    },
    ...limitOptions,
    outputOption('text', 'jsonl'),
  ],
  examples: [
    { command: 'picket run --demo', does: 'see it work: a shop, then an attack on it' },
    { command: 'picket run --manifests deploy/', does: 'judge by the manifests under deploy/' },
    {
      command: 'kubectl get pods,svc,netpol,ns -A -o yaml | picket run -m -',
      does: 'judge by what the cluster says',
    },
    { command: 'picket run --rules falco_rules.yaml', does: 'Falco rules on what programs do here' },
    { command: 'picket run --flows -o jsonl | jq .', does: 'every connection as JSON' },
  ],
  async run({ options }, io) {
    const { guard } = await import('../guard.ts');
    const { parseDuration } = await import('../time.ts');
    const bufferKb = options.bufferKb === undefined ? undefined : parseBufferKb(String(options.bufferKb));
    await guard(
      {
        manifests: (options.manifests as string[] | undefined) ?? [],
        rules: (options.rules as string[] | undefined) ?? [],
        demo: options.demo === true,
        listen: String(options.listen),
        metricsListen: String(options.metricsListen),
        token: typeof options.token === 'string' ? options.token : io.env.PICKET_TOKEN,
        state: options.state,
        keep: options.store !== false,
        flows: options.flows === true,
        forMs: typeof options.for === 'string' ? parseDuration(options.for) : undefined,
        bufferKb,
        limits: limitsOf(options),
        json: options.output === 'jsonl',
      },
      io,
    );
    return ExitCode.clean;
  },
};

function parseBufferKb(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 64 || value > 1_048_576) {
    throw new UsageError(`--buffer-kb must be a whole number from 64 to 1048576, not ${text}`);
  }
  return value;
}

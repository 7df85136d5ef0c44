import { resolve } from 'node:path';
import { type CommandDefinition, ExitCode, outputOption, UsageError } from '../command.ts';
import type { GuardRequest } from '../guard.ts';
import type { Io } from '../io.ts';
import { limitOptions, limitsOf } from '../limits.ts';
import { stateOption } from '../state.ts';

export const runCommand: CommandDefinition = {
  name: 'run',
  summary: 'guard this machine',
  description:
    'Watches the live connections of this machine over all network namespaces, judges each by the given manifests, ' +
    'raises alerts, and serves a page, an API and Prometheus metrics. It only observes. Ctrl-C ends it and leaves ' +
    'nothing behind; SIGHUP reads the manifests and the rules again.',
  options: [
    {
      flags: '-m, --manifests <path>',
      description: 'file or folder of manifests, `-` for stdin; may be repeated',
      repeatable: true,
    },
    {
      flags: '-r, --rules <path>',
      description:
        'file or folder of Falco rules, asked of the system calls of this machine and of audit events; may be repeated',
      repeatable: true,
    },
    {
      flags: '--falco-config <file>',
      description: 'a falco.yaml: its rules (unless --rules names others), which are on, and where alerts go',
    },
    {
      flags: '--set <key=value>',
      description: 'overrides a key of the falco.yaml; may be repeated',
      repeatable: true,
    },
    {
      flags: '--matching <which>',
      description:
        'of an event the first rule that holds, or all (default: as the falco.yaml says, else first)',
      choices: ['first', 'all'],
    },
    {
      flags: '--event-sensor <kind>',
      description:
        'what gives the events for rules: BPF programs, trace events, or the better one that works',
      choices: ['auto', 'bpf', 'tracefs'],
      default: 'auto',
    },
    {
      flags: '--cri-socket <path>',
      description:
        'where the container engine listens that tells rules of images and pods, `none` for none (default: containerd or CRI-O, where there is one)',
    },
    {
      flags: '--record <file>',
      description:
        'record what programs do on this machine, for picket replay; command lines are in it, so that only its owner may read it',
    },
    {
      flags: '--record-max <size>',
      description: 'how much of the newest is kept, e.g. 512MiB or 2GiB',
      default: '256MiB',
    },
    {
      flags: '--audit-log <file>',
      description: 'follow a log of Kubernetes audit events, for rules of source k8s_audit; may be repeated',
      repeatable: true,
    },
    {
      flags: '--ingest-listen <address>',
      description:
        'take in audit events (POST /k8s-audit) and alerts of a Falco (POST /falco), e.g. 127.0.0.1:9765',
    },
    {
      flags: '--ingest-token <text>',
      description: 'what must be sent with them off loopback (or PICKET_INGEST_TOKEN)',
    },
    {
      flags: '--ingest-name <name>',
      description: 'a name by which this machine is asked for there; may be repeated',
      repeatable: true,
    },
    {
      flags: '--conntrack',
      description:
        "take in the conversations of the kernel's connection tracking: forwarded ones too, with bytes and NAT",
    },
    {
      flags: '--capture <interface>',
      description:
        'make flows of the packets of an interface, `all` for all of them, with bytes, names and tunnels; may be repeated',
      repeatable: true,
    },
    {
      flags: '--flow-listen <address>',
      description:
        'take in NetFlow v5 and v9, IPFIX and sFlow v5 that routers and switches send there, e.g. 0.0.0.0:2055 or [::]:4739; may be repeated',
      repeatable: true,
    },
    {
      flags: '--flow-from <prefix>',
      description: 'take them from these addresses only, e.g. 198.51.100.0/24; may be repeated',
      repeatable: true,
    },
    {
      flags: '--log <file>',
      description:
        'follow a log of a service: sshd, nginx, Apache, what firewalls refused; `journal` is the journal of systemd; may be repeated',
      repeatable: true,
    },
    {
      flags: '--flow-export <collector>',
      description:
        'send flows that are over on to a collector by IPFIX, e.g. 198.51.100.7:4739, [2001:db8::7]:4739 or tcp://collector.example:4739; may be repeated',
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
    {
      command: 'picket run --falco-config /etc/falco/falco.yaml',
      does: 'the same rules and outputs as Falco, nothing lost while a receiver is away',
    },
    {
      command: 'picket run --record /var/lib/picket/day.picket',
      does: 'a recording to try rules on, without any rule',
    },
    {
      command: 'picket run -r k8s_audit_rules.yaml --audit-log /var/log/kubernetes/audit.log',
      does: 'rules on what is asked of an API server',
    },
    {
      command: 'picket run --capture eth0 --no-store --flows',
      does: 'who talks to whom on an interface, as it happens',
    },
    {
      command: 'picket run --flow-listen 0.0.0.0:2055',
      does: 'what routers and switches see, in any of their protocols',
    },
    {
      command: 'picket run --conntrack --flow-export 198.51.100.7:4739',
      does: 'what passes this router, for a flow collector',
    },
    {
      command: 'picket run --log /var/log/auth.log --log /var/log/nginx/access.log',
      does: 'who guesses passwords here, and whether it worked',
    },
    {
      command: 'picket run --log journal',
      does: 'the same of sshd, and what the firewall refused, by the journal',
    },
    { command: 'picket run --flows -o jsonl | jq .', does: 'every connection as JSON' },
  ],
  async run({ options }, io) {
    const { guard } = await import('../guard.ts');
    const { parseDuration } = await import('../time.ts');
    const bufferKb = options.bufferKb === undefined ? undefined : parseBufferKb(String(options.bufferKb));
    await guard(
      {
        manifests: (options.manifests as string[] | undefined) ?? [],
        rules: rulesOf(options, io),
        ingest: ingestOf(options, io.env.PICKET_INGEST_TOKEN),
        flowSources: flowSourcesOf(options),
        flowExports: many(options.flowExport),
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

function many(value: unknown): readonly string[] {
  return (value as string[] | undefined) ?? [];
}

function flowSourcesOf(options: Readonly<Record<string, unknown>>): GuardRequest['flowSources'] {
  const [listen, from] = [many(options.flowListen), many(options.flowFrom)];
  if (listen.length === 0 && from.length > 0)
    throw new UsageError(
      '--flow-from says who may send flows, and nothing listens for them',
      'add --flow-listen ADDRESS',
    );
  const logs = many(options.log);
  return { conntrack: options.conntrack === true, capture: many(options.capture), listen, from, logs };
}

function ingestOf(
  { auditLog, ingestListen, ingestToken, ingestName }: Readonly<Record<string, unknown>>,
  tokenOfEnvironment: string | undefined,
): GuardRequest['ingest'] {
  return {
    auditLogs: many(auditLog),
    listen: typeof ingestListen === 'string' ? ingestListen : undefined,
    token: typeof ingestToken === 'string' ? ingestToken : tokenOfEnvironment,
    names: many(ingestName).map((name) => name.toLowerCase()),
  };
}

function rulesOf(
  options: Readonly<Record<string, unknown>>,
  { cwd }: Pick<Io, 'cwd'>,
): GuardRequest['rules'] {
  const config = typeof options.falcoConfig === 'string' ? options.falcoConfig : undefined;
  const overrides = many(options.set);
  if (config === undefined && overrides.length > 0)
    throw new UsageError('--set overrides a configuration, and there is none', 'add --falco-config FILE');
  const matching = options.matching as 'first' | 'all' | undefined;
  const sensor = options.eventSensor as GuardRequest['rules']['sensor'];
  const criSocket = typeof options.criSocket === 'string' ? options.criSocket : undefined;
  const record =
    options.record === undefined
      ? undefined
      : { path: resolve(cwd, String(options.record)), maxBytes: parseRecordMax(String(options.recordMax)) };
  return { rules: many(options.rules), config, overrides, matching, sensor, criSocket, record };
}

/** The least that a recording may be bounded to: less has no room for its segments. */
const minRecordingBytes = 8 * 2 ** 20;

/** Bytes of `512MiB` and the like. Throws UsageError. */
function parseRecordMax(text: string): number {
  const [, amount, unit = ''] = /^(\d{1,9})(MiB|GiB|TiB)$/.exec(text) ?? [];
  const bytes = Number(amount) * 2 ** ({ MiB: 20, GiB: 30, TiB: 40 }[unit] ?? 0);
  if (!(bytes >= minRecordingBytes))
    throw new UsageError(`--record-max must be a size from 8MiB, not ${text}`, 'write 512MiB or 2GiB');
  return bytes;
}

function parseBufferKb(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 64 || value > 1_048_576) {
    throw new UsageError(`--buffer-kb must be a whole number from 64 to 1048576, not ${text}`);
  }
  return value;
}

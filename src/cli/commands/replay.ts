import type { Priority } from '../../rules/rule-set.ts';
import { type CommandDefinition, ExitCode, UsageError } from '../command.ts';
import { limitOptions, limitsOf } from '../limits.ts';

/** Options that are about one kind of recording only. */
const forEvents = ['rules', 'record', 'filter', 'isoTime'] as const;
const forFlows = ['manifests', 'write', 'to', 'from', 'exports'] as const;

export const replayCommand: CommandDefinition = {
  name: 'replay',
  arguments: '<recordings...>',
  summary: 'Falco rules, or detectors of flows, over a recording',
  description:
    'Goes through recordings of picket run --record, captures of system calls (.scap, as sysdig and Falco write them) and logs of ' +
    'Kubernetes audit events (one a line, or an EventList), compressed or not, and prints the alerts that the rules raise, as Falco prints ' +
    'them. Entries and returns of calls are one event, as in Falco since 2025. With --record the events, or those of a filter, are written ' +
    'into a recording that says the same of them.\n\n' +
    'Of flows it does what picket run does: they are judged by the manifests, and asked of all detectors, on their own time and as fast as ' +
    'it goes. Flows are read from logs of Zeek (conn.log, TSV or JSON), Suricata (EVE), Hubble, VPCs of AWS and GCP and Picket ' +
    '(JSON lines), and from packet captures (pcap, pcapng). Logs of services tell who logged in or failed to (sshd, nginx, Apache) and ' +
    'what firewalls refused (Linux, RouterOS): files of syslog, access and error logs, and `journalctl -o json`. gzip and Zstandard are unpacked, `-` is standard input. What a file is, its ' +
    'beginning tells. With --write the flows are written in another form instead. Exit code 1 when there is an alert.',
  options: [
    {
      flags: '-r, --rules <path>',
      description: 'rules file or folder; may be given several times',
      repeatable: true,
    },
    {
      flags: '--matching <which>',
      description: 'of an event the first rule that holds, or all',
      choices: ['first', 'all'],
      default: 'first',
    },
    { flags: '--priority <level>', description: 'least priority of rules that are loaded', default: 'debug' },
    {
      flags: '-o, --output <form>',
      description: 'form of the alerts; jsonl is one object a line, as json is for rules',
      choices: ['text', 'json', 'jsonl'],
      default: 'text',
    },
    { flags: '--iso-time', description: 'time as in RFC 3339' },
    {
      flags: '--record <file>',
      description: 'write the events into a new recording; rules may then be left out',
    },
    { flags: '--filter <condition>', description: 'which events are written, in the language of rules' },
    {
      flags: '-m, --manifests <path>',
      description: 'file or folder of manifests that flows are judged by; may be repeated',
      repeatable: true,
    },
    {
      flags: '--write <form>',
      description: 'write the flows in this form, instead of alerts',
      choices: ['zeek', 'jsonl', 'csv', 'ocsf'],
    },
    { flags: '--to <file>', description: 'where the result goes, instead of standard output; flows only' },
    {
      flags: '--from <format>',
      description: 'what logs are, where their beginning does not tell',
      choices: ['zeek', 'zeek-json', 'suricata', 'hubble', 'gcp-vpc', 'picket', 'aws-vpc', 'service-log'],
    },
    {
      flags: '--exports',
      description:
        'of packet captures: not the packets are the flows, but what NetFlow, IPFIX or sFlow in them tells',
    },
    ...limitOptions,
  ],
  examples: [
    { command: 'picket replay trace.scap --rules falco_rules.yaml', does: 'what would have been raised' },
    {
      command: 'picket replay trace.scap -r rules/ --matching all -o json',
      does: 'every rule, one JSON object a line',
    },
    {
      command: 'picket replay audit.log.gz -r k8s_audit_rules.yaml',
      does: 'what was asked of an API server',
    },
    {
      command: "picket replay day.picket --record nginx.picket --filter 'proc.name = nginx'",
      does: 'a part of a recording',
    },
    { command: 'picket replay conn.*.log.gz', does: 'detectors over a day of Zeek' },
    {
      command: 'picket replay dump.pcap -m deploy/',
      does: 'which packets the manifests forbid, and what detectors say',
    },
    {
      command: 'hubble observe -o json | picket replay - -m deploy/ -o json',
      does: 'what Cilium saw, by the declared policies',
    },
    { command: 'picket replay /var/log/auth.log*', does: 'who guessed passwords, and whether it worked' },
    {
      command: 'journalctl -o json -t sshd -t sshd-session -k | picket replay -',
      does: 'the same, and who scanned ports, of a journal',
    },
    { command: 'picket replay dump.pcap --write zeek > conn.log', does: 'a capture as a conn.log' },
  ],
  async run({ args, options }, io) {
    const { flowInputsOf, replayFlows } = await import('../replay/replay-flows.ts');
    const from = options.from === undefined ? undefined : String(options.from);
    const inputs = await flowInputsOf(args, from, io);
    const flows = inputs.filter((input) => input !== undefined);
    if (flows.length > 0) {
      const other = args[inputs.indexOf(undefined)];
      if (flows.length < inputs.length)
        throw new UsageError(
          `${flows[0]?.file.name} holds flows, ${other} does not`,
          'replay flows and events one after the other, or say with --from what the files are',
        );
      refuse(options, forEvents, 'is about events, and these are flows');
      return replayFlows(
        flows,
        {
          manifests: (options.manifests as string[] | undefined) ?? [],
          limits: limitsOf(options),
          exports: options.exports === true,
          output: options.output as 'text' | 'json' | 'jsonl',
          write: options.write === undefined ? undefined : String(options.write),
          to: options.to === undefined ? undefined : String(options.to),
        },
        io,
      );
    }
    refuse(options, forFlows, 'is about flows, and there are none');
    const paths = Array.isArray(options.rules) ? (options.rules as string[]) : [];
    const out = options.record === undefined ? undefined : String(options.record);
    const filter = options.filter === undefined ? undefined : String(options.filter);
    if (paths.length === 0 && out === undefined)
      throw new UsageError(
        'no rules named',
        'add --rules FILE; if these are flows, say of what form with --from',
      );
    if (filter !== undefined && out === undefined)
      throw new UsageError(
        '--filter says which events are written, and no file is named',
        'add --record FILE',
      );
    if (out !== undefined) {
      const { cutRecordings } = await import('../rules/cut-recording.ts');
      const { openRecording } = await import('../rules/open-recording.ts');
      const written = cutRecordings(
        args.map((path) => openRecording(path, io)),
        out,
        filter,
        io,
      );
      io.err(`${written} event${written === 1 ? '' : 's'} written to ${out}\n`);
      if (paths.length === 0) return ExitCode.clean;
    }
    const { loadRuleFiles } = await import('../rules/load-rule-files.ts');
    const { openRecording } = await import('../rules/open-recording.ts');
    const { replay } = await import('../rules/replay.ts');
    const { alertJson, alertText, defaultAlertOptions } = await import('../../rules/format/alert.ts');
    const { priorities } = await import('../../rules/rule-set.ts');
    const least = priorities.findIndex((one) => one.toLowerCase() === String(options.priority).toLowerCase());
    if (least < 0)
      throw new UsageError(`there is no priority ${options.priority}`, `one of ${priorities.join(', ')}`);
    const { rules, correlations, diagnostics, unreadable } = await loadRuleFiles(paths, io);
    for (const { name, reason } of unreadable)
      io.err(`${io.errStyle('yellow', 'not read')}: ${name}: ${reason}\n`);
    const errors = diagnostics.filter(({ severity }) => severity === 'error').length;
    if (errors > 0) {
      io.err(
        `${io.errStyle('yellow', 'warning')}: ${errors} error${errors === 1 ? '' : 's'} in the rules (picket rules check shows them); rules with one are left out\n`,
      );
    }
    const isChosen = ({ priority }: { readonly priority: Priority }) => priorities.indexOf(priority) <= least;
    const chosen = { rules: rules.filter(isChosen), correlations: correlations.filter(isChosen) };
    const settings = { ...defaultAlertOptions, isoTime: options.isoTime === true };
    const print = options.output === 'text' ? alertText : alertJson;
    const active = [...chosen.rules, ...chosen.correlations].filter(({ enabled }) => enabled).length;
    const { progress } = await import('../progress.ts');
    const told = progress(io, 'events');
    let [count, events] = [0, 0];
    for (const path of args) {
      const recording = openRecording(path, io);
      const matching = options.matching === 'all' ? 'all' : 'first';
      for (const alert of replay(recording, chosen, matching, told.step)) {
        told.end();
        io.out(`${print(alert, settings)}\n`);
        count++;
      }
      events += recording.count;
    }
    told.end();
    io.err(
      `${count} alert${count === 1 ? '' : 's'} of ${active} rule${active === 1 ? '' : 's'} over ${events} events\n`,
    );
    return count > 0 ? ExitCode.problems : ExitCode.clean;
  },
};

/** Throws UsageError when one of the options was given. */
function refuse(options: Readonly<Record<string, unknown>>, names: readonly string[], why: string): void {
  const given = names.find((name) => options[name] !== undefined);
  if (given === undefined) return;
  const flag = given.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  throw new UsageError(`--${flag} ${why}`);
}

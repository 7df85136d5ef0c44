import type { Priority } from '../../rules/rule-set.ts';
import { type CommandDefinition, ExitCode, UsageError } from '../command.ts';

export const replayCommand: CommandDefinition = {
  name: 'replay',
  arguments: '<recordings...>',
  summary: 'Falco rules over a recording',
  description:
    'Goes through recordings of picket run --record, captures (.scap, as sysdig and Falco write them) and logs of Kubernetes audit events (one ' +
    'a line, or an EventList), compressed or not, and prints the alerts that the rules raise, as Falco prints them. Entries and returns of ' +
    'calls are one event, as in Falco since 2025. With --record the events, or those of a filter, are written into a recording that says the ' +
    'same of them. Exit code 1 when there is an alert.',
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
      description: 'form of the alerts',
      choices: ['text', 'json'],
      default: 'text',
    },
    { flags: '--iso-time', description: 'time as in RFC 3339' },
    {
      flags: '--record <file>',
      description: 'write the events into a new recording; rules may then be left out',
    },
    { flags: '--filter <condition>', description: 'which events are written, in the language of rules' },
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
  ],
  async run({ args, options }, io) {
    const paths = Array.isArray(options.rules) ? (options.rules as string[]) : [];
    const out = options.record === undefined ? undefined : String(options.record);
    const filter = options.filter === undefined ? undefined : String(options.filter);
    if (paths.length === 0 && out === undefined) throw new UsageError('no rules named', 'add --rules FILE');
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
    const print = options.output === 'json' ? alertJson : alertText;
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

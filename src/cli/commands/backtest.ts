import { type CommandDefinition, ExitCode, outputOption, UsageError } from '../command.ts';
import { limitOptions, limitsOf } from '../limits.ts';

export const backtestCommand: CommandDefinition = {
  name: 'backtest',
  arguments: '[detector] [files...]',
  summary: 'which threshold of a detector keeps to a budget of false alarms',
  description:
    'Runs one detector over recorded flows as picket replay does, with several values of the option that makes it more or less sensitive, ' +
    'and prints for each how many alerts a host and day it raises, with an upper bound that holds with 95 % confidence (Poisson). Then the ' +
    'most sensitive value that keeps to the budget. All alerts count: take a recording of usual days, in which nothing is known to be wrong. ' +
    'Days are counted by hosts of ours: private or declared addresses, and those of --inside; time in which a detector learns does not ' +
    'count. Exit code 1 when no value keeps to the budget by its upper bound.',
  options: [
    {
      flags: '--on <recording>',
      description:
        'log of flows or packet capture, as for picket replay; may be repeated, in the order of time',
      repeatable: true,
    },
    {
      flags: '--budget <alerts>',
      description: 'false alarms that are bearable, of each host: 1/day, 2/week',
      default: '1/day',
    },
    { flags: '--option <name>', description: "option that is tried, instead of the detector's threshold" },
    { flags: '--values <list>', description: 'values to try, the most sensitive first: 10,20,50' },
    {
      flags: '--inside <prefix>',
      description: 'public network that is our own; may be repeated',
      repeatable: true,
    },
    {
      flags: '-m, --manifests <path>',
      description: 'file or folder of manifests that flows are judged by; may be repeated',
      repeatable: true,
    },
    {
      flags: '--from <format>',
      description: 'what logs of flows are, where their beginning does not tell',
      choices: ['zeek', 'zeek-json', 'suricata', 'hubble', 'gcp-vpc', 'picket', 'aws-vpc'],
    },
    outputOption('text', 'json'),
    ...limitOptions,
  ],
  examples: [
    {
      command: 'picket backtest beacon --on conn.log.gz',
      does: 'scores from 0.7 to 0.99, one alert a host and day',
    },
    {
      command: 'picket backtest port-scan conn.*.log.gz --budget 1/week --inside 203.0.113.0/24',
      does: 'a site with public addresses, and a smaller budget',
    },
    {
      command: 'picket backtest exfiltration --on week.pcap --values 50000000,100000000 -o json',
      does: 'two backstops, as JSON',
    },
  ],
  async run({ args, options }, io) {
    const { detectors } = await import('../../detect/registry.ts');
    const { choose, idsOf, insideOf } = await import('../backtest/choose.ts');
    const { parseBudget } = await import('../backtest/backtest.ts');
    const [id, ...more] = args;
    if (id === undefined) throw new UsageError('no detector named', `one of ${idsOf(detectors)}`);
    const chosen = choose(detectors, id, textOf(options.option), textOf(options.values));
    const budget = parseBudget(String(options.budget));
    if (budget === undefined)
      throw new UsageError(
        `${options.budget} is no budget`,
        'write alerts in a time: 1/day, 0.5/week, 2/hour',
      );
    const paths = [...((options.on as string[] | undefined) ?? []), ...more];
    if (paths.length === 0) throw new UsageError('no recording named', 'add --on FILE');
    const { runBacktest } = await import('../backtest/run-backtest.ts');
    const result = await runBacktest(
      chosen,
      {
        paths,
        from: textOf(options.from),
        manifests: (options.manifests as string[] | undefined) ?? [],
        limits: limitsOf(options),
        inside: insideOf((options.inside as string[] | undefined) ?? []),
        budget,
      },
      io,
    );
    if (options.output === 'json') {
      const { backtestJson } = await import('../render/backtest/json.ts');
      io.out(`${JSON.stringify(backtestJson(result, paths), null, 2)}\n`);
    } else {
      const { backtestText } = await import('../render/backtest/text.ts');
      io.out(backtestText(result, io.style));
    }
    return result.meetsSurely === null ? ExitCode.problems : ExitCode.clean;
  },
};

function textOf(value: unknown): string | undefined {
  return value === undefined ? undefined : String(value);
}

import { type CommandDefinition, ExitCode, outputOption, UsageError } from '../command.ts';
import { machineOptions } from '../firewall/machine-options.ts';

export const firewallSimulateCommand: CommandDefinition = {
  name: 'firewall simulate',
  arguments: '[files...]',
  summary: 'the packets of a capture through a packet filter, with counts for every rule',
  description:
    'Reads packet filters as `firewall explain` does, and sends the packets of a capture (pcap, pcapng, packed or not) through them one ' +
    'after another, as the kernel does: connections are tracked with states and timeouts by the times of the capture, addresses are ' +
    'translated and answers translated back, marks are kept. Says how many packets were delivered, forwarded, dropped, or are not known ' +
    'and why, and how many matched each rule. Packets from addresses of the machine are taken for its own. Nothing is sent, nothing is ' +
    'changed, no right is needed. Fragments, helpers of FTP and SIP, and limits are not followed. Exit code 0 whatever the verdicts, 1 where a file has faults.',
  options: [
    { flags: '--pcap <file>', description: 'the capture; - for standard input' },
    ...machineOptions,
    {
      flags: '--in <interface>',
      description: 'interface that packets come in by; the first one when nothing is said',
    },
    { flags: '--trace <number>', description: 'show the way of so many packets, from the first on' },
    outputOption('text', 'json'),
  ],
  examples: [
    {
      command: 'picket firewall simulate firewall.sh --pcap morning.pcap --interface eth0=198.51.100.2/24',
      does: 'what would this script have dropped?',
    },
    {
      command:
        'picket firewall simulate router.nft --pcap wan.pcap --interface wan0=198.51.100.2/24 --interface lan0=10.0.0.1/16 --route default=wan0',
      does: 'a router that translates',
    },
    {
      command:
        'picket firewall simulate rules.v4 --pcap all.pcapng --interface eth0=198.51.100.2/24 --trace 20',
      does: 'the first twenty packets, rule by rule',
    },
  ],
  async run({ args, options }, io) {
    if (args.length === 0) throw new UsageError('no packet filter named', 'name files of rules');
    if (typeof options.pcap !== 'string') throw new UsageError('no capture named', 'say --pcap FILE');
    const { machineOf } = await import('../firewall/machine-options.ts');
    const machine = machineOf(options);
    const inInterface = typeof options.in === 'string' ? options.in : machine.interfaces[0]!.name;
    if (!machine.interfaces.some(({ name }) => name === inInterface))
      throw new UsageError(`--in ${inInterface}: there is no such interface`);
    const trace = traceOf(options.trace);
    const { readInputs } = await import('../inputs.ts');
    const { files, unreadable } = await readInputs(args, io);
    for (const { name, reason } of unreadable)
      io.err(`${io.errStyle('yellow', 'not read')}: ${name}: ${reason}\n`);
    const { FirewallSources } = await import('../firewall/firewall-sources.ts');
    const sources = new FirewallSources(
      files.map(({ name, bytes }) => ({ name, text: new TextDecoder().decode(bytes) })),
    );
    const { placeText } = await import('../firewall/explain-text.ts');
    for (const { message, place } of sources.problems)
      io.err(`${io.errStyle('yellow', 'not followed')}: ${placeText(place)}: ${message}\n`);
    const { openFileBytes } = await import('../replay/file-bytes.ts');
    const { CaptureSimulator } = await import('../firewall/simulate-capture.ts');
    const { progress } = await import('../progress.ts');
    const capture = await openFileBytes(options.pcap, io);
    const { step, end } = progress(io, 'packets');
    const simulator = new CaptureSimulator(sources, machine, { inInterface, trace, step });
    try {
      for await (const chunk of capture.chunks()) simulator.push(chunk);
    } finally {
      end();
    }
    const result = simulator.end();
    const { simulationText } = await import('../firewall/simulation-text.ts');
    const { simulationJson } = await import('../firewall/simulation-json.ts');
    io.out(options.output === 'json' ? simulationJson(result) : simulationText(result, io.style));
    const faults = unreadable.length + sources.problems.length + (result.problem === undefined ? 0 : 1);
    return faults > 0 ? ExitCode.problems : ExitCode.clean;
  },
};

function traceOf(value: unknown): number {
  if (value === undefined) return 0;
  if (typeof value !== 'string' || !/^\d{1,6}$/.test(value))
    throw new UsageError(`--trace ${String(value)} is no number of packets`);
  return Number(value);
}

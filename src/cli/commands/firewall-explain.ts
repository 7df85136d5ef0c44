import { type CommandDefinition, ExitCode, outputOption, UsageError } from '../command.ts';
import { packetOptions } from '../firewall/packet-options.ts';

export const firewallExplainCommand: CommandDefinition = {
  name: 'firewall explain',
  arguments: '[files...]',
  summary: 'what a packet filter does with one packet, rule by rule',
  description:
    'Reads packet filters (dumps of iptables-save and ip6tables-save, of ipset, files for nft and its JSON, shell scripts that call them) and follows one packet ' +
    'through every chain of every table, as the kernel does: a drop is final, an accept ends its own base chain only. Several files are ' +
    'those of one machine. What the options do not say of the packet is not known; where the verdict hangs on that, or on a part of a ' +
    'script that cannot be followed, it is `not known`. Nothing is changed, no right is needed. Exit code 0 whatever the verdict, 1 where ' +
    'a file has faults.',
  options: [...packetOptions, outputOption('text', 'json')],
  examples: [
    {
      command: 'picket firewall explain firewall.sh --from 198.51.100.7 --port 22 --in eth0',
      does: 'may this address open ssh?',
    },
    {
      command:
        'iptables-save | picket firewall explain - --chain forward --from 203.0.113.5 --to 10.0.0.7 --port 80',
      does: 'what passes through a machine as it is now',
    },
    {
      command: 'picket firewall explain rules.v4 rules.v6 --ipv6 --icmp 135',
      does: 'neighbour solicitation over IPv6',
    },
    {
      command: 'picket firewall explain ruleset.nft --port 443 --state established -o json',
      does: 'for scripts',
    },
  ],
  async run({ args, options }, io) {
    if (args.length === 0)
      throw new UsageError('no packet filter named', 'name files, or - for standard input');
    const { packetOf } = await import('../firewall/packet-options.ts');
    const packet = packetOf(options);
    const { readInputs } = await import('../inputs.ts');
    const { files, unreadable } = await readInputs(args, io);
    for (const { name, reason } of unreadable)
      io.err(`${io.errStyle('yellow', 'not read')}: ${name}: ${reason}\n`);
    const { explainPacket } = await import('../firewall/explanation.ts');
    const inputs = files.map(({ name, bytes }) => ({ name, text: new TextDecoder().decode(bytes) }));
    const explanation = explainPacket(inputs, packet);
    const { explanationText, placeText } = await import('../firewall/explain-text.ts');
    for (const { message, place } of explanation.problems)
      io.err(`${io.errStyle('yellow', 'not followed')}: ${placeText(place)}: ${message}\n`);
    io.out(
      options.output === 'json'
        ? `${JSON.stringify({ schemaVersion: 1, ...explanation }, null, 2)}\n`
        : explanationText(explanation, packet, io.style),
    );
    return unreadable.length + explanation.problems.length > 0 ? ExitCode.problems : ExitCode.clean;
  },
};

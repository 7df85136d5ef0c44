import type { SourceTexts } from '../../manifest/resource.ts';
import { type CommandDefinition, ExitCode, outputOption, UsageError } from '../command.ts';

export const firewallCheckCommand: CommandDefinition = {
  name: 'firewall check',
  arguments: '[files...]',
  summary: 'problems in a packet filter',
  description:
    'Reads packet filters (dumps of iptables-save and ip6tables-save, files for nft, shell scripts that call them) and prints every problem ' +
    'with its place, reason and repair: what a restart leaves, where a script is open or cut off while it runs, what the machine needs and ' +
    'is dropped, IPv6 that nobody filters, limits that limit nothing, rules of others that are changed. Several files are those of one ' +
    'machine. Nothing is changed, no right is needed. Firewalls that manifests put on machines are checked by `picket check`. Exit code 1 ' +
    'when there are errors or warnings.',
  options: [
    outputOption('text', 'json', 'sarif', 'github', 'md'),
    {
      flags: '--severity <level>',
      description: 'least severity that makes the exit code 1',
      choices: ['error', 'warning', 'note'],
      default: 'warning',
    },
    {
      flags: '--node <when>',
      description: 'whether the machine is a node of a Kubernetes cluster; auto goes by ports and chains',
      choices: ['auto', 'yes', 'no'],
      default: 'auto',
    },
    { flags: '-q, --quiet', description: 'only the problems, without the defaults on stderr' },
  ],
  examples: [
    { command: 'picket firewall check firewall.sh', does: 'a script, before it runs anywhere' },
    { command: 'picket firewall check rules.v4 rules.v6', does: 'both IP versions of one machine' },
    { command: 'nft list ruleset | picket firewall check -', does: 'what is in force' },
    { command: 'picket firewall check /etc/nftables.conf -o sarif', does: 'for code scanning' },
  ],
  async run({ args, options }, io) {
    if (args.length === 0)
      throw new UsageError('no packet filter named', 'name files, or - for standard input');
    const { readInputs } = await import('../inputs.ts');
    const { files, unreadable } = await readInputs(args, io);
    for (const { name, reason } of unreadable)
      io.err(`${io.errStyle('yellow', 'not read')}: ${name}: ${reason}\n`);
    const inputs = files.map(({ name, bytes }) => ({ name, text: new TextDecoder().decode(bytes) }));
    const { checkFirewallFiles } = await import('../firewall/check-files.ts');
    const { diagnostics, defaults } = checkFirewallFiles(inputs, options.node);
    const { printDiagnostics, diagnosticsExitCode } = await import('../print-diagnostics.ts');
    const texts = new Map(inputs.map(({ name, text }) => [name, text]));
    const sources: SourceTexts = { get: (name) => texts.get(name) };
    await printDiagnostics(diagnostics, sources, options.output, io);
    if (options.quiet !== true) {
      const { defaultsText } = await import('../firewall/defaults-text.ts');
      io.err(defaultsText(defaults));
    }
    if (unreadable.length > 0) return ExitCode.problems;
    return diagnosticsExitCode(diagnostics, options.severity);
  },
};

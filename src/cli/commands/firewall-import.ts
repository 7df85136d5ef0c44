import { type CommandDefinition, ExitCode, outputOption, UsageError } from '../command.ts';

export const firewallImportCommand: CommandDefinition = {
  name: 'firewall import',
  arguments: '[files...]',
  summary: 'an existing packet filter as a HostFirewall',
  description:
    'Reads a packet filter (dumps of iptables-save and ip6tables-save, files for nft, shell scripts, or manifests with a workload that runs ' +
    'such a script) and prints a HostFirewall that means the same, with the line of each rule behind it. Rules that no HostFirewall can say are ' +
    'named with the reason. At the end both are compared for all packets: that they do the same is proved, or the packets are told for which they do ' +
    'not, with examples; besides what every HostFirewall does alike. Nothing is changed. Exit code 1 where something was left out or is not the same.',
  options: [
    { flags: '--name <name>', description: 'name of the HostFirewall', default: 'imported' },
    outputOption('yaml', 'json'),
  ],
  examples: [
    { command: 'picket firewall import firewall.sh > firewall.yaml', does: 'a script' },
    {
      command: 'iptables-save | picket firewall import - rules.v6',
      does: 'what is in force, of both versions',
    },
    { command: 'picket firewall import deploy/firewall.yaml --name edge', does: 'the script of a DaemonSet' },
  ],
  async run({ args, options }, io) {
    if (args.length === 0)
      throw new UsageError('no packet filter named', 'name files, or - for standard input');
    const name = String(options.name);
    if (!/^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/.test(name))
      throw new UsageError(
        `\`${name}\` is no name of a resource`,
        'write small letters, digits, `-` and `.`',
      );
    const { readInputs } = await import('../inputs.ts');
    const { readMachine } = await import('../firewall/read-machine.ts');
    const { importRuleset, specOf } = await import('../../firewall/host-firewall/import/import.ts');
    const { proveImport } = await import('../../firewall/host-firewall/import/proof.ts');
    const { proofJson, proofText } = await import('../firewall/proof-text.ts');
    const { importedYaml } = await import('../../firewall/host-firewall/import/yaml.ts');
    const { files, unreadable } = await readInputs(args, io);
    const machine = readMachine(files);
    const imported = importRuleset(machine.ruleset);
    const placeOf = (at: { start: number; end: number }) => {
      const { file, start } = machine.span(at);
      return { file, line: start.line, column: start.column };
    };
    const placeText = (at: { start: number; end: number }) => `${placeOf(at).file}:${placeOf(at).line}`;
    const left = imported.left.map(({ rule, why }) => ({ rule: rule.text, why, at: rule.at }));
    const blind = [
      ...machine.problems.map(({ at, message }) => ({ why: message, at })),
      ...machine.ruleset.opaque.map(({ at, why }) => ({ why, at })),
    ];
    for (const { name: file, reason } of unreadable)
      io.err(`${io.errStyle('yellow', 'not read')}: ${file}: ${reason}\n`);
    for (const { why, at } of blind)
      io.err(`${io.errStyle('yellow', 'not followed')}: ${placeText(at)}: ${why}\n`);
    for (const { rule, why, at } of left)
      io.err(`${io.errStyle('yellow', 'left out')}: ${placeText(at)}: ${rule}: ${why}\n`);
    const proof = proveImport(machine.ruleset, imported);
    if (options.output === 'json') {
      const report = {
        schemaVersion: 1,
        name,
        spec: specOf(imported),
        left: left.map(({ rule, why, at }) => ({ rule, why, place: placeOf(at) })),
        notFollowed: blind.map(({ why, at }) => ({ why, place: placeOf(at) })),
        ...proofJson(proof),
      };
      io.out(`${JSON.stringify(report, null, 2)}\n`);
    } else io.out(importedYaml(imported, name, ({ at }) => placeText(at)));
    io.err(proofText(proof, io.errStyle));
    return left.length + blind.length + unreadable.length > 0 || proof.equal !== true
      ? ExitCode.problems
      : ExitCode.clean;
  },
};

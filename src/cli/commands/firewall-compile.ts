import { type CommandDefinition, ExitCode, outputOption, UsageError } from '../command.ts';
import { labelOption } from '../firewall/choose-declaration.ts';
import { limitOptions, limitsOf } from '../limits.ts';

export const firewallCompileCommand: CommandDefinition = {
  name: 'firewall compile',
  arguments: '[paths...]',
  summary: 'a declared HostFirewall as rules of nftables',
  description:
    'Reads manifests and prints the table that a HostFirewall stands for, complete, as text that `nft -f` takes: `table inet picket` and nothing ' +
    'else. Comments name the lines of the declaration. Nothing is changed on this machine. Where several are declared, --label says which ' +
    'machine is meant. Exit code 1 where the declaration has errors; nothing is printed then.',
  options: [labelOption, ...limitOptions, outputOption('text', 'json')],
  examples: [
    { command: 'picket firewall compile picket.yaml', does: 'the table of the site file' },
    {
      command: 'picket firewall compile deploy/ --label role=edge',
      does: 'that of machines with this label',
    },
    {
      command: 'picket firewall compile picket.yaml | nft -c -f -',
      does: 'does the nft of this machine take it?',
    },
  ],
  async run({ args, options }, io) {
    if (args.length === 0)
      throw new UsageError('no manifests named', 'name files or folders, or - for standard input');
    const { loadPosture } = await import('../load-posture.ts');
    const { chooseDeclaration } = await import('../firewall/choose-declaration.ts');
    const loaded = await loadPosture(args, io, limitsOf(options));
    for (const { name, reason } of loaded.unreadable)
      io.err(`${io.errStyle('yellow', 'not read')}: ${name}: ${reason}\n`);
    const { name, firewall, keyAt } = chooseDeclaration(loaded.set, options.label as string[] | undefined);
    if (firewall === undefined) {
      const { problemsOf } = await import('../problems.ts');
      const { renderTerminal } = await import('../../diagnostic/render/terminal.ts');
      const errors = problemsOf(loaded, loaded.files).filter(({ severity }) => severity === 'error');
      const { sources } = loaded.set;
      io.err(renderTerminal(errors, { sources, style: io.errStyle, columns: io.columns }));
      io.err(`${name} has errors, so that it stands for no table\n`);
      return ExitCode.problems;
    }
    const { compileHostFirewall } = await import('../../firewall/host-firewall/compile.ts');
    const { text, lines } = compileHostFirewall(firewall, {
      origin: (path) => {
        const { file, start } = keyAt(path);
        return `${file}:${start.line}`;
      },
    });
    if (options.output === 'json') {
      const { pathText } = await import('../../firewall/host-firewall/table-text.ts');
      const origins = lines.flatMap(({ path, part }, at) => {
        if (path === undefined) return [];
        const { file, start } = keyAt(path);
        const place = { file, line: start.line, column: start.column };
        return [{ line: at + 1, path: pathText(path), ...(part && { part }), place }];
      });
      io.out(`${JSON.stringify({ schemaVersion: 1, declaration: name, text, origins }, null, 2)}\n`);
    } else io.out(text);
    return loaded.unreadable.length > 0 ? ExitCode.problems : ExitCode.clean;
  },
};

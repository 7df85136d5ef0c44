import type { Packet } from '../../firewall/packet.ts';
import { type CommandDefinition, ExitCode, FailedError, outputOption } from '../command.ts';

export const firewallShowCommand: CommandDefinition = {
  name: 'firewall show',
  arguments: '[files...]',
  summary: 'what is in force, over all owners, in one listing',
  description:
    'Lists every rule that a packet meets, hook by hook in the order in which the kernel walks them: those of nft, of iptables-nft and ' +
    'of iptables-legacy beside each other, with owner (Docker, kube-proxy, firewalld and others), default, counters, and each rule in ' +
    'the same words whatever language it was written in. Without files it reads this machine, which needs root; nothing is changed. ' +
    'Files are dumps of iptables-save and ip6tables-save, files for nft, and shell scripts.',
  options: [
    {
      flags: '--path <name>',
      description: 'only the hooks that packets of this path pass',
      choices: ['input', 'forward', 'output'],
    },
    {
      flags: '--owner <name>',
      description: 'only rules of this owner, e.g. docker; none for those of nobody known',
    },
    outputOption('text', 'json'),
  ],
  examples: [
    { command: 'picket firewall show', does: 'what is in force on this machine now' },
    { command: 'picket firewall show --path input', does: 'what a packet for this machine meets' },
    { command: 'picket firewall show --owner kube-proxy -o json', does: 'for scripts' },
    { command: 'picket firewall show rules.v4 rules.v6', does: 'what files would do' },
  ],
  async run({ args, options }, io) {
    const { listFirewall } = await import('../../firewall/listing/listing.ts');
    const { texts, ipsets, failed } = args.length === 0 ? await readMachine() : await readFiles(args, io);
    for (const { name, reason } of failed)
      io.err(`${io.errStyle('yellow', 'not read')}: ${name}: ${reason}\n`);
    const path =
      typeof options.path === 'string' ? (options.path.toUpperCase() as Packet['chain']) : undefined;
    const owner = typeof options.owner === 'string' ? options.owner : undefined;
    const listing = listFirewall(texts, { ...(path && { path }), ...(owner !== undefined && { owner }) });
    const { readIpsetList } = await import('../../firewall/listing/ipset-list.ts');
    const whole = {
      ...listing,
      sets: [...listing.sets, ...(owner === undefined ? readIpsetList(ipsets) : [])],
    };
    for (const { file, line, why } of whole.notFollowed)
      io.err(`${io.errStyle('yellow', 'not followed')}: ${file}:${line}: ${why}\n`);
    const { listingText } = await import('../firewall/listing-text.ts');
    io.out(
      options.output === 'json'
        ? `${JSON.stringify({ schemaVersion: 1, ...whole }, null, 2)}\n`
        : listingText(whole, io.style, io.columns),
    );
    return failed.length > 0 ? ExitCode.problems : ExitCode.clean;
  },
};

interface Read {
  readonly texts: readonly { readonly name: string; readonly text: string }[];
  readonly ipsets: string;
  readonly failed: readonly { readonly name: string; readonly reason: string }[];
}

async function readMachine(): Promise<Read> {
  const { readFilterTexts } = await import('../../enforce/filter-texts.ts');
  const { ownRunner } = await import('../../enforce/runner.ts');
  try {
    const { files, ipsets, failed } = await readFilterTexts(ownRunner());
    return { texts: files, ipsets, failed };
  } catch (error) {
    throw new FailedError((error as Error).message);
  }
}

async function readFiles(
  args: readonly string[],
  io: Parameters<CommandDefinition['run']>[1],
): Promise<Read> {
  const { readInputs } = await import('../inputs.ts');
  const { files, unreadable } = await readInputs(args, io);
  const texts = files.map(({ name, bytes }) => ({ name, text: new TextDecoder().decode(bytes) }));
  return { texts, ipsets: '', failed: unreadable };
}

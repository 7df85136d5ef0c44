import { type CommandDefinition, ExitCode, outputOption, UsageError } from '../command.ts';
import type { Io } from '../io.ts';

/** Packets that are made and kept for one verification, at most. */
const mostVerified = 2_000_000;

export const firewallCompareCommand: CommandDefinition = {
  name: 'firewall compare',
  arguments: '<old> <new>',
  summary: 'which packets two packet filters treat differently',
  description:
    'Compares what two packet filters (dumps of iptables-save and ip6tables-save, files for nft, shell scripts that call them) do with every ' +
    'packet that there can be, exactly and not by samples: which are newly accepted, newly dropped, or leave with another address or mark, ' +
    'for each path and IP version, with an example and the rules that decide on both sides. Order, chains and spelling of rules do not ' +
    'matter. Where the answer hangs on what is not modelled (a rate limit, a match of the owner), packets `may differ`. Exit ' +
    'code 0 when both do the same, 1 when they differ, or where that is not known; 3 when the kernel refutes that (--verify), or cannot be asked.',
  options: [
    {
      flags: '--old <file>',
      description: 'another file of the old machine; may be given several times',
      repeatable: true,
    },
    {
      flags: '--new <file>',
      description: 'another file of the new machine; may be given several times',
      repeatable: true,
    },
    {
      flags: '-n, --limit <number>',
      description: 'differences of one kind and path that are shown',
      default: '10',
    },
    {
      flags: '--verify',
      description:
        'let the kernel confirm it: load both into network namespaces made for it and send examples and other packets to each; needs root',
    },
    {
      flags: '--verify-packets <number>',
      description: 'packets that --verify sends beside the examples',
      default: '20000',
    },
    outputOption('text', 'json'),
  ],
  examples: [
    { command: 'picket firewall compare old.nft new.nft', does: 'what a change opens and closes' },
    {
      command: 'iptables-save | picket firewall compare - firewall.sh',
      does: 'is the script what this machine has?',
    },
    {
      command: 'picket firewall compare rules.v4 ruleset.nft --old rules.v6',
      does: 'did the move from iptables and ip6tables to nft change anything?',
    },
    { command: 'picket firewall compare old.nft optimized.nft -o json', does: 'for scripts' },
    {
      command: 'sudo picket firewall compare old.nft optimized.nft --verify',
      does: 'does the kernel see it the same way?',
    },
  ],
  async run({ args, options }, io) {
    const [old, now] = [args[0]!, args[1]!];
    const most = countOf(options.limit, '--limit');
    const packets = countOf(options.verifyPackets, '--verify-packets', mostVerified);
    const before = await textsOf([old, ...listOf(options.old)], io);
    const after = await textsOf([now, ...listOf(options.new)], io);
    const { compareFiles, comparisonJson } = await import('../firewall/comparison.ts');
    const compared = compareFiles(before, after, { most });
    const { verificationJson, verificationText, verifyFiles } = await import('../firewall/verification.ts');
    const verified = options.verify ? await verifyFiles(before, after, compared, packets) : undefined;
    const { placeText } = await import('../firewall/explain-text.ts');
    for (const { message, place } of compared.comparison.problems)
      io.err(`${io.errStyle('yellow', 'not followed')}: ${placeText(place)}: ${message}\n`);
    if (options.output === 'json') {
      const json = { ...comparisonJson(compared), ...(verified && { verified: verificationJson(verified) }) };
      io.out(`${JSON.stringify(json, null, 2)}\n`);
    } else {
      const { comparisonText } = await import('../firewall/compare-text.ts');
      io.out(comparisonText(compared.comparison, io.style));
      if (verified !== undefined) io.out(verificationText(verified, io.style));
    }
    if (verified !== undefined && verified.disagreements > 0) return ExitCode.failed;
    return compared.comparison.equal ? ExitCode.clean : ExitCode.problems;
  },
};

function listOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? (value as string[]) : [];
}

async function textsOf(names: readonly string[], io: Io) {
  const { readInputs } = await import('../inputs.ts');
  const { files, unreadable } = await readInputs(names, io);
  const [fault] = unreadable;
  // Half a packet filter would be compared as if it were whole.
  if (fault !== undefined) throw new UsageError(`${fault.name} cannot be read: ${fault.reason}`);
  return files.map(({ name, bytes }) => ({ name, text: new TextDecoder().decode(bytes) }));
}

function countOf(value: unknown, option: string, most = Number.MAX_SAFE_INTEGER): number {
  const count = Number(value);
  if (Number.isInteger(count) && count > 0 && count <= most) return count;
  const upTo = most === Number.MAX_SAFE_INTEGER ? 'up' : `up to ${most}`;
  throw new UsageError(`${option} must be a whole number from 1 ${upTo}, not ${value}`);
}

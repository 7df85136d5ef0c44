import { isDumped } from '../firewall/guard/machine-rules.ts';
import { splitNftTables } from '../firewall/nft-tables.ts';
import type { Runner } from './runner.ts';

/** What programs print of the packet filter of a network namespace, each under the command that printed it. */
export interface PrintedFilter {
  readonly files: readonly { readonly name: string; readonly text: string }[];
  /** `ipset list -terse`; empty where there are none. */
  readonly ipsets: string;
  /** Commands that failed, with what they said. */
  readonly failed: readonly { readonly name: string; readonly reason: string }[];
}

const dumps = ['iptables-nft-save', 'ip6tables-nft-save', 'iptables-legacy-save', 'ip6tables-legacy-save'];

/**
 * Reads the whole packet filter, over all owners and both backends, and changes nothing. Tables that iptables made in nf_tables
 * are taken from its own dump, since nft does not print all of their matches. Throws an Error where the kernel lets nobody
 * look (without CAP_NET_ADMIN), or where no program is there that could.
 */
export async function readFilterTexts(runner: Runner): Promise<PrintedFilter> {
  const found = ['nft', ...dumps].filter((program) => runner.find(program) !== undefined);
  if (found.length === 0) throw new Error('neither nft nor iptables is on this machine');
  const failed: { name: string; reason: string }[] = [];
  const read = async (program: string, args: readonly string[]): Promise<string> => {
    if (runner.find(program) === undefined) return '';
    const { code, out, err } = await runner.run(program, args);
    if (code === 0) return out;
    const reason = err.trim().split('\n')[0] ?? '';
    if (/not permitted|denied|must be root/i.test(err))
      throw new Error(`the packet filter cannot be read: ${reason}; that needs root or CAP_NET_ADMIN`);
    failed.push({ name: [program, ...args].join(' '), reason });
    return '';
  };
  const nft = await read('nft', ['list', 'ruleset']);
  const dumped: Record<string, string> = {};
  for (const program of dumps) dumped[program] = await read(program, ['-c']);
  const files = [
    { name: 'nft list ruleset', text: withoutDumped(nft, dumped) },
    ...dumps.map((program) => ({ name: `${program} -c`, text: dumped[program] ?? '' })),
  ];
  return {
    files: files.filter(({ text }) => text.trim() !== ''),
    ipsets: await read('ipset', ['list', '-terse']),
    failed,
  };
}

/** Lines stay where they are. */
function withoutDumped(nft: string, dumped: Readonly<Record<string, string>>): string {
  let text = nft;
  for (const { family, name, at } of splitNftTables(nft).tables) {
    if (!isDumped(dumped, family, name)) continue;
    const blank = text.slice(at.start, at.end).replace(/[^\n]/g, ' ');
    text = text.slice(0, at.start) + blank + text.slice(at.end);
  }
  return text.replace(/^# Warning: table .*$/gm, '');
}

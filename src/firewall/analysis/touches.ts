import type { Range } from '../../manifest/locations.ts';
import { iptablesTool } from '../iptables.ts';
import type { Table } from '../ruleset.ts';
import type { FirewallCall } from '../script-text.ts';
import { type FirewallOwner, ownerOfChain } from './owners.ts';
import type { FirewallSubject } from './subject.ts';

/** A command that takes away or changes what is not the text's own. */
export interface Touch {
  readonly at: Range;
  /** E.g. `this empties every chain of the table filter`, or the chain that it changes. */
  readonly what: string;
  /** Whose it is; undefined where it is everybody's. */
  readonly owner?: FirewallOwner;
}

/** Finds the commands of a text that flush whole tables, or change chains and tables that are known to be of others. */
export function* touches(firewall: FirewallSubject): Generator<Touch> {
  for (const call of firewall.calls) yield* ofIptables(firewall, call);
  for (const { text, at } of firewall.texts) {
    for (const found of text.matchAll(nftCommand)) {
      if (isComment(text, found.index)) continue;
      const start = at + found.index;
      const place = { start, end: start + found[0].length };
      const [, , family, name] = found;
      if (name === undefined) yield { at: place, what: 'this deletes all tables of nf_tables' };
      else {
        const owner = ownerOfChain(tableOf(family, name), '');
        if (owner !== undefined && owner.name !== 'Picket')
          yield { at: place, what: `the table ${family ?? 'ip'} ${name}`, owner };
      }
    }
  }
}

const nftCommand = /\b(flush\s+ruleset|(?:flush|delete|destroy)\s+table\s+(?:(ip6?|inet)\s+)?([\w.-]+))/g;

function tableOf(family: string | undefined, name: string): Table {
  return {
    family: family === 'ip6' || family === 'inet' ? family : 'ip',
    name,
    backend: 'nft',
    chains: new Map(),
  };
}

function isComment(text: string, at: number): boolean {
  const line = text.slice(text.lastIndexOf('\n', at) + 1, at);
  return /(?:^|\s)#/.test(line);
}

const verbs: Readonly<Record<string, string>> = {
  '-F': 'flush',
  '--flush': 'flush',
  '-X': 'delete',
  '--delete-chain': 'delete',
  '-A': 'change',
  '--append': 'change',
  '-I': 'change',
  '--insert': 'change',
  '-D': 'change',
  '--delete': 'change',
  '-R': 'change',
  '--replace': 'change',
};

function* ofIptables(firewall: FirewallSubject, { program, at }: FirewallCall): Generator<Touch> {
  const tool = iptablesTool(program);
  if (tool === undefined || tool.restore) return;
  const words = firewall.text(at).split(/\s+/);
  const tableAt = words.findIndex((word) => word === '-t' || word === '--table');
  const table = tableAt < 0 ? 'filter' : (words[tableAt + 1] ?? 'filter');
  const verbAt = words.findIndex((word) => Object.hasOwn(verbs, word));
  if (verbAt < 0) return;
  const verb = verbs[words[verbAt]!]!;
  const chain = words[verbAt + 1];
  if (chain === undefined || /^[-;&|<>\d]/.test(chain)) {
    if (verb === 'flush') yield { at, what: `this empties every chain of the table ${table}` };
    return;
  }
  const owner = ownerOfChain(
    { family: tool.family, name: table, backend: tool.backend, chains: new Map() },
    chain,
  );
  if (owner === undefined || owner.name === 'Docker (for you)' || makes(firewall, chain)) return;
  yield { at, what: `the chain ${chain}`, owner };
}

/** Whether the text makes the chain itself. */
function makes({ texts }: FirewallSubject, chain: string): boolean {
  return texts.some(({ text }) => text.includes(`-N ${chain}`) || text.includes(`--new-chain ${chain}`));
}

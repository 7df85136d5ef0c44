import type { Range } from '../manifest/locations.ts';
import type { Ipsets } from './ipset.ts';
import { applyIptables, type IptablesTool } from './iptables.ts';
import type { Argument } from './iptables-rule.ts';
import type { FirewallProblem, Ruleset } from './ruleset.ts';
import { RulesetBuilder } from './ruleset-builder.ts';

/** How `iptables-restore` is called. */
export interface RestoreOptions {
  /** `--noflush`: what the tables hold already stays. */
  readonly keep?: boolean;
  /** The table of lines before the first `*table`; `-T`. */
  readonly table?: string;
  /** Sets of ipset that are there already. */
  readonly ipsets?: Ipsets;
}

/** Returns the ruleset of a dump of iptables-save or `iptables -S`, with places that begin at `offset`. Never throws. */
export function parseDump(
  text: string,
  family: 'ip' | 'ip6',
  options: RestoreOptions = {},
  offset = 0,
): { readonly ruleset: Ruleset; readonly problems: readonly FirewallProblem[] } {
  const builder = new RulesetBuilder(options.ipsets);
  applyRestore(builder, { family, backend: 'iptables', restore: true }, text, offset, options);
  return { ruleset: builder.ruleset, problems: builder.problems };
}

/**
 * Does to the ruleset what iptables-restore does with `text`, which stands at `offset` in the text that places count
 * in (iptables-restore(8); lines as in libxtables' own reader: double quotes, backslash). Returns whether it is free
 * of faults. Linear.
 */
export function applyRestore(
  builder: RulesetBuilder,
  tool: IptablesTool,
  text: string,
  offset: number,
  { keep = false, table = 'filter' }: RestoreOptions = {},
): boolean {
  const before = builder.problems.length;
  let current = table;
  for (let start = 0; start < text.length; ) {
    const newline = text.indexOf('\n', start);
    const end = newline < 0 ? text.length : newline;
    const words = splitLine(text.slice(start, end), offset + start);
    const at: Range = {
      start: words[0]?.at.start ?? offset + start,
      end: words.at(-1)?.at.end ?? offset + end,
    };
    start = end + 1;
    const [first] = words;
    if (first === undefined || first.text.startsWith('#') || first.text === 'COMMIT') continue;
    if (first.text.startsWith('*')) {
      current = first.text.slice(1);
      const found = builder.ipTable(tool.family, tool.backend, current);
      if (found === undefined) {
        builder.problem(at, `there is no table ${current}`);
        builder.notFollowed(at, `the table ${current} is not known`);
      } else if (!keep) {
        for (const chain of [...found.chains.values()]) {
          chain.rules.length = 0;
          if (chain.base === undefined) found.chains.delete(chain.name);
        }
      }
      continue;
    }
    const counters = /^\[\d+:\d+\]$/.test(first.text) ? 1 : 0;
    const line = first.text.startsWith(':') ? chainLine(words) : words.slice(counters);
    const option: Argument[] = ['-t', current].map((word) => ({ text: word, at, known: true }));
    for (const command of first.text.startsWith(':') ? chainCommands(builder, tool, current, line) : [line]) {
      applyIptables(builder, tool, [...option, ...command], at);
    }
  }
  return builder.problems.length === before;
}

/** The chain and the policy of `:INPUT DROP [0:0]`. */
function chainLine(words: readonly Argument[]): Argument[] {
  const [name, policy] = words;
  return [{ ...name!, text: name!.text.slice(1) }, ...(policy === undefined ? [] : [policy])];
}

/** What `:CHAIN POLICY` does: it sets a policy, or creates an empty chain. */
function chainCommands(
  builder: RulesetBuilder,
  tool: IptablesTool,
  table: string,
  [name, policy]: readonly Argument[],
): Argument[][] {
  if (name === undefined) return [];
  const command = (text: string): Argument => ({ ...name, text });
  const existing = builder.ipTable(tool.family, tool.backend, table)?.chains.get(name.text);
  if (existing?.base !== undefined) {
    return policy === undefined || policy.text === '-' ? [] : [[command('-P'), name, policy]];
  }
  return [[command(existing === undefined ? '-N' : '-F'), name]];
}

/** Splits a line at blanks; double quotes group, a backslash takes the next character as it is. */
function splitLine(line: string, offset: number): Argument[] {
  const words: Argument[] = [];
  let text = '';
  let start = -1;
  let quoted = false;
  for (let i = 0; i <= line.length; i++) {
    const sign = line[i];
    const blank = sign === undefined || (!quoted && (sign === ' ' || sign === '\t' || sign === '\r'));
    if (blank) {
      if (start >= 0) words.push({ text, at: { start: offset + start, end: offset + i }, known: true });
      start = -1;
      text = '';
      continue;
    }
    if (start < 0) start = i;
    if (sign === '"') quoted = !quoted;
    else if (sign === '\\' && i + 1 < line.length) text += line[++i];
    else text += sign;
  }
  return words;
}

import { diagnose } from '../../../diagnostic/diagnostic.ts';
import type { FirewallCall } from '../../../firewall/script-text.ts';
import type { Range } from '../../../manifest/locations.ts';
import { readFirewalls } from '../../firewalls.ts';
import type { HostFirewall } from '../../host-firewall.ts';
import type { Check } from '../definition.ts';
import { usesNft } from './filtering.ts';

const appending: ReadonlySet<string> = new Set(['-A', '--append', '-I', '--insert']);
const clearing: ReadonlySet<string> = new Set(['-F', '--flush', '-D', '--delete', '-C', '--check']);

/** Rules that each run of the script adds to those of the run before. */
export const appendsAgain: Check = {
  code: 'PKT1202',
  title: 'Rules added again on every run',
  class: 'provable',
  severity: 'warning',
  since: '0.2.0',
  doc: `Rules live in the kernel, not in the container: a script that appends finds those of its earlier runs. \`iptables -A\`
never looks whether a rule is there, so that each start doubles the list; and a rule that is new in the script comes behind
the DROP of the first run, where it never matches. A \`table\` block read by \`nft -f\` adds to an existing table too.

Keep the rules in a chain (or table) of your own and replace it as a whole: \`iptables-restore --noflush\` with the chain
declared anew and one jump that is looked for with \`-C\`, or a file for \`nft -f\` that begins with
\`table inet NAME\` and \`delete table inet NAME\`. Do not flush INPUT itself: others have rules there.`,
  example: {
    bad: 'iptables -A INPUT -p tcp --dport 22 -j ACCEPT\niptables -A INPUT -j DROP',
    good: 'table inet edge\ndelete table inet edge\ntable inet edge {\n  chain input {\n    type filter hook input priority filter; policy drop;\n    tcp dport 22 accept\n  }\n}',
  },
  run({ controls }) {
    return readFirewalls(controls).flatMap((firewall) => {
      // Hooks of WireGuard have their counterpart in PreDown and PostDown.
      if (firewall.script === undefined || firewall.container.role === 'init') return [];
      const places = repeated(firewall);
      const [first] = places;
      if (first === undefined) return [];
      const rules = places.length === 1 ? 'this rule' : `these ${places.length} rules`;
      return [
        diagnose(appendsAgain, {
          message: `every run adds ${rules} to those of the run before: one that is new in the script then stands behind the old DROP and never matches`,
          span: firewall.span(first),
          help: usesNft(firewall)
            ? 'begin the file with `table inet NAME` and `delete table inet NAME`, so that one transaction replaces the table'
            : 'keep the rules in a chain of your own: `iptables -N EDGE 2>/dev/null || true`, `iptables -F EDGE`, `iptables -A EDGE …`, `iptables -C INPUT -j EDGE || iptables -I INPUT -j EDGE`; or replace a table of your own with `nft -f`',
        }),
      ];
    });
  },
};

/** Where rules are added to what no line has cleared before. */
function repeated(firewall: HostFirewall): Range[] {
  // The rules may stand in a text that the script hands to nft.
  const all = [firewall.script?.text.text, ...firewall.calls.map((call) => firewall.text(call.at))].join(
    '\n',
  );
  const nftClears = /\b(?:flush|delete|destroy)\s+(?:ruleset|table|chain)\b/.test(all);
  const cleared = new Set<string>();
  const found: Range[] = [];
  for (const call of firewall.calls) {
    const chain = chainOf(firewall, call);
    if (chain === undefined) continue;
    if (chain.clears) cleared.add(chain.name);
    else if (!cleared.has(chain.name) && !cleared.has(chain.table)) found.push(call.at);
  }
  if (nftClears || found.length > 0) return found;
  return firewall.ruleset.tables
    .filter(({ backend }) => backend === 'nft')
    .flatMap(({ chains }) => [...chains.values()].flatMap(({ rules }) => rules.map(({ at }) => at)));
}

/** The chain that a call of iptables adds to or clears, and its table; undefined for other calls. */
function chainOf(
  firewall: HostFirewall,
  { program, at }: FirewallCall,
): { readonly table: string; readonly name: string; readonly clears: boolean } | undefined {
  if (!/^ip6?tables(?:-nft|-legacy)?$/.test(program)) return undefined;
  const words = firewall.text(at).split(/\s+/);
  const tableAt = words.findIndex((word) => word === '-t' || word === '--table');
  const table = `${program} ${tableAt < 0 ? 'filter' : (words[tableAt + 1] ?? '')}`;
  const action = words.findIndex((word) => appending.has(word) || clearing.has(word));
  const [word, chain] = words.slice(action, action + 2);
  if (action < 0 || word === undefined) return undefined;
  const clears = clearing.has(word);
  // Without a chain, -F clears the whole table.
  const name = chain === undefined || chain.startsWith('-') ? table : `${table} ${chain}`;
  return { table, name, clears };
}

import { diagnose } from '../../../diagnostic/diagnostic.ts';
import type { Range } from '../../../manifest/locations.ts';
import { readNftSets, splitNftTables } from '../../nft-tables.ts';
import type { FirewallCheck } from '../definition.ts';
import type { FirewallSubject } from '../subject.ts';

/** A set that packets fill, whose elements never go away. */
export const setFillsUp: FirewallCheck = {
  code: 'PKT1224',
  title: 'Set that fills up and then lets through',
  class: 'product',
  severity: 'warning',
  since: '0.2.0',
  doc: `Packets put their addresses into the set (\`add @set\`, \`update @set\`), and nothing takes them out: neither the set nor the rule has a
\`timeout\`. Once it holds as many as its \`size\` says (65535 when nothing is said), adding fails, and a rule whose statement fails does
not match: what it was to drop passes from then on, for every new address. Whoever can send from many addresses, or forge them, fills
it in a second; the memory stays taken until the table is loaded anew.

Give the set a \`timeout\` a little longer than the limit looks back, and a \`size\` for the most addresses that come in that time.`,
  example: {
    bad: 'set clients { type ipv4_addr; flags dynamic; }\n…\ntcp dport 22 ct state new add @clients { ip saddr limit rate over 10/minute } drop',
    good: 'set clients { type ipv4_addr; flags dynamic, timeout; timeout 2m; size 65535; }\n…\ntcp dport 22 ct state new update @clients { ip saddr limit rate over 10/minute } drop',
  },
  run(firewall) {
    return fillingSets(firewall).map(({ name, size, at }) =>
      diagnose(setFillsUp, {
        message: `nothing takes addresses out of ${name} again: after ${size} of them it is full, the rule that adds to it no longer matches, and what it was to stop passes`,
        span: firewall.span(at),
        help: `give it a time after which they go: \`flags dynamic, timeout; timeout 2m; size ${size}\``,
      }),
    );
  },
};

interface FillingSet {
  readonly name: string;
  readonly size: string;
  readonly at: Range;
}

function fillingSets({ texts }: FirewallSubject): FillingSet[] {
  return texts.flatMap(({ text: whole, at }) =>
    splitNftTables(whole).tables.flatMap((table) =>
      readNftSets(table.text).flatMap((set): FillingSet[] => {
        const body = table.text.slice(set.bodyAt.start, set.bodyAt.end);
        const uses = [...table.text.matchAll(/\b(?:add|update) @([\w.-]+) \{([^}]*)\}/g)].filter(
          ([, name]) => name === set.name,
        );
        // Counts of connections leave the set when the last one ends.
        const stays = uses.some(([, , what]) => !/\btimeout\b|\bct count\b/.test(what ?? ''));
        if (!stays || /\btimeout\b/.test(body)) return [];
        const size = /\bsize (\d+)/.exec(body)?.[1] ?? '65535';
        const start = at + table.at.start + table.text.lastIndexOf(set.name, set.bodyAt.start);
        return [{ name: set.name, size, at: { start, end: start + set.name.length } }];
      }),
    ),
  );
}

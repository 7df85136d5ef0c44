import { diagnose } from '../../../diagnostic/diagnostic.ts';
import type { FirewallCheck } from '../definition.ts';
import { usesNft } from '../filtering.ts';
import { addedAgain } from '../second-run.ts';

/** Rules that each run of the script adds to those of the run before. */
export const appendsAgain: FirewallCheck = {
  code: 'PKT1202',
  title: 'Rules added again on every run',
  class: 'provable',
  severity: 'warning',
  since: '0.2.0',
  doc: `Rules live in the kernel, not in the container: a script that appends finds those of its earlier runs. \`iptables -A\`
never looks whether a rule is there, so that each start doubles the list; and what accepts then stands behind the DROP of the
first run, where it never matches: a rule that is new in the script, or changed, has no effect. A \`table\` block read by \`nft -f\` adds to an existing table too.

Keep the rules in a chain (or table) of your own and replace it as a whole: \`iptables-restore --noflush\` with the chain
declared anew and one jump that is looked for with \`-C\`, or a file for \`nft -f\` that begins with
\`table inet NAME\` and \`delete table inet NAME\`. Do not flush INPUT itself: others have rules there.`,
  example: {
    bad: 'iptables -A INPUT -p tcp --dport 22 -j ACCEPT\niptables -A INPUT -j DROP',
    good: 'table inet edge\ndelete table inet edge\ntable inet edge {\n  chain input {\n    type filter hook input priority filter; policy drop;\n    ct state established,related accept\n    meta l4proto { icmp, ipv6-icmp } accept\n    tcp dport 22 accept\n  }\n}',
  },
  run(firewall) {
    const added = addedAgain(firewall).sort((a, b) => a.rule.at.start - b.rule.at.start);
    const [first] = added;
    if (first === undefined) return [];
    const rules = added.length === 1 ? 'this rule' : `these ${added.length} rules`;
    const hidden = added.filter(
      ({ behind, rule }) => behind?.target.effect === 'drop' && rule.target.effect === 'accept',
    );
    const hiding = hidden[0]?.behind;
    const consequence =
      hidden.length > 0
        ? 'what accepts then stands behind the DROP of the run before, and what is new in the script never matches'
        : 'the chain grows with each start';
    return [
      diagnose(appendsAgain, {
        message: `every run adds ${rules} to those of the run before: ${consequence}`,
        span: firewall.span(first.rule.at),
        ...(hiding && {
          related: [
            {
              span: firewall.span(hiding.at),
              message: `after a restart the ${hidden.length === 1 ? 'rule that accepts stands' : `${hidden.length} rules that accept stand`} behind this one too`,
            },
          ],
        }),
        help: usesNft(firewall.ruleset)
          ? 'begin the file with `table inet NAME` and `delete table inet NAME`, so that one transaction replaces the table'
          : 'keep the rules in a chain of your own: `iptables -N EDGE 2>/dev/null || true`, `iptables -F EDGE`, `iptables -A EDGE …`, `iptables -C INPUT -j EDGE || iptables -I INPUT -j EDGE`; or replace a table of your own with `nft -f`',
      }),
    ];
  },
};

import { diagnose, type TextEdit } from '../../../diagnostic/diagnostic.ts';
import type { FirewallCheck } from '../definition.ts';
import type { FirewallSubject } from '../subject.ts';

/** Options whose name alone changes: what stands between them and after them stays. */
const renamed: readonly (readonly [find: RegExp, wanted: string])[] = [
  [/(?:-m|--match)[ \t]+state(?=\s)/g, '-m conntrack'],
  [/(?<=\s)--state(?=\s)/g, '--ctstate'],
];

/** The match `state` of iptables, which `conntrack` has replaced. */
export const obsoleteStateMatch: FirewallCheck = {
  code: 'PKT1205',
  title: 'Obsolete state match',
  class: 'product',
  severity: 'note',
  since: '0.2.0',
  doc: `\`-m state --state\` is the old name of \`-m conntrack --ctstate\`: the kernel has had one module for both since Linux 2.6,
and iptables keeps the old name for old scripts (iptables-extensions(8), "state is a subset of conntrack"). The rule means
the same with the new name.`,
  example: {
    bad: 'iptables -A INPUT -m state --state ESTABLISHED,RELATED -j ACCEPT',
    good: 'iptables -A INPUT -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT',
  },
  run(firewall) {
    const old = firewall.calls.filter(({ at }) => /(?:-m|--match)\s+state\s/.test(firewall.text(at)));
    const [first, ...others] = old;
    if (first === undefined) return [];
    const edits = old.flatMap(({ at }) => editsIn(firewall, at.start, firewall.text(at)));
    const fix = edits.every((edit) => edit !== undefined) && {
      title: 'use conntrack',
      safe: true,
      edits,
    };
    return [
      diagnose(obsoleteStateMatch, {
        message: '`-m state` is obsolete: `-m conntrack` has taken its place and means the same',
        span: firewall.span(first.at),
        related: others.map(({ at }) => ({ span: firewall.span(at), message: 'here too' })),
        help: 'write `-m conntrack --ctstate` for `-m state --state`',
        ...(fix && { fix }),
      }),
    ];
  },
};

function editsIn(firewall: FirewallSubject, from: number, text: string): (TextEdit | undefined)[] {
  return renamed.flatMap(([find, wanted]) =>
    [...text.matchAll(find)].map(({ index, 0: { length } }) => {
      const span = firewall.span({ start: from + index, end: from + index + length });
      const written = firewall.written(span);
      return written === text.slice(index, index + length) ? { span, text: wanted } : undefined;
    }),
  );
}

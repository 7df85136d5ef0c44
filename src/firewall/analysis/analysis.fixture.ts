import { nodePorts } from '../../product/well-known-ports.ts';
import type { FirewallCheck } from './definition.ts';
import { readFirewallFiles, subjectOfFiles } from './read-files.ts';
import type { MachineFacts } from './subject.ts';

/** One finding as a test wants to see it: the text under its span instead of positions. */
export interface Finding {
  readonly at: string;
  readonly message: string;
  readonly help?: string;
  readonly related: readonly (readonly [at: string, message: string])[];
}

const clusterNode: MachineFacts = {
  family: 4,
  isClusterNode: true,
  isEveryNode: true,
  needs: nodePorts,
  others: [],
  beside: [],
  arePodsIsolated: false,
};

/** Returns what a check finds in a text (lines of a script, of a dump, or of a file for nft), set on each node of a cluster. */
export function findings(
  check: FirewallCheck,
  lines: readonly string[],
  machine: Partial<MachineFacts> = {},
): Finding[] {
  const files = readFirewallFiles([{ name: 'text', text: lines.join('\n') }]);
  const subject = subjectOfFiles(files, { ...clusterNode, ...machine });
  return check.run(subject).map(({ span, message, help, related }) => ({
    at: (span && subject.written(span)) ?? '',
    message,
    ...(help !== undefined && { help }),
    related: related.map((one) => [subject.written(one.span) ?? '', one.message]),
  }));
}

/** Returns the text with the fix of the only finding applied. */
export function fixed(check: FirewallCheck, lines: readonly string[]): string {
  const text = lines.join('\n');
  const subject = subjectOfFiles(readFirewallFiles([{ name: 'text', text }]), clusterNode);
  const [found, second] = check.run(subject);
  if (found?.fix === undefined || second !== undefined) throw new Error('not one finding with a fix');
  const edits = [...found.fix.edits].sort((a, b) => b.span.start.offset - a.span.start.offset);
  return edits.reduce(
    (edited, { span, text: insertion }) =>
      edited.slice(0, span.start.offset) + insertion + edited.slice(span.end.offset),
    text,
  );
}

export const established = 'iptables -A INPUT -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT';
export const ssh = 'iptables -A INPUT -p tcp --dport 22 -j ACCEPT';
export const drop = 'iptables -A INPUT -j DROP';

/** A file for nft with one chain of INPUT that drops what the rules do not accept. */
export function nftFile(...rules: string[]): string[] {
  return [
    'table inet edge',
    'delete table inet edge',
    'table inet edge {',
    '  chain input {',
    '    type filter hook input priority filter; policy drop;',
    ...rules.map((rule) => `    ${rule}`),
    '  }',
    '}',
  ];
}

/** The same, handed to nft by a script. */
export function nftLines(...rules: string[]): string[] {
  return ["nft -f - <<'RULES'", ...nftFile(...rules), 'RULES'];
}

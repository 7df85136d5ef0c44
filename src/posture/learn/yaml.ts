import { stringify } from 'yaml';
import { addressBits } from '../../net/address.ts';
import type { AddressSet } from '../../net/address-set.ts';
import { formatPrefix, type Prefix, prefixOf } from '../../net/prefix.ts';
import { workloadName } from '../../segmentation/model.ts';
import type { ProposedPeer, ProposedPolicy, ProposedRule } from './model.ts';

export interface YamlOptions {
  /** Prefix length for IPv4: single addresses are offered as ranges of this length, in comments. */
  readonly mergeExternal?: number;
}

/** Returns the policies as manifests with comments that say what each peer stands for. */
export function proposalYaml(policies: readonly ProposedPolicy[], options: YamlOptions = {}): string {
  return policies.map((policy) => policyYaml(policy, options)).join('---\n');
}

function policyYaml(
  { namespace, name, workload, labels, rules }: ProposedPolicy,
  options: YamlOptions,
): string {
  return [
    comment(`${workload.kind} ${workloadName(workload)}`, ''),
    'apiVersion: networking.k8s.io/v1',
    'kind: NetworkPolicy',
    'metadata:',
    `  name: ${scalar(name)}`,
    `  namespace: ${scalar(namespace)}`,
    '  labels:',
    '    app.kubernetes.io/managed-by: picket',
    'spec:',
    ...selector('podSelector', labels, '  '),
    '  policyTypes:',
    '    - Ingress',
    '    - Egress',
    ...section('ingress', 'from', rules.ingress, options),
    ...section('egress', 'to', rules.egress, options),
    '',
  ].join('\n');
}

function section(
  key: string,
  peersKey: string,
  rules: readonly ProposedRule[],
  options: YamlOptions,
): string[] {
  if (rules.length === 0) return [`  ${key}: []`];
  return [
    `  ${key}:`,
    ...rules.flatMap(({ peers, ports }) => [
      `    - ${peersKey}:`,
      ...peers.flatMap((peer) => peerLines(peer, options)),
      ...(ports.length === 0 ? [] : ['      ports:']),
      ...ports.flatMap(({ protocol, ports: set }) =>
        set
          .ranges()
          .flatMap(({ from, to }) => [
            `        - protocol: ${protocol}`,
            `          port: ${from}`,
            ...(to > from ? [`          endPort: ${to}`] : []),
          ]),
      ),
    ]),
  ];
}

function peerLines(peer: ProposedPeer, { mergeExternal }: YamlOptions): string[] {
  const note = comment(peer.comment, '        ');
  if (peer.kind === 'addresses') {
    return [
      note,
      ...(mergeExternal === undefined ? [] : offers(peer.range, mergeExternal)),
      ...peer.range
        .prefixes()
        .flatMap((prefix) => ['        - ipBlock:', `            cidr: ${scalar(formatPrefix(prefix))}`]),
    ];
  }
  const pods = selector('podSelector', peer.labels, '          ');
  if (peer.namespace === undefined) return [note, `        - ${pods[0]?.trimStart()}`, ...pods.slice(1)];
  return [
    note,
    '        - namespaceSelector:',
    '            matchLabels:',
    `              kubernetes.io/metadata.name: ${scalar(peer.namespace)}`,
    ...pods,
  ];
}

function selector(key: string, labels: ReadonlyMap<string, string>, indent: string): string[] {
  if (labels.size === 0) return [`${indent}${key}: {}`];
  return [
    `${indent}${key}:`,
    `${indent}  matchLabels:`,
    ...[...labels].map(([name, value]) => `${indent}    ${scalar(name)}: ${scalar(value)}`),
  ];
}

/** Wider IPv4 ranges that hold several of the addresses: an offer, never a rule. */
function offers(range: AddressSet, length: number): string[] {
  const wider = new Map<string, { prefix: Prefix; count: number }>();
  for (const prefix of range.prefixes()) {
    if (prefix.length <= length || addressBits(prefix.address.family) !== 32) continue;
    const over = prefixOf(prefix.address, length);
    const known = wider.get(formatPrefix(over)) ?? { prefix: over, count: 0 };
    known.count += 2 ** (32 - prefix.length);
    wider.set(formatPrefix(over), known);
  }
  return [...wider.values()]
    .filter(({ count }) => count > 1)
    .map(({ prefix, count }) =>
      comment(
        `${formatPrefix(prefix)} would hold ${count} of these, and ${2 ** (32 - length) - count} others`,
        '        ',
      ),
    );
}

/** One plain YAML value on one line, quoted where YAML 1.1 or 1.2 readers would take it for something else. */
function scalar(text: string): string {
  const isPlain = /^[a-zA-Z][\w./-]*$/.test(text) && !/^(?:y|n|yes|no|on|off|true|false|null)$/i.test(text);
  return isPlain ? text : stringify(text, { defaultStringType: 'QUOTE_DOUBLE', lineWidth: 0 }).trimEnd();
}

/** A comment line that nothing inside can end. */
function comment(text: string, indent: string): string {
  return `${indent}# ${text.replaceAll(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\ufeff]/g, ' ')}`;
}

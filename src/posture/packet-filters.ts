import type { Span } from '../diagnostic/diagnostic.ts';
import { compileHostFirewall } from '../firewall/host-firewall/compile.ts';
import { type DeclaredHostFirewall, hostFirewallFor } from '../firewall/host-firewall/declared.ts';
import { rulesOf } from '../firewall/host-firewall/ruleset.ts';
import { pathText } from '../firewall/host-firewall/table-text.ts';
import type { Packet } from '../firewall/packet.ts';
import type { Rule, Ruleset } from '../firewall/ruleset.ts';
import type { ObjectReference } from '../flow/verdict.ts';
import type { Range } from '../manifest/locations.ts';
import { formatAddress } from '../net/address.ts';
import { protocolName } from '../net/protocol.ts';
import type { ClusterNode } from '../segmentation/model.ts';
import { readFirewalls } from './firewalls.ts';
import { type MachineFirewall, runsOn } from './machine-firewall.ts';
import type { Declared } from './posture.ts';

/** A packet filter of machines, wherever it is declared. */
export interface PacketFilter {
  /** E.g. `DaemonSet security/firewall-rules` or `HostFirewall edge`. */
  readonly name: string;
  readonly object: ObjectReference;
  readonly ruleset: Ruleset;
  /** Picket's own table, of which a machine has one: a drop in it is final, whatever other filters say. */
  readonly isOwn: boolean;
  /** Where it is declared. */
  readonly place: Span;
  /** Whether it is in force on a machine; undefined when no manifest tells. */
  runsOn(node: ClusterNode | undefined): boolean | undefined;
  /** Returns where a stretch of its text stands in the user's files. */
  span(at: Range): Span;
  /** Returns the text of a stretch. */
  text(at: Range): string;
  /** Returns a rule as its author knows it. */
  ruleText(rule: Rule): string;
  /** Returns what to write so that a packet passes which `rule`, or no rule, drops. */
  change(packet: Packet, rule: Rule | undefined): string;
}

const known = new WeakMap<readonly DeclaredHostFirewall[], readonly PacketFilter[]>();

/** Returns the packet filters of machines: those that workloads put there, then HostFirewalls. Read once. */
export function packetFilters({ controls, hostFirewalls }: Declared): readonly PacketFilter[] {
  let found = known.get(hostFirewalls);
  if (found === undefined) {
    found = [
      ...readFirewalls(controls).map(filterOfWorkload),
      ...hostFirewalls.map((one) => filterOfDeclaration(one, hostFirewalls)),
    ];
    known.set(hostFirewalls, found);
  }
  return found;
}

function filterOfWorkload(firewall: MachineFirewall): PacketFilter {
  const { workload, container, name, ruleset } = firewall;
  return {
    name,
    ruleset,
    object: { kind: workload.kind, name: workload.name, namespace: workload.namespace.name },
    isOwn: false,
    place: container.at(),
    runsOn: (node) => runsOn(workload, node),
    span: (at) => firewall.span(at),
    text: (at) => firewall.text(at),
    ruleText: (rule) => rule.text,
    change: (packet, rule) => changeOfScript(ruleset, packet, rule),
  };
}

function filterOfDeclaration(
  declaration: DeclaredHostFirewall,
  all: readonly DeclaredHostFirewall[],
): PacketFilter {
  const { name, firewall } = declaration;
  const [kind, own = name] = name.split(' ');
  const place = declaration.keyAt([]);
  const common = {
    name,
    object: own === name ? { kind: 'Site', name } : { kind: kind as string, name: own },
    isOwn: true,
    place,
    runsOn: (node: ClusterNode | undefined) => isInForce(declaration, all, node),
  };
  if (firewall === undefined) {
    const ruleset = { tables: [], opaque: [{ at: { start: 0, end: 0 }, why: `${name} has errors` }] };
    const none = { ruleText: () => '', change: () => '' };
    return { ...common, ...none, ruleset, span: () => place, text: () => 'INPUT FORWARD OUTPUT' };
  }
  const compiled = compileHostFirewall(firewall);
  const { ruleset, pathAt } = rulesOf(compiled);
  const limited = new Set(
    compiled.lines.flatMap(({ part, path }) => (part === 'limit' && path ? [path] : [])),
  );
  const ruleText = (rule: Rule) => {
    const path = pathAt(rule.at.start);
    if (path === undefined) return rule.text;
    return `${pathText(path)}${limited.has(path) ? ' within its limit' : ''}`;
  };
  return {
    ...common,
    ruleset,
    span: ({ start }) => declaration.keyAt(pathAt(start) ?? []),
    text: ({ start, end }) => compiled.text.slice(start, end),
    ruleText,
    change: (packet, rule) => changeOfDeclaration(name, packet, rule && ruleText(rule)),
  };
}

/** Whether a declaration is the one in force on a machine; of what labels a machine has not everything may be told. */
function isInForce(
  own: DeclaredHostFirewall,
  all: readonly DeclaredHostFirewall[],
  node: ClusterNode | undefined,
): boolean | undefined {
  const fits = ({ nodeSelector }: DeclaredHostFirewall): boolean | undefined => {
    let answer: boolean | undefined = true;
    for (const [key, value] of Object.entries(nodeSelector ?? {})) {
      const { known: labels, undetermined } = node?.labels ?? { known: new Map(), undetermined: 'others' };
      if (labels.has(key) && labels.get(key) !== value) return false;
      if (labels.has(key)) continue;
      if (undetermined !== 'others' && !undetermined.has(key)) return false;
      answer = undefined;
    }
    return answer;
  };
  const mine = fits(own);
  if (mine === false) return false;
  if (all.some((one) => fits(one) === undefined)) return undefined;
  const { chosen, rivals } = hostFirewallFor(all, Object.fromEntries(node?.labels.known ?? []));
  if (chosen !== own && !rivals.includes(own)) return false;
  return rivals.length === 0 ? true : undefined;
}

/** The rule that would let the packet pass, and where to put it. */
function changeOfScript(
  { tables }: Ruleset,
  { family, chain, protocol, port, source }: Packet,
  rule: Rule | undefined,
): string {
  const where = rule === undefined ? 'to the chain' : `before \`${rule.text}\``;
  const name = protocolName(protocol);
  const byNft = tables.every(({ backend }) => backend === 'nft');
  if (byNft) {
    const from = source === undefined ? '' : `${family === 4 ? 'ip' : 'ip6'} saddr ${formatAddress(source)} `;
    const what = hasPort(protocol, port) ? `${name} dport ${port}` : `meta l4proto ${name}`;
    return `add \`${from}${what} accept\` ${where}`;
  }
  const from = source === undefined ? '' : `-s ${formatAddress(source)} `;
  const ports = hasPort(protocol, port) ? `--dport ${port} ` : '';
  const tool = family === 4 ? 'iptables' : 'ip6tables';
  return `add \`${tool} -A ${chain} ${from}-p ${name} ${ports}-j ACCEPT\` ${where}`;
}

function changeOfDeclaration(
  name: string,
  { chain, protocol, port, source, destination }: Packet,
  rule: string | undefined,
): string {
  if (rule !== undefined) return `narrow \`${rule}\` of ${name}`;
  const list = { INPUT: 'allow', FORWARD: 'forward.allow', OUTPUT: 'outbound.allow' }[chain];
  const end = chain === 'OUTPUT' ? destination : source;
  const parts = [
    `protocol: ${protocolName(protocol)}`,
    ...(hasPort(protocol, port) ? [`ports: ${port}`] : []),
    ...(end === undefined ? [] : [`${chain === 'OUTPUT' ? 'to' : 'from'}: "${formatAddress(end)}"`]),
  ];
  return `add \`{${parts.join(', ')}}\` to \`${list}\` of ${name}`;
}

function hasPort(protocol: number, port: number | undefined): boolean {
  return port !== undefined && protocol !== 1 && protocol !== 58;
}

import type { Direction } from '../../flow/verdict.ts';
import { PortSet } from '../../net/port-set.ts';
import type { ApiProtocol } from '../../segmentation/protocol.ts';

/** What one line says that an object does in one direction. */
export type StoredEffect =
  /** A rule that allows, denies or passes on. */
  | { readonly does: 'allows' | 'denies' | 'passes'; readonly rule: string }
  /** It isolates the pod; `rules` tells whether it has none in this direction. */
  | { readonly does: 'isolates'; readonly rules: 'none' | 'others' }
  /** It isolates the pod, and this rule names the right peer on other ports. */
  | { readonly does: 'misses'; readonly rule: string }
  /** It leads to the pods through a Service, on these ports or on others. */
  | { readonly does: 'leads' | 'leads elsewhere' };

/** One line below a direction. */
export type StoredLine = { readonly kind: string; readonly name: string } & StoredEffect;

/** One direction; without lines it is the default, which allows. */
export interface StoredDirection {
  readonly outcome: 'allow' | 'deny';
  readonly lines: readonly StoredLine[];
}

/** Ports that share outcome and reasons. */
export interface StoredGroup {
  readonly outcome: 'allow' | 'deny';
  readonly ports: Readonly<Record<ApiProtocol, PortSet>>;
  readonly directions: Readonly<Record<Direction, StoredDirection>>;
}

/** Everything that a file tells of one pair of ends; the ends as they are written there. */
export interface StoredConnection {
  readonly source: string;
  readonly destination: string;
  readonly groups: readonly StoredGroup[];
}

/** All ports that the reference knows of. */
const everything = PortSet.range(1, 65535);
const byDefault: StoredDirection = { outcome: 'allow', lines: [] };

/**
 * Returns what a file of netpol-analyzer's `list --explain` (text) tells, pair by pair: first the ones that policies
 * decide, then those that nothing decides. Throws at a line that it cannot read, so that nothing is left out.
 */
export function readStoredExplanation(text: string): StoredConnection[] {
  const [, specific, defaults] = text.split(/^#+\n# .* #\n#+\n/m);
  if (specific === undefined || defaults === undefined) throw new Error('not an explanation');
  const blocks = specific.split(/^-{20,}\n/m).filter((block) => block.trim() !== '');
  const open = defaults.split('\n').filter((line) => line !== '');
  return [...blocks.map(readBlock), ...open.map(readDefault)];
}

function readDefault(line: string): StoredConnection {
  const [, source, destination] = matched(/^(\S+) => (\S+)$/, line);
  const ports = { TCP: everything, UDP: everything, SCTP: everything };
  const group: StoredGroup = {
    outcome: 'allow',
    ports,
    directions: { egress: byDefault, ingress: byDefault },
  };
  return { source, destination, groups: [group] };
}

function readBlock(block: string): StoredConnection {
  const [head = '', ...rest] = block.split('\n').filter((line) => line !== '');
  const [, source, destination] = matched(/^Connections between (\S+) => (\S+):$/, head);
  const groups: { head: string; lines: string[] }[] = [];
  for (const line of rest) {
    if (/^(Allowed|Denied) connections:$/.test(line)) continue;
    if (/^\t\S/.test(line)) groups.push({ head: line.trim(), lines: [] });
    else (groups.at(-1) as (typeof groups)[number]).lines.push(line);
  }
  return { source, destination, groups: groups.map(readGroup) };
}

function readGroup({
  head,
  lines,
}: {
  readonly head: string;
  readonly lines: readonly string[];
}): StoredGroup {
  const [, verb, traffic, cause] = matched(/^(Allowed|Denied) (.*) due to the (.*)$/, head);
  const outcome = verb === 'Allowed' ? 'allow' : 'deny';
  const ports = readTraffic(traffic);
  const directions: Partial<Record<Direction, { outcome: 'allow' | 'deny'; lines: StoredLine[] }>> = {};
  let current: StoredLine[] | undefined;
  for (const line of lines) {
    if (/^\t\t\t\S/.test(line)) {
      if (current === undefined) throw new Error(`no direction above: ${line}`);
      current.push(readLine(line.trim()));
      continue;
    }
    const [, side, said, by] = matched(
      /^\t\t(Egress|Ingress) \((Allowed|Denied)\)( due to the system default \(Allow all\))?$/,
      line,
    );
    current = by === '' ? [] : undefined;
    const direction = side === 'Egress' ? 'egress' : 'ingress';
    directions[direction] = { outcome: said === 'Allowed' ? 'allow' : 'deny', lines: current ?? [] };
  }
  if (cause === 'system default (Allow all)') {
    if (lines.length > 0) throw new Error(`lines below a default: ${head}`);
    return { outcome, ports, directions: { egress: byDefault, ingress: byDefault } };
  }
  const { egress, ingress } = directions;
  if (cause !== 'following policies and rules:' || egress === undefined || ingress === undefined) {
    throw new Error(`not read: ${head}`);
  }
  return { outcome, ports, directions: { egress, ingress } };
}

/** `TCP:[1-79,81-65535], UDP` as one set for each protocol. */
function readTraffic(text: string): Record<ApiProtocol, PortSet> {
  const sets = { TCP: PortSet.empty, UDP: PortSet.empty, SCTP: PortSet.empty };
  for (const part of text.split(', ')) {
    const [, protocol, list] = matched(/^(TCP|UDP|SCTP)(?::\[([\d,-]+)\])?$/, part);
    const ports = list === '' ? everything : PortSet.parse(list);
    if (ports === undefined) throw new Error(`no ports: ${part}`);
    sets[protocol as ApiProtocol] = ports;
  }
  return sets;
}

function readLine(line: string): StoredLine {
  const [, kind, name, said] = matched(/^(\w+) '([^']+)' (.*)$/, line);
  const rule = /^(allows|denies|passes) connections by (?:Egress|Ingress) rule (\S+)$/.exec(said);
  if (rule !== null) return { kind, name, does: rule[1] as 'allows', rule: rule[2] as string };
  const near =
    /^selects \S+, and (?:Egress|Ingress) rule (\S+) selects \S+, but (?:the protocols and ports do not match|named ports of the rule have no match in the configuration of the destination peer)$/.exec(
      said,
    );
  if (near !== null) return { kind, name, does: 'misses', rule: near[1] as string };
  const isolated =
    /^selects \S+, but \S+ is not allowed by any (?:Egress|Ingress) rule( \(no rules defined\))?$/.exec(said);
  if (isolated !== null) {
    return { kind, name, does: 'isolates', rules: isolated[1] === undefined ? 'others' : 'none' };
  }
  if (/^allows ingress connections through service \S+$/.test(said)) return { kind, name, does: 'leads' };
  matched(/^allows ingress to service \S+, but the protocols and ports do not match$/, said);
  return { kind, name, does: 'leads elsewhere' };
}

/** The parts of a line, absent ones as empty strings. */
function matched(pattern: RegExp, text: string): [string, string, string, string] {
  const found = pattern.exec(text);
  if (found === null) throw new Error(`not read: ${text}`);
  const [all = '', a = '', b = '', c = ''] = found;
  return [all, a, b, c];
}

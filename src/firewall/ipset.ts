import type { Range } from '../manifest/locations.ts';
import type { RulesetBuilder } from './ruleset-builder.ts';

/** An element of a set of ipset. */
export interface IpsetEntry {
  /** As written: `192.0.2.1,tcp:80`. */
  readonly text: string;
  /** Packets that it fits are not in the set, whatever wider networks are. */
  readonly nomatch: boolean;
  /** It goes away after a time. */
  readonly passes: boolean;
}

/** A set of ipset, as far as the text tells what is in it. */
export interface Ipset {
  /** E.g. `hash:ip,port`. */
  readonly type: string;
  readonly family: 4 | 6;
  /** Bits of addresses that are looked at; absent for all. */
  readonly netmask?: number;
  /** Elements are given a time when none is said. */
  readonly timeout: boolean;
  /** By their text. */
  readonly entries: Map<string, IpsetEntry>;
  /** Something was done to it that is not followed. */
  changes: boolean;
}

/** The sets of one machine, by name. */
export type Ipsets = Map<string, Ipset>;

/** Words of commands (ipset(8)). */
const commands: Readonly<Record<string, string>> = {
  '-N': 'create',
  n: 'create',
  '-A': 'add',
  a: 'add',
  '-D': 'del',
  d: 'del',
  '-F': 'flush',
  '-X': 'destroy',
  x: 'destroy',
  '-E': 'rename',
  e: 'rename',
  '-W': 'swap',
  w: 'swap',
};
const following = new Set('create add del flush destroy rename swap'.split(' '));
const asking = new Set('list save test version help -L -S -T -v -h -H'.split(' '));
const silent = new Set(['-exist', '-!', '-q', '-quiet', '--exist', '--quiet']);

/**
 * Does to the sets what `ipset restore` does with the text, whose places begin at `offset`: the lines of `ipset save`.
 * Linear.
 */
export function applyIpsetText(builder: RulesetBuilder, text: string, offset: number): void {
  for (let start = 0; start < text.length; ) {
    const newline = text.indexOf('\n', start);
    const end = newline < 0 ? text.length : newline;
    const line = text.slice(start, end).trim();
    const from = start + text.slice(start, end).search(/\S|$/);
    start = end + 1;
    if (line === '' || line.startsWith('#') || line === 'COMMIT') continue;
    applyIpset(builder, wordsOf(line), { start: offset + from, end: offset + from + line.length });
  }
}

/** Words of a line; double quotes group. */
function wordsOf(line: string): string[] {
  return (line.match(/"[^"]*"?|[^\s"]+/g) ?? []).map((word) => word.replaceAll('"', ''));
}

/** Does to the sets what one call of ipset does, whose words stand after its name. */
export function applyIpset(builder: RulesetBuilder, all: readonly string[], at: Range): boolean | undefined {
  const words = all.filter((word) => !silent.has(word));
  const [given = '', name, ...rest] = words;
  const command = Object.hasOwn(commands, given) ? commands[given]! : given;
  if (asking.has(given)) return true;
  if (!following.has(command)) {
    builder.notFollowed(at, `ipset ${given} is not followed`);
    return undefined;
  }
  const sets = builder.ipsets;
  builder.ipsetVersion++;
  if (command === 'create') return name !== undefined && create(sets, name, rest);
  if (name === undefined) {
    if (command === 'destroy') sets.clear();
    for (const set of sets.values()) set.entries.clear();
    return true;
  }
  if (command === 'rename' || command === 'swap') return exchange(sets, name, rest[0], command === 'swap');
  const set = sets.get(name);
  if (set === undefined) return command === 'destroy' ? false : unknownSet(builder, name, at);
  if (command === 'destroy') return sets.delete(name);
  if (command === 'flush') set.entries.clear();
  else if (command === 'del') return set.entries.delete(rest[0] ?? '') || forget(set);
  else add(set, rest);
  return true;
}

function unknownSet(builder: RulesetBuilder, name: string, at: Range): boolean {
  builder.problem(at, `there is no set ${name} here`, `create it before: ipset create ${name} hash:ip`);
  return false;
}

/** What is not there as it is written may be part of a range. */
function forget(set: Ipset): undefined {
  set.changes = true;
  return undefined;
}

function create(sets: Ipsets, name: string, [type = '', ...options]: readonly string[]): boolean {
  if (sets.has(name)) return false;
  const value = (option: string) => {
    const at = options.indexOf(option);
    return at < 0 ? undefined : options[at + 1];
  };
  const netmask = value('netmask') ?? value('bitmask');
  const isBits = netmask !== undefined && /^\d+$/.test(netmask);
  sets.set(name, {
    type,
    family: value('family') === 'inet6' || options.includes('-6') ? 6 : 4,
    ...(isBits && { netmask: Number(netmask) }),
    timeout: Number(value('timeout') ?? 0) > 0,
    entries: new Map(),
    // A mask with holes is not modelled.
    changes: netmask !== undefined && !isBits,
  });
  return true;
}

function add(set: Ipset, [text = '', ...options]: readonly string[]): void {
  const at = options.indexOf('timeout');
  const passes = at < 0 ? set.timeout : Number(options[at + 1]) !== 0;
  set.entries.set(text, { text, nomatch: options.includes('nomatch'), passes });
}

function exchange(sets: Ipsets, from: string, to: string | undefined, both: boolean): boolean {
  const [one, other] = [sets.get(from), to === undefined ? undefined : sets.get(to)];
  if (one === undefined || to === undefined || (other === undefined) === both) return false;
  sets.set(to, one);
  if (other === undefined) sets.delete(from);
  else sets.set(from, other);
  return true;
}

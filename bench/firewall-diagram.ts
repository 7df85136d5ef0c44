/**
 * Packet filters as decision diagrams: comparing two rulesets, and looking at each rule of one, for growing numbers of
 * rules, by the rules that it overlaps with and by the set before it; the peer is the same question answered with cubes that are subtracted from each other. Then three orders of
 * variables. Times are those of the processor, so that other work on the machine weighs less.
 */
import { compareRulesets } from '../src/firewall/compare/compare.ts';
import { analyseRules } from '../src/firewall/diagram/analyse-rules.ts';
import { type Field, fieldOrder } from '../src/firewall/diagram/fields.ts';
import { PacketSpace } from '../src/firewall/diagram/space.ts';
import { walkRuleset } from '../src/firewall/diagram/walk.ts';
import { parseNft } from '../src/firewall/nft.ts';
import type { Rule, Ruleset } from '../src/firewall/ruleset.ts';
import { median, quick } from './measure.ts';

/** Numbers on the command line are sizes to measure instead. */
const asked = process.argv.slice(2).map(Number).filter(Number.isInteger);
const sizes = asked.length > 0 ? asked : quick ? [100, 300] : [100, 300, 1000, 3000, 10_000];
const rounds = quick ? 1 : 2;

/** A small generator of random numbers, the same at each run (Park & Miller 1988). */
function dice(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 48_271) % 2_147_483_647;
    return state % below;
  };
}

/** Rules as people write them: services for networks and hosts, some for all, some closed, some per interface. */
function ruleTexts(count: number): string[] {
  const roll = dice(count);
  const ports = Array.from({ length: 40 }, () => 1 + roll(10_000));
  const network = () => `10.${roll(32)}.${roll(256)}.0/${20 + roll(5)}`;
  const host = () => `10.${roll(32)}.${roll(256)}.${1 + roll(250)}`;
  const port = () => ports[roll(ports.length)]!;
  return Array.from({ length: count }, () => {
    const kind = roll(100);
    if (kind < 50) return `ip saddr ${network()} ip daddr ${host()} tcp dport ${port()} accept`;
    if (kind < 70) return `ip saddr ${host()} tcp dport ${port()}-${port() + 10_000} accept`;
    if (kind < 85) return `ip saddr ${network()} drop`;
    if (kind < 95) return `iifname eth${roll(8)} ip daddr ${network()} udp dport ${port()} accept`;
    return `ip daddr ${host()} tcp dport ${port()} ct state new accept`;
  });
}

function rulesetOf(rules: readonly string[]): Ruleset {
  const head = 'type filter hook forward priority 0; policy drop;\nct state established,related accept';
  const { ruleset, problems } = parseNft(
    `table ip f {\nchain forward {\n${head}\n${rules.join('\n')}\n}\n}\n`,
  );
  if (problems.length > 0) throw new Error(problems[0]!.message);
  return ruleset;
}

/** One rule moved behind another, one changed, one left out. */
function changed(rules: readonly string[]): string[] {
  const copy = [...rules];
  const at = copy.length >> 1;
  copy.splice(at, 1);
  copy[at >> 1] = 'ip saddr 10.1.2.0/24 tcp dport 22 accept';
  return copy;
}

/** Returns milliseconds of processor time, and what the work returned. */
function timed<T>(work: () => T): { readonly ms: number; readonly result: T } {
  const before = process.cpuUsage();
  const result = work();
  const { user, system } = process.cpuUsage(before);
  return { ms: (user + system) / 1000, result };
}

/** A product of ranges over interface, source, destination, protocol, port and state: a cube. */
type Cube = readonly (readonly [number, number])[];

const wholeCube: Cube = [
  [0, 15],
  [0, 2 ** 32 - 1],
  [0, 2 ** 32 - 1],
  [0, 255],
  [0, 65_535],
  [0, 4],
];

function cubesOf(rule: Rule): Cube[] {
  let cubes: Cube[] = [wholeCube];
  const put = (place: number, ranges: readonly (readonly [number, number])[]) => {
    cubes = cubes.flatMap((cube) =>
      ranges.map((range) => cube.map((one, at) => (at === place ? range : one))),
    );
  };
  for (const match of rule.matches) {
    if (match.kind === 'source' || match.kind === 'destination')
      put(
        match.kind === 'source' ? 1 : 2,
        match.addresses.ranges().map(({ from, to }) => [from.d, to.d] as const),
      );
    if (match.kind === 'protocol')
      put(
        3,
        match.protocols.ranges().map(({ from, to }) => [from, to] as const),
      );
    if (match.kind === 'destination port')
      put(
        4,
        match.ports.ranges().map(({ from, to }) => [from, to] as const),
      );
    if (match.kind === 'in') put(0, [[Number(match.names[0]!.slice(3)), Number(match.names[0]!.slice(3))]]);
    if (match.kind === 'state') put(5, match.states.has('NEW') ? [[0, 0]] : [[1, 2]]);
  }
  return cubes;
}

/** What of a cube lies outside of another: up to two pieces for each field. */
function subtract(cube: Cube, other: Cube): Cube[] {
  if (cube.some(([from, to], at) => to < other[at]![0] || from > other[at]![1])) return [cube];
  const pieces: Cube[] = [];
  const rest = cube.map((one) => one);
  for (const [at, [from, to]] of cube.entries()) {
    const [low, high] = other[at]!;
    if (from < low) pieces.push(rest.map((one, place) => (place === at ? [from, low - 1] : one)));
    if (to > high) pieces.push(rest.map((one, place) => (place === at ? [high + 1, to] : one)));
    rest[at] = [Math.max(from, low), Math.min(to, high)];
  }
  return pieces;
}

/** Returns how many rules nothing is left for, by subtracting each earlier rule from each later one. */
function shadowedByCubes({ tables }: Ruleset): number {
  const rules = [...tables[0]!.chains.values()][0]!.rules.map(cubesOf);
  let count = 0;
  for (const [at, cubes] of rules.entries()) {
    let left = cubes;
    for (let earlier = 0; earlier < at && left.length > 0; earlier++)
      for (const cube of rules[earlier]!) left = left.flatMap((one) => subtract(one, cube));
    if (left.length === 0) count++;
  }
  return count;
}

const load = () => {
  const samples = Array.from({ length: 5 }, () => {
    const start = performance.now();
    const { ms } = timed(() => {
      let sum = 0;
      for (let i = 0; i < 2e7; i++) sum += i & 7;
      return sum;
    });
    return ms / (performance.now() - start);
  });
  return `this process got ${(median(samples) * 100).toFixed(0)} % of a processor`;
};

console.log(`processor time, median of ${rounds}; ${load()}`);
for (const size of sizes) {
  const ruleset = rulesetOf(ruleTexts(size));
  const runs = Array.from({ length: rounds }, () => timed(() => analyseRules(ruleset)));
  const { rules } = runs[0]!.result;
  const count = (kind: string) => rules.filter(({ fault }) => fault === kind).length;
  console.log(
    `${size} rules: each rule ${median(runs.map(({ ms }) => ms)).toFixed(0)} ms (${count('shadowed')} shadowed, ` +
      `${count('redundant')} redundant, ${rules.filter(({ tooLarge }) => tooLarge).length} not known)`,
  );
  if (size > 1000) continue;
  const inOrder = timed(() => analyseRules(ruleset, { inOrder: true }));
  const isSame = inOrder.result.rules.every(({ fault }, at) => fault === rules[at]!.fault);
  if (!isSame) throw new Error('the two ways to look at rules differ');
  const cubes = timed(() => shadowedByCubes(ruleset));
  console.log(
    `  with the set before each rule: ${inOrder.ms.toFixed(0)} ms; peer, cubes: ${cubes.ms.toFixed(0)} ms for ` +
      `shadowed rules alone (${cubes.result} of ${count('shadowed')})`,
  );
}
for (const size of sizes) {
  const texts = ruleTexts(size);
  const [old, now, again] = [texts, changed(texts), texts].map(rulesetOf) as [Ruleset, Ruleset, Ruleset];
  const runs = Array.from({ length: rounds }, () => ({
    compare: timed(() => compareRulesets(old, now)),
    same: timed(() => compareRulesets(old, again)),
  }));
  const ms = (one: 'compare' | 'same') => `${median(runs.map((run) => run[one].ms)).toFixed(0)} ms`;
  const { compare, same } = runs[0]!;
  const isCut = same.result.paths.some(({ tooLarge }) => tooLarge !== undefined);
  if (same.result.equal === false || (!isCut && compare.result.equal !== false))
    throw new Error('the comparison is wrong');
  console.log(
    `${size} rules: compare with a change ${ms('compare')} (${compare.result.differences.length} differences), ` +
      `with its equal ${ms('same')}${isCut ? '; in part only: the sets are too large' : ''}`,
  );
}

/** Moves fields to the front. */
const order = (...first: Field[]): Field[] => [...first, ...fieldOrder.filter((one) => !first.includes(one))];
const orders: Readonly<Record<string, readonly Field[]>> = {
  'source, destination, port (the one used)': fieldOrder,
  'state, interfaces, port, destination, source': order(
    'protocol',
    'state',
    'in',
    'out',
    'destination port',
    'destination',
  ),
  'destination, source, port': order('protocol', 'destination', 'source'),
  'interfaces, source, destination, port': order('protocol', 'state', 'in', 'out', 'source', 'destination'),
};
const size = quick ? 300 : 3000;
const ordered = rulesetOf(ruleTexts(size));
for (const [name, fields] of Object.entries(orders)) {
  const space = new PacketSpace({ family: 4, chain: 'FORWARD' }, [ordered], { order: fields });
  const { ms } = timed(() => walkRuleset(space, ordered));
  console.log(`order, ${size} rules: ${name}: ${ms.toFixed(0)} ms, ${space.diagrams.size} nodes`);
}

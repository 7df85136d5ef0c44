import type { Chain, Rule, Ruleset, Table } from '../ruleset.ts';
import { always, type Node, never, TooLarge } from './diagrams.ts';
import type { Path } from './fields.ts';
import { possiblePackets } from './possible.ts';
import { PacketSpace, type SpaceOptions } from './space.ts';
import { type BaseRun, type Ends, type RuleRun, type Run, walkRuleset } from './walk.ts';

/** What is wrong with a rule, for every packet there can be; the first that holds is told. */
export type RuleFault =
  /** Its own conditions exclude each other. */
  | 'contradicts itself'
  /** Nothing comes to its chain: no base chain leads there, or only with packets that it does not ask for. */
  | 'chain not reached'
  /** All packets that it asks for are decided by earlier rules of its chain. */
  | 'shadowed'
  /** Without it, later rules do the same with the packets that it decides. */
  | 'redundant';

export interface RuleAnalysis {
  readonly table: Table;
  readonly chain: Chain;
  readonly rule: Rule;
  /** Packets come to it. */
  readonly reached: boolean;
  /** It matches packets that come to it. */
  readonly matched: boolean;
  readonly fault?: RuleFault;
  /** Of `shadowed`: the earlier rules that hide it, in their order, each of which takes some; at most {@link mostCovers}. */
  readonly covers?: readonly Rule[];
  /** It is not all that hides it. */
  readonly coversCut?: boolean;
}

/** What becomes of packets that no rule asks for. */
export interface EffectiveDefault {
  readonly path: Path;
  readonly table: Table;
  readonly chain: Chain;
  /**
   * `policy`: it decides of what comes to the end of the chain; `last rule`: a rule that asks for nothing decides before
   * it; `rules`: several rules together leave nothing to it.
   */
  readonly by: 'policy' | 'last rule' | 'rules';
  readonly effect: 'accept' | 'drop' | 'several';
  /** Of `last rule`. */
  readonly rule?: Rule;
}

export interface RulesetAnalysis {
  readonly rules: readonly RuleAnalysis[];
  readonly defaults: readonly EffectiveDefault[];
  /** Paths of which nothing is said, since their sets are too large. */
  readonly tooLarge: readonly Path[];
}

/** Rules that are named as hiding another. */
export const mostCovers = 8;

const paths: readonly Path[] = ([4, 6] as const).flatMap((family) =>
  (['INPUT', 'FORWARD', 'OUTPUT'] as const).map((chain) => ({ family, chain })),
);

/** What one path says of a rule; of several paths a fault is one only where all have it. */
interface Seen {
  readonly reached: boolean;
  readonly matched: boolean;
  readonly fault: RuleFault | undefined;
  readonly covers: readonly Rule[];
  readonly coversCut: boolean;
}

/**
 * Says of each rule of a ruleset whether packets come to it, whether it matches any, and what hides it or makes it do
 * nothing (Al-Shaer & Hamed, Discovery of Policy Anomalies in Distributed Firewalls, 2004, with sets in the place of
 * pairs of rules): exactly, over all paths and both IP versions. A condition that is not modelled may hold or not. Rules that
 * change packets, count or log, and jumps, are never redundant. Parts that are not followed are taken for nothing.
 */
export function analyseRules(ruleset: Ruleset, options: SpaceOptions = {}): RulesetAnalysis {
  const seen = new Map<Rule, Seen>();
  const defaults: EffectiveDefault[] = [];
  const tooLarge: Path[] = [];
  for (const path of paths) {
    try {
      const analysis = new PathAnalysis(new PacketSpace(path, [ruleset], options), ruleset);
      for (const [rule, one] of analysis.rules()) seen.set(rule, merge(seen.get(rule), one));
      defaults.push(...analysis.defaults());
    } catch (error) {
      if (!(error instanceof TooLarge)) throw error;
      tooLarge.push(path);
    }
  }
  const rules = everyRule(ruleset).map(({ table, chain, rule }): RuleAnalysis => {
    const one = seen.get(rule);
    const fault = one === undefined && tooLarge.length === 0 ? 'chain not reached' : one?.fault;
    return {
      table,
      chain,
      rule,
      reached: one?.reached ?? false,
      matched: one?.matched ?? false,
      ...(fault !== undefined && { fault }),
      ...(fault === 'shadowed' && { covers: one!.covers, coversCut: one!.coversCut }),
    };
  });
  return { rules, defaults, tooLarge };
}

function everyRule({ tables }: Ruleset) {
  return tables.flatMap((table) =>
    [...table.chains.values()].flatMap((chain) => chain.rules.map((rule) => ({ table, chain, rule }))),
  );
}

/** Which of two faults that a rule has on different paths is told of both: the one that says least. */
const strength: readonly (RuleFault | undefined)[] = [
  undefined,
  'redundant',
  'shadowed',
  'chain not reached',
  'contradicts itself',
];

function merge(one: Seen | undefined, other: Seen): Seen {
  if (one === undefined) return other;
  const weaker = strength.indexOf(one.fault) <= strength.indexOf(other.fault) ? one : other;
  const covers = [...new Set([...one.covers, ...other.covers])];
  return {
    reached: one.reached || other.reached,
    matched: one.matched || other.matched,
    fault: weaker.fault,
    covers: covers.slice(0, mostCovers),
    coversCut: one.coversCut || other.coversCut || covers.length > mostCovers,
  };
}

/** One chain, with all the ways that packets come to it. */
interface Entered {
  readonly run: Run;
  entry: Node;
}

class PathAnalysis {
  readonly #space: PacketSpace;
  readonly #bases: readonly BaseRun[];
  readonly #possible: Node;

  constructor(space: PacketSpace, ruleset: Ruleset) {
    this.#space = space;
    this.#bases = walkRuleset(space, ruleset, { perRule: true }).bases;
    this.#possible = possiblePackets(space);
  }

  rules(): Map<Rule, Seen> {
    const seen = new Map<Rule, Seen>();
    for (const one of this.#entered()) {
      const suffixes = endsBehind(this.#space, one.run);
      for (const [at, rule] of one.run.rules.entries())
        seen.set(rule.rule, merge(seen.get(rule.rule), this.#look(one, at, rule, suffixes[at]!)));
    }
    return seen;
  }

  defaults(): EffectiveDefault[] {
    const { path } = this.#space;
    return this.#bases
      .filter(({ hooked }) => hooked.hook === path.chain && !hooked.chain.base?.nat)
      .map((base) => ({ path, ...this.#default(base) }));
  }

  #default({ hooked: { table, chain }, entered, run }: BaseRun): Omit<EffectiveDefault, 'path'> {
    const { diagrams } = this.#space;
    const coming = diagrams.and(entered, this.#possible);
    if (diagrams.and(run.ends.back, coming) !== never)
      return { table, chain, by: 'policy', effect: chain.policy?.effect ?? 'accept' };
    const last = run.rules.find(({ condition, ends }) => {
      const decided = diagrams.or(ends.accept, ends.drop);
      return condition === always && diagrams.and(decided, coming) !== never;
    });
    const ends = last === undefined ? run.ends : last.ends;
    const [accepts, drops] = [ends.accept, ends.drop].map((one) => diagrams.and(one, coming) !== never);
    const effect = accepts && drops ? 'several' : accepts ? 'accept' : 'drop';
    return { table, chain, by: last ? 'last rule' : 'rules', effect, ...(last && { rule: last.rule }) };
  }

  /** The chains that packets come to, callers before those that they lead to, with what comes to them. */
  #entered(): Entered[] {
    const { diagrams } = this.#space;
    const entries = new Map<Run, Entered>();
    const order: Entered[] = [];
    // Depth first, so that a chain is listed behind every chain that leads to it.
    const visit = (run: Run) => {
      if (entries.has(run)) return;
      const own: Entered = { run, entry: never };
      entries.set(run, own);
      for (const call of run.calls) visit(call.run);
      order.push(own);
    };
    for (const { run } of this.#bases) visit(run);
    order.reverse();
    for (const { run, entered } of this.#bases) {
      const own = entries.get(run)!;
      own.entry = diagrams.or(own.entry, entered);
    }
    for (const { run, entry } of order) {
      for (const call of run.calls) {
        const called = entries.get(call.run)!;
        called.entry = diagrams.or(called.entry, diagrams.and(entry, call.with));
      }
    }
    for (const one of order) one.entry = diagrams.and(one.entry, this.#possible);
    return order;
  }

  #look({ run, entry }: Entered, at: number, one: RuleRun, behind: Behind): Seen {
    const { diagrams } = this.#space;
    const [reached, matched] = [diagrams.and(one.reached, entry), diagrams.and(one.matched, entry)];
    const seen = { reached: reached !== never, matched: matched !== never, covers: [], coversCut: false };
    if (matched !== never) {
      const isRedundant = mayGo(one.rule) && this.#isSame(run, one, entry, behind);
      return { ...seen, fault: isRedundant ? 'redundant' : undefined };
    }
    const asked = diagrams.and(one.condition, this.#possible);
    if (asked === never) return { ...seen, fault: 'contradicts itself' };
    const coming = diagrams.and(asked, entry);
    if (coming === never) return { ...seen, fault: 'chain not reached' };
    return { ...seen, fault: 'shadowed', ...this.#covers(run, at, coming) };
  }

  /** The packets that the rule decides come to the same end without it. */
  #isSame(run: Run, { ends }: RuleRun, entry: Node, behind: Behind): boolean {
    const { diagrams } = this.#space;
    return (['accept', 'drop', 'back'] as const).every(
      (end) => diagrams.minus(diagrams.and(ends[end], entry), behind[endOf(end, run)]) === never,
    );
  }

  /** The rules before `at` that take packets of `coming`, found by halving: what is left of them only gets less. */
  #covers(run: Run, at: number, coming: Node): Pick<Seen, 'covers' | 'coversCut'> {
    const { diagrams } = this.#space;
    const covers: Rule[] = [];
    const leftAt = (place: number) => diagrams.and(coming, run.rules[place]!.reached);
    let from = 0;
    while (covers.length < mostCovers) {
      const left = leftAt(from);
      if (left === never) return { covers, coversCut: false };
      let [low, high] = [from, at];
      while (high - low > 1) {
        const middle = (low + high) >> 1;
        if (leftAt(middle) === left) low = middle;
        else high = middle;
      }
      covers.push(run.rules[low]!.rule);
      from = high;
      if (from >= at) return { covers, coversCut: false };
    }
    return { covers, coversCut: leftAt(from) !== never };
  }
}

/** What becomes of packets that come to the place behind a rule. */
type Behind = Pick<Ends, 'accept' | 'drop' | 'back'>;

/**
 * Returns for each rule of a chain what becomes of packets behind it, over all packets. What rules change on the way, or
 * whose ends are several, is in none of the ends.
 */
function endsBehind({ diagrams }: PacketSpace, run: Run): Behind[] {
  const behind: Behind[] = new Array(run.rules.length);
  let next: Behind = { accept: never, drop: never, back: never, [endOf('back', run)]: always };
  for (let at = run.rules.length - 1; at >= 0; at--) {
    behind[at] = next;
    const one = run.rules[at]!;
    if (one.rule.target.effect === 'continue' && !hasActions(one.rule)) continue;
    const own = ownEnds(run, at);
    const through = own === undefined ? never : own.on === 'next' ? own.ends.back : never;
    const put = (end: keyof Behind) => {
      let inside: Node = own === undefined ? never : diagrams.and(one.condition, own.ends[end]);
      if (own?.on === 'next' && end === 'back') inside = never;
      const passing = diagrams.and(diagrams.and(one.condition, through), next[end]);
      return diagrams.or(diagrams.or(inside, passing), diagrams.minus(next[end], one.condition));
    };
    const ends = { accept: put('accept'), drop: put('drop'), back: put('back') };
    next = ends;
  }
  return behind;
}

/** The end of a base chain is its policy. */
function endOf(end: keyof Behind, { chain }: Run): keyof Behind {
  if (end !== 'back' || chain.base === undefined) return end;
  return chain.policy?.effect ?? 'accept';
}

/**
 * The ends of what a rule matches, and whether what comes back goes on with the next rule; undefined where it changes
 * packets or is not followed.
 */
function ownEnds(run: Run, at: number): { readonly ends: Behind; readonly on?: 'next' } | undefined {
  const { rule } = run.rules[at]!;
  if (!mayGo(rule) && rule.target.effect !== 'jump' && rule.target.effect !== 'goto') return undefined;
  if (hasActions(rule)) return undefined;
  const nowhere = { accept: never, drop: never, back: never };
  switch (rule.target.effect) {
    case 'accept':
    case 'drop':
      return { ends: { ...nowhere, [rule.target.effect]: always } };
    case 'return':
      return { ends: { ...nowhere, [endOf('back', run)]: always } };
    default: {
      const called = run.calls.find((one) => one.rule === at)?.run;
      // Of a chain that was not walked with all packets it is not known what it does with others.
      if (called?.walked !== always) return undefined;
      if (rule.target.effect === 'jump') return { ends: called.ends, on: 'next' };
      const { accept, drop, back } = called.ends;
      if (endOf('back', run) === 'back') return { ends: { accept, drop, back } };
      return undefined;
    }
  }
}

function hasActions({ actions }: Rule): boolean {
  return actions !== undefined && actions.length > 0;
}

/** Tells whether a rule does nothing but decide: what counts, logs, changes or leads elsewhere has a use of its own. */
function mayGo(rule: Rule): boolean {
  const { effect, translation } = rule.target;
  if (hasActions(rule) || translation !== undefined) return false;
  return effect === 'accept' || effect === 'drop' || effect === 'return';
}

import { chainsOf, type HookedChain, isBeforeTracking, passes } from '../hooks.ts';
import { followableChains, jumpsOf } from '../jumps.ts';
import type { Chain, Hook, Rule, Ruleset, Table, Target } from '../ruleset.ts';
import { Changes } from './change.ts';
import { always, type Diagrams, type Node, never, TooLarge } from './diagrams.ts';
import { type Asking, Conditions } from './match.ts';
import { Situation } from './situation.ts';
import type { PacketSpace } from './space.ts';

/** Which packets come to each end of a chain; of those that enter it, each comes to exactly one. */
export interface Ends {
  readonly accept: Node;
  readonly drop: Node;
  /** To the chain that jumped here, or to the policy. */
  readonly back: Node;
}

/** One rule, as the packets meet it that enter its chain in one {@link Run}. */
export interface RuleRun {
  readonly rule: Rule;
  /** Packets that come to it; all where each rule is {@link Run.isApart}. */
  readonly reached: Node;
  /** Those of them that it matches. */
  readonly matched: Node;
  /** All packets that its conditions hold for, whether they come to it or not. */
  readonly condition: Node;
  /** What becomes of those it matches; the rest of them goes on with the next rule. */
  readonly ends: Ends;
}

/** The way of packets through one chain. */
export interface Run {
  readonly table: Table;
  readonly chain: Chain;
  readonly hook: Hook;
  /** Packets that it was walked with: all, where nothing on the way changes packets. */
  readonly walked: Node;
  /** Each rule was walked with all packets, as if none stood before it; so were the calls. */
  readonly isApart: boolean;
  readonly rules: readonly RuleRun[];
  /** Put together when it is asked for the first time. Throws TooLarge. */
  readonly ends: Ends;
  readonly calls: readonly { readonly rule: number; readonly run: Run; readonly with: Node }[];
  readonly situation: Situation;
}

/** The way of packets through one base chain. */
export interface BaseRun {
  readonly hooked: HookedChain;
  /** Packets that come to it. Throws TooLarge. */
  readonly entered: () => Node;
  readonly run: Run;
}

/** What a ruleset does with all packets of a space. */
export interface Outcome {
  readonly accepted: Node;
  readonly dropped: Node;
  /** The accepted packets as they leave. */
  readonly after: Situation;
}

/** The ways through the base chains of a path, in their order. */
export interface Chains {
  readonly bases: readonly BaseRun[];
  /** Chains behind them were left out, or sets that they need are too large; nodes were made for those. */
  readonly isCut: boolean;
}

/** Rules that all walks of one path may meet. */
const mostRules = 2_000_000;

/**
 * Walks a ruleset with all packets of a space at once: what judgePacket of simulate.ts says of each. Parts that are not
 * followed (`ruleset.opaque`) are left out. What is not known is a guess, a variable of the space. Throws TooLarge.
 */
export function walkRuleset(space: PacketSpace, ruleset: Ruleset): Outcome {
  return new RulesetWalk(space).walk(ruleset);
}

/**
 * Walks a ruleset as {@link walkRuleset}, and returns how packets meet each rule of the first `most` base chains. Sets
 * that are put together of many rules are left until they are asked for. With `inOrder` no rule is {@link Run.isApart}.
 */
export function walkChains(
  space: PacketSpace,
  ruleset: Ruleset,
  { inOrder = false, most = Number.POSITIVE_INFINITY } = {},
): Chains {
  return new RulesetWalk(space, { inOrder, shareOfSums: 1 / 2 }).chains(ruleset, most);
}

class RulesetWalk {
  readonly #space: PacketSpace;
  readonly #inOrder: boolean;
  /** Of all nodes, the part up to which sets are put together of what many rules do. */
  readonly #shareOfSums: number;
  readonly #conditions: Conditions;
  readonly #changes: Changes;
  #situation: Situation;
  #left = mostRules;
  /** Packets whose destination was translated in the hook that is walked. */
  #translated: Node = never;
  /** Packets that leave by another way than was said. */
  #astray: Node = never;
  readonly #runs = new Map<Chain, { readonly before: Situation; readonly hook: Hook; readonly run: Run }[]>();

  constructor(space: PacketSpace, { inOrder = false, shareOfSums = 1 } = {}) {
    this.#space = space;
    this.#inOrder = inOrder;
    this.#shareOfSums = shareOfSums;
    this.#conditions = new Conditions(space);
    this.#changes = new Changes(this.#conditions);
    this.#situation = new Situation(space);
  }

  walk(ruleset: Ruleset): Outcome {
    const { diagrams } = this.#space;
    let live: Node = always;
    for (const { run, entered } of this.#bases(ruleset))
      live = diagrams.minus(live, dropsOf(diagrams, run.chain, run.ends, entered()));
    const accepted = diagrams.minus(live, this.#astray);
    return { accepted, dropped: diagrams.not(accepted), after: this.#situation };
  }

  chains(ruleset: Ruleset, most: number): Chains {
    const bases: BaseRun[] = [];
    try {
      for (const base of this.#bases(ruleset)) if (bases.push(base) === most) return { bases, isCut: true };
      return { bases, isCut: false };
    } catch (error) {
      if (!(error instanceof TooLarge)) throw error;
      return { bases, isCut: true };
    }
  }

  *#bases(ruleset: Ruleset): Generator<BaseRun> {
    const { diagrams, path } = this.#space;
    let live = () => always;
    const isNew = this.#conditions.isState(this.#situation, 'NEW');
    const wasUntracked = this.#conditions.isState(this.#situation, 'UNTRACKED');
    const said = this.#situation;
    this.#situation = this.#changes.toState(said, diagrams.not(wasUntracked), 'INVALID');
    let isTracked = false;
    for (const hook of passes[path.chain]) {
      this.#translated = never;
      for (const hooked of chainsOf(ruleset, path.family, hook)) {
        if (!isTracked && !isBeforeTracking(hooked)) {
          this.#track(said, isNew);
          isTracked = true;
        }
        const before = live;
        const seen = hooked.chain.base?.nat ? this.#seenByNat() : always;
        const entered = once(() => diagrams.and(before(), seen));
        const run = this.#enter(hooked.table, hooked.chain, hook, entered);
        yield { hooked, entered, run };
        live = once(() => {
          const [coming, seenHere, { ends }] = [before(), entered(), run];
          return this.#sum(() => diagrams.minus(coming, dropsOf(diagrams, run.chain, ends, seenHere)));
        });
      }
    }
    if (!isTracked) this.#track(said, isNew);
  }

  /** Connection tracking gives packets their state, unless a rule has taken them out. */
  #track(said: Situation, isNew: Node): void {
    const { diagrams } = this.#space;
    const tracked = diagrams.not(this.#conditions.isState(this.#situation, 'UNTRACKED'));
    let situation = this.#situation.with('state', tracked, said.value('state'));
    for (const end of ['source', 'destination', 'source port', 'destination port'] as const)
      situation = situation.with(`original ${end}`, isNew, situation.value(end));
    for (const field of ['direction', 'status'] as const) {
      const bits = situation.value(field).bits.map(() => never);
      situation = situation.with(field, isNew, { bits, unknown: new Map() });
    }
    this.#situation = situation;
  }

  /** Chains that translate see the first packet of a connection only, and of those of a hook one translates. */
  #seenByNat(): Node {
    return this.#space.diagrams.minus(this.#conditions.isState(this.#situation, 'NEW'), this.#translated);
  }

  /** Walks a chain with packets; with all of them, once, where none is changed on the way. */
  #enter(table: Table, chain: Chain, hook: Hook, live: () => Node): Run {
    if (changesPackets(table, chain)) return this.#run(table, chain, hook, live());
    const runs = this.#runs.get(chain) ?? [];
    const before = this.#situation;
    const known = runs.find((one) => one.before === before && one.hook === hook);
    if (known !== undefined) return known.run;
    const run = this.#inOrder ? this.#run(table, chain, hook, always) : this.#apart(table, chain, hook);
    this.#runs.set(chain, [...runs, { before, hook, run }]);
    return run;
  }

  /** Walks each rule of a chain that changes nothing for itself. */
  #apart(table: Table, chain: Chain, hook: Hook): Run {
    const { diagrams } = this.#space;
    const names = ruleNames(table, chain);
    const calls: Run['calls'][number][] = [];
    const rules = chain.rules.map((rule, number): RuleRun => {
      if (this.#left-- <= 0) throw new TooLarge(mostRules);
      const asking = { hook, rule: names[number]! };
      const condition = this.#conditions.all(rule.matches, this.#situation, asking);
      const call = (run: Run, with_: Node) => calls.push({ rule: number, run, with: with_ });
      const ends = this.#follow(table, rule.target, condition, asking, call);
      return { rule, reached: always, matched: condition, condition, ends };
    });
    const ends = once(() => this.#sum(() => endsInOrder(diagrams, rules)));
    const situation = this.#situation;
    return {
      ...{ table, chain, hook, walked: always, isApart: true, rules, calls, situation },
      get ends() {
        return ends();
      },
    };
  }

  /** Puts sets together; work that asks for nothing that is put together later. */
  #sum<T>(work: () => T): T {
    const { diagrams } = this.#space;
    return diagrams.orForget(work, diagrams.limit * this.#shareOfSums);
  }

  #run(table: Table, chain: Chain, hook: Hook, walked: Node): Run {
    const { diagrams } = this.#space;
    const names = ruleNames(table, chain);
    const rules: RuleRun[] = [];
    const calls: Run['calls'][number][] = [];
    const situation = this.#situation;
    let live = walked;
    for (const [number, rule] of chain.rules.entries()) {
      if (this.#left-- <= 0) throw new TooLarge(mostRules);
      const reached = live;
      const asking = { hook, rule: names[number]! };
      const { condition, matched } = this.#match(table, rule, live, asking);
      const call = (run: Run, with_: Node) => calls.push({ rule: number, run, with: with_ });
      const ends = this.#follow(table, rule.target, matched, asking, call);
      live = diagrams.minus(live, diagrams.or(ends.accept, diagrams.or(ends.drop, ends.back)));
      rules.push({ rule, reached, matched, condition, ends });
    }
    const all = (end: keyof Ends) => diagrams.union(rules.map(({ ends }) => ends[end]));
    const ends = { accept: all('accept'), drop: all('drop'), back: diagrams.or(all('back'), live) };
    return { table, chain, hook, walked, isApart: false, rules, ends, calls, situation };
  }

  /** Conditions and actions are taken in their order: an action is done as soon as the conditions before it hold. */
  #match(table: Table, { matches, actions }: Rule, live: Node, asking: Asking) {
    const { diagrams } = this.#space;
    if (actions === undefined || actions.length === 0) {
      const condition = this.#conditions.all(matches, this.#situation, asking);
      return { condition, matched: diagrams.and(live, condition) };
    }
    let [condition, matched]: [Node, Node] = [always, live];
    for (let place = 0; place <= matches.length; place++) {
      for (const { after, action } of actions) {
        if (after !== place) continue;
        const acted = this.#changes.act(this.#situation, matched, action, table.backend, asking.rule);
        this.#situation = acted.situation;
        matched = diagrams.minus(matched, acted.lost);
      }
      const match = matches[place];
      if (match === undefined) break;
      const node = this.#conditions.one(match, this.#situation, asking);
      condition = diagrams.and(condition, node);
      matched = diagrams.and(matched, node);
    }
    return { condition, matched };
  }

  /** Returns the ends of packets that a rule matches; those in none of them go on with the next rule. */
  #follow(
    table: Table,
    target: Target,
    matched: Node,
    asking: Asking,
    call: (run: Run, with_: Node) => void,
  ): Ends {
    const { diagrams } = this.#space;
    switch (target.effect) {
      case 'accept':
        this.#translate(target, matched, asking);
        return { ...nowhere, accept: matched };
      case 'drop':
        return { ...nowhere, drop: matched };
      case 'return':
        return { ...nowhere, back: matched };
      case 'continue':
        return nowhere;
      case 'untrack':
        this.#situation = this.#changes.untrack(this.#situation, matched);
        return nowhere;
      case 'translate':
        if (target.translation === undefined) break;
        this.#translate(target, matched, asking);
        return { ...nowhere, accept: matched };
      case 'choose':
        if (target.cases === undefined) break;
        return this.#choose(table, target.cases, matched, asking, call);
      case 'jump':
      case 'goto': {
        const chain = table.chains.get(target.name);
        if (chain === undefined || !followableChains(table).has(chain)) break;
        const run = this.#enter(table, chain, asking.hook, () => matched);
        call(run, matched);
        const accept = diagrams.and(run.ends.accept, matched);
        const drop = diagrams.and(run.ends.drop, matched);
        // What comes back from a jump goes on here, from a goto behind the chain.
        const back = target.effect === 'goto' ? diagrams.and(run.ends.back, matched) : never;
        return { accept, drop, back };
      }
    }
    return this.#anything(target, matched, asking);
  }

  /** The first case whose conditions hold; without one the rule does nothing. */
  #choose(
    table: Table,
    cases: NonNullable<Target['cases']>,
    matched: Node,
    asking: Asking,
    call: (run: Run, with_: Node) => void,
  ): Ends {
    const { diagrams } = this.#space;
    const before = this.#situation;
    let [rest, accept, drop, back]: [Node, Node, Node, Node] = [matched, never, never, never];
    for (const one of cases) {
      const taken = diagrams.and(rest, this.#conditions.all(one.matches, before, asking));
      rest = diagrams.minus(rest, taken);
      if (taken === never) continue;
      const ends = this.#follow(table, one.target, taken, asking, call);
      accept = diagrams.or(accept, ends.accept);
      drop = diagrams.or(drop, ends.drop);
      back = diagrams.or(back, ends.back);
    }
    return { accept, drop, back };
  }

  #translate({ name, translation }: Target, matched: Node, { hook }: Asking): void {
    if (translation === undefined) return;
    const { diagrams, path } = this.#space;
    this.#situation = this.#changes.translate(this.#situation, matched, translation);
    this.#translated = diagrams.or(this.#translated, matched);
    if (translation.addresses === undefined || translation.end !== 'destination' || hook === 'INPUT') return;
    // A new destination may lead another way than the one that was said, which only a machine's routes tell.
    if (path.chain === 'OUTPUT') {
      this.#situation = this.#situation.without('out', matched, name);
      return;
    }
    const staysHere = (path.chain === 'INPUT') === (translation.addresses === 'interface');
    if (staysHere) return;
    const guess = this.#space.guess(`${name} sends it elsewhere`);
    this.#astray = diagrams.or(this.#astray, diagrams.and(matched, guess));
  }

  #anything(target: Target, matched: Node, { rule }: Asking): Ends {
    const { diagrams } = this.#space;
    if (matched === never) return nowhere;
    this.#situation = this.#changes.forget(this.#situation, matched, rule);
    const [isAccepted, isDropped] = [
      `${target.name} accepts (${rule})`,
      `${target.name} drops (${rule})`,
    ].map((text) => this.#space.guess(text));
    const accept = diagrams.and(matched, isAccepted!);
    return { accept, drop: diagrams.and(diagrams.minus(matched, accept), isDropped!), back: never };
  }
}

/** The ends of packets that meet rules, each walked for itself, put together by pairs, so that most sets are small. */
function endsInOrder(diagrams: Diagrams, rules: readonly RuleRun[]): Ends {
  let parts = rules.map(({ ends }) => ends);
  while (parts.length > 1)
    parts = Array.from({ length: Math.ceil(parts.length / 2) }, (_, at) =>
      oneThenOther(diagrams, parts[2 * at]!, parts[2 * at + 1] ?? nowhere),
    );
  const { accept, drop, back } = parts[0] ?? nowhere;
  const rest = diagrams.not(diagrams.or(accept, drop));
  return { accept, drop, back: diagrams.or(back, rest) };
}

/** Returns which of the packets that come to a base chain it drops. */
function dropsOf(diagrams: Diagrams, chain: Chain, ends: Ends, entered: Node): Node {
  const isClosed = chain.policy?.effect === 'drop';
  return diagrams.and(entered, isClosed ? diagrams.or(ends.drop, ends.back) : ends.drop);
}

/** Returns work that is done when it is asked for the first time; where it failed it fails again. */
function once<T>(work: () => T): () => T {
  let done: (() => T) | undefined;
  return () => {
    if (done !== undefined) return done();
    try {
      const result = work();
      done = () => result;
    } catch (error) {
      done = () => {
        throw error;
      };
    }
    return done();
  };
}

/** The ends of packets that meet one part of a chain, and then the other where the first has no end for them. */
function oneThenOther(diagrams: Diagrams, one: Ends, other: Ends): Ends {
  const decided = diagrams.or(one.accept, diagrams.or(one.drop, one.back));
  const both = (end: keyof Ends) => diagrams.or(one[end], diagrams.minus(other[end], decided));
  return { accept: both('accept'), drop: both('drop'), back: both('back') };
}

const nowhere: Ends = { accept: never, drop: never, back: never };

const changing = new WeakMap<Chain, boolean>();

/** Tells whether rules of the chain, or of chains that they lead to, may change a packet that goes on. */
function changesPackets(table: Table, chain: Chain): boolean {
  const known = changing.get(chain);
  if (known !== undefined) return known;
  const followable = followableChains(table);
  const answer = chain.rules.some(
    ({ target, actions }) =>
      (actions !== undefined && actions.length > 0) ||
      changesTarget(target) ||
      jumpsOf(target).some((name) => {
        const next = table.chains.get(name);
        return next === undefined || !followable.has(next) || changesPackets(table, next);
      }),
  );
  changing.set(chain, answer);
  return answer;
}

function changesTarget({ effect, translation, cases }: Target): boolean {
  if (translation !== undefined) return true;
  if (effect === 'choose') return cases === undefined || cases.some((one) => changesTarget(one.target));
  return effect === 'translate' || effect === 'untrack' || effect === 'unknown';
}

const namesOfRules = new WeakMap<Chain, readonly string[]>();

/** Returns a text for each rule: the same in two rulesets for the same rule of the same chain, and different within one. */
function ruleNames({ name: tableName }: Table, chain: Chain): readonly string[] {
  const known = namesOfRules.get(chain);
  if (known !== undefined) return known;
  const counts = new Map<string, number>();
  const names = chain.rules.map(({ text }) => {
    const count = (counts.get(text) ?? 0) + 1;
    counts.set(text, count);
    return `${tableName} ${chain.name}: ${text}${count > 1 ? ` #${count}` : ''}`;
  });
  namesOfRules.set(chain, names);
  return names;
}

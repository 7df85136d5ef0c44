import type { Chain, Rule } from '../ruleset.ts';
import type { EffectiveDefault } from './analyse-rules.ts';
import { always, type Node, never, TooLarge } from './diagrams.ts';
import { lookApart, searchOf } from './look-apart.ts';
import { lookInOrder } from './look-in-order.ts';
import type { End } from './own-ends.ts';
import { possiblePackets } from './possible.ts';
import type { RuleSearch } from './rule-search.ts';
import { merge, notKnown, type Seen } from './seen.ts';
import type { PacketSpace } from './space.ts';
import type { BaseRun, Chains, Run } from './walk.ts';

/** One chain, with all the ways that packets come to it. */
interface Entered {
  readonly run: Run;
  /** What comes to it; undefined where that set is too large. */
  entry: Node | undefined;
}

/** What becomes of packets that no rule of a chain asks for. */
type ChainDefault = Omit<EffectiveDefault, 'path'>;

/** What the packets of one path say of the rules that they meet. */
export class PathAnalysis {
  /** Not all chains of the path are known, since sets are too large. */
  readonly isCut: boolean;
  readonly #space: PacketSpace;
  readonly #bases: readonly BaseRun[];
  readonly #possible: Node;
  readonly #searches = new Map<Run, RuleSearch>();

  /** Throws TooLarge. */
  constructor(space: PacketSpace, { bases, isCut }: Chains) {
    this.#space = space;
    this.#bases = bases;
    this.isCut = isCut;
    this.#possible = possiblePackets(space);
  }

  /** Tells whether it is a base chain of which all is known that comes to it. */
  hasBase(chain: Chain): boolean {
    return this.#bases.some(({ hooked }) => hooked.chain === chain);
  }

  /** Returns what it says of each rule that it knows. */
  rules(): Map<Rule, Seen> {
    const seen = new Map<Rule, Seen>();
    for (const { run, entry } of this.#entered()) {
      const found = entry === undefined ? undefined : this.#look(run, entry);
      for (const [at, { rule }] of run.rules.entries())
        seen.set(rule, merge(seen.get(rule), found?.[at] ?? notKnown));
    }
    return seen;
  }

  /** Returns the defaults of the chains that filter; undefined for those of which it is not known. */
  defaults(): (ChainDefault | undefined)[] {
    const { path, diagrams } = this.#space;
    return this.#bases
      .filter(({ hooked }) => hooked.hook === path.chain && !hooked.chain.base?.nat)
      .map((base) => {
        const coming = unlessTooLarge(() => diagrams.and(base.entered(), this.#possible));
        if (coming === undefined) return undefined;
        if (base.run.isApart) this.#search(base.run);
        return unlessTooLarge(() => diagrams.scratch(diagrams.limit, () => this.#default(base, coming)));
      });
  }

  #default({ hooked: { table, chain }, run }: BaseRun, coming: Node): ChainDefault {
    if (this.#comesBack(run, coming))
      return { table, chain, by: 'policy', effect: chain.policy?.effect ?? 'accept' };
    const decides = (at: number, end: End) => this.#comesTo(run, coming, at, end);
    const last = run.rules.findIndex(
      ({ condition }, at) => condition === always && (decides(at, 'accept') || decides(at, 'drop')),
    );
    const places = last < 0 ? [...run.rules.keys()] : [last];
    const [accepts, drops] = (['accept', 'drop'] as const).map((end) =>
      places.some((at) => decides(at, end)),
    );
    const effect = accepts && drops ? 'several' : accepts ? 'accept' : 'drop';
    const rule = run.rules[last]?.rule;
    return { table, chain, by: rule ? 'last rule' : 'rules', effect, ...(rule && { rule }) };
  }

  /** Tells whether packets come to the policy. */
  #comesBack(run: Run, coming: Node): boolean {
    if (!run.isApart) return this.#space.diagrams.and(run.ends.back, coming) !== never;
    return (
      this.#search(run).survivor(coming, run.rules.length) !== undefined ||
      run.rules.some((_, at) => this.#comesTo(run, coming, at, 'back'))
    );
  }

  /** Tells whether packets come to an end by a rule. */
  #comesTo(run: Run, coming: Node, at: number, end: End): boolean {
    const those = this.#space.diagrams.and(run.rules[at]!.ends[end], coming);
    return run.isApart ? this.#search(run).survivor(those, at) !== undefined : those !== never;
  }

  #look(run: Run, entry: Node): Seen[] | undefined {
    const { diagrams } = this.#space;
    if (run.isApart) return unlessTooLarge(() => lookApart(this.#space, run, entry, this.#search(run)));
    return unlessTooLarge(() => diagrams.scratch(diagrams.limit, () => lookInOrder(this.#space, run, entry)));
  }

  /** Nodes of searches are kept: they are first asked for outside of questions whose nodes are freed. */
  #search(run: Run): RuleSearch {
    const found = this.#searches.get(run) ?? searchOf(this.#space, run);
    this.#searches.set(run, found);
    return found;
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
    const enter = (run: Run, coming: () => Node) => {
      const own = entries.get(run)!;
      const before = own.entry;
      own.entry =
        before === undefined
          ? undefined
          : unlessTooLarge(() => diagrams.or(before, diagrams.and(coming(), this.#possible)));
    };
    for (const { run, entered } of this.#bases) enter(run, entered);
    for (const { run, entry } of order)
      for (const { rule, run: called, with: those } of run.calls)
        enter(called, () => this.#calling(run, entry, rule, those));
    return order;
  }

  /** Returns those that come from a chain by the call of a rule. Throws TooLarge. */
  #calling(run: Run, entry: Node | undefined, at: number, those: Node): Node {
    const { diagrams } = this.#space;
    if (entry === undefined) throw new TooLarge(diagrams.limit);
    const coming = diagrams.and(entry, those);
    return run.isApart ? this.#search(run).rest(coming, entry, at) : coming;
  }
}

/** Returns undefined where the work needs too many nodes. */
function unlessTooLarge<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (error instanceof TooLarge) return undefined;
    throw error;
  }
}

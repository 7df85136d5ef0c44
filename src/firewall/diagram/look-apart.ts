import { type Node, never, TooLarge } from './diagrams.ts';
import { type End, endOf, mayGo, ownEnds } from './own-ends.ts';
import { possiblePackets } from './possible.ts';
import { type Deeds, RuleSearch } from './rule-search.ts';
import { mostCovers, notKnown, type Seen } from './seen.ts';
import type { PacketSpace } from './space.ts';
import type { Ends, Run } from './walk.ts';

/** Nodes that the answer about one rule may take; fewer when the rules of the path have taken `limit` of them. */
const roomOfRule = 500_000;
const leastRoom = 10_000;

/** Returns the search of a chain whose rules were walked apart. */
export function searchOf(space: PacketSpace, run: Run): RuleSearch {
  const deeds = run.rules.map((_, at) => deedsOf(space, run, at));
  return new RuleSearch(space, deeds, endOf('back', run));
}

function deedsOf({ diagrams }: PacketSpace, run: Run, at: number): Deeds {
  const { rule, condition, ends } = run.rules[at]!;
  const taken = diagrams.or(ends.accept, diagrams.or(ends.drop, ends.back));
  if (rule.target.effect === 'continue') return { rule, taken, stopped: never, ends: nowhere };
  const own = ownEnds(run, at);
  if (own === undefined) return { rule, taken, stopped: condition, ends: nowhere };
  const inside = (end: End) => diagrams.and(condition, own.ends[end]);
  const back = own.on === 'next' ? never : inside('back');
  return { rule, taken, stopped: taken, ends: { accept: inside('accept'), drop: inside('drop'), back } };
}

const nowhere: Ends = { accept: never, drop: never, back: never };

/**
 * Says of each rule of a chain, whose rules were walked apart, what hides it or makes it do nothing for the packets that
 * come to the chain. Where sets are too large for one rule, that is said of it alone.
 */
export function lookApart(space: PacketSpace, run: Run, entry: Node, search: RuleSearch): Seen[] {
  const { diagrams } = space;
  const looker = new ApartRules(space, run, entry, search);
  let left = diagrams.limit;
  return run.rules.map((_, at) => {
    const room = Math.max(leastRoom, Math.min(roomOfRule, left));
    try {
      return diagrams.scratch(room, () => {
        const before = diagrams.size;
        const seen = looker.look(at);
        left -= Math.max(0, diagrams.size - before - leastRoom);
        return seen;
      });
    } catch (error) {
      if (!(error instanceof TooLarge)) throw error;
      left -= room;
      return notKnown;
    }
  });
}

class ApartRules {
  readonly #space: PacketSpace;
  readonly #run: Run;
  readonly #entry: Node;
  readonly #search: RuleSearch;
  readonly #possible: Node;
  /** Rules up to this one are known to be reached, and from `#closed` on to be not. */
  #open = -1;
  #closed = Number.POSITIVE_INFINITY;

  constructor(space: PacketSpace, run: Run, entry: Node, search: RuleSearch) {
    this.#space = space;
    this.#run = run;
    this.#entry = entry;
    this.#search = search;
    this.#possible = possiblePackets(space);
  }

  look(at: number): Seen {
    const { diagrams } = this.#space;
    const { rule, condition } = this.#run.rules[at]!;
    const coming = diagrams.and(condition, this.#entry);
    const packet = this.#search.survivor(coming, at);
    if (packet !== undefined) {
      const isRedundant = mayGo(rule) && this.#search.isSame(coming, at, this.#endOf(at), packet);
      const fault = isRedundant ? 'redundant' : undefined;
      return { reached: true, matched: true, fault, covers: [], coversCut: false };
    }
    const seen = { reached: this.#isReached(at), matched: false, covers: [], coversCut: false };
    if (diagrams.and(condition, this.#possible) === never) return { ...seen, fault: 'contradicts itself' };
    if (coming === never) return { ...seen, fault: 'chain not reached' };
    const { rules: covers, isCut: coversCut } = this.#search.takers(coming, at, mostCovers);
    return { ...seen, fault: 'shadowed', covers, coversCut };
  }

  #endOf(at: number): End {
    const { effect } = this.#run.rules[at]!.rule.target;
    return endOf(effect === 'accept' || effect === 'drop' ? effect : 'back', this.#run);
  }

  #isReached(at: number): boolean {
    if (at <= this.#open || at >= this.#closed) return at <= this.#open;
    const packet = this.#search.survivor(this.#entry, at);
    if (packet === undefined) this.#closed = at;
    else this.#open = this.#search.takerOf(packet);
    return packet !== undefined;
  }
}

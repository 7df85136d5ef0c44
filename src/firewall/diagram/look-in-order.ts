import type { Rule } from '../ruleset.ts';
import { always, type Node, never } from './diagrams.ts';
import { type End, endOf, hasActions, mayGo, ownEnds } from './own-ends.ts';
import { possiblePackets } from './possible.ts';
import { mostCovers, type Seen } from './seen.ts';
import type { PacketSpace } from './space.ts';
import type { Ends, RuleRun, Run } from './walk.ts';

/**
 * Says of each rule of a chain, walked in order, what hides it or makes it do nothing for the packets that come to the
 * chain. Throws TooLarge.
 */
export function lookInOrder(space: PacketSpace, run: Run, entry: Node): Seen[] {
  const behind = endsBehind(space, run);
  return run.rules.map((one, at) => look(space, run, entry, at, one, behind[at]!));
}

function look(space: PacketSpace, run: Run, entry: Node, at: number, one: RuleRun, behind: Ends): Seen {
  const { diagrams } = space;
  const [reached, matched] = [diagrams.and(one.reached, entry), diagrams.and(one.matched, entry)];
  const seen = { reached: reached !== never, matched: matched !== never, covers: [], coversCut: false };
  if (matched !== never) {
    const isRedundant = mayGo(one.rule) && isSame(space, run, one, entry, behind);
    return { ...seen, fault: isRedundant ? 'redundant' : undefined };
  }
  const asked = diagrams.and(one.condition, possiblePackets(space));
  if (asked === never) return { ...seen, fault: 'contradicts itself' };
  const coming = diagrams.and(asked, entry);
  if (coming === never) return { ...seen, fault: 'chain not reached' };
  return { ...seen, fault: 'shadowed', ...coversOf(space, run, at, coming) };
}

/** The packets that the rule decides come to the same end without it. */
function isSame(space: PacketSpace, run: Run, { ends }: RuleRun, entry: Node, behind: Ends): boolean {
  const { diagrams } = space;
  return (['accept', 'drop', 'back'] as const).every(
    (end) => diagrams.minus(diagrams.and(ends[end], entry), behind[endOf(end, run)]) === never,
  );
}

/** The rules before `at` that take packets of `coming`, found by halving: what is left of them only gets less. */
function coversOf(
  space: PacketSpace,
  run: Run,
  at: number,
  coming: Node,
): Pick<Seen, 'covers' | 'coversCut'> {
  const { diagrams } = space;
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

/**
 * Returns for each rule of a chain what becomes of packets behind it, over all packets. What rules change on the way, or
 * whose ends are several, is in none of the ends.
 */
function endsBehind({ diagrams }: PacketSpace, run: Run): Ends[] {
  const behind: Ends[] = new Array(run.rules.length);
  let next: Ends = { accept: never, drop: never, back: never, [endOf('back', run)]: always };
  for (let at = run.rules.length - 1; at >= 0; at--) {
    behind[at] = next;
    const one = run.rules[at]!;
    if (one.rule.target.effect === 'continue' && !hasActions(one.rule)) continue;
    const own = ownEnds(run, at);
    const through = own === undefined ? never : own.on === 'next' ? own.ends.back : never;
    const put = (end: End) => {
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

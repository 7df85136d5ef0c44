import { type Node, never, TooLarge } from '../diagram/diagrams.ts';
import { examplePacket } from '../diagram/example.ts';
import type { Field, Path } from '../diagram/fields.ts';
import { possiblePackets } from '../diagram/possible.ts';
import { PacketSpace, type SpaceOptions } from '../diagram/space.ts';
import { type Outcome, walkRuleset } from '../diagram/walk.ts';
import type { Packet } from '../packet.ts';
import type { OpaquePart, Ruleset } from '../ruleset.ts';
import { judgePacket, type PacketVerdict } from '../simulate.ts';
import { type Box, boundsOf, boxSet, coverSet } from './boxes.ts';
import { type PathClaims, pathClaims } from './path-claims.ts';
import { type Condition, conditionsOf, regionText } from './words.ts';

/**
 * `opened`: the new ruleset accepts what the old one drops; `closed`: the other way round; `changed`: both accept it, and it
 * leaves with other addresses, ports or numbers; `may differ`: that hangs on what is not known.
 */
export type DifferenceKind = 'opened' | 'closed' | 'changed' | 'may differ';

/** Packets of one path for which two rulesets differ in one way. */
export interface Difference {
  readonly kind: DifferenceKind;
  readonly path: Path;
  /** What the packets have in common, field by field; nothing for all packets. */
  readonly conditions: readonly Condition[];
  /** All packets that meet the conditions but those of these regions, where that takes fewer words. */
  readonly except?: readonly Region[];
  /** The same in one line. */
  readonly text: string;
  readonly example: Packet;
  /** What becomes of the example, and by which rule. */
  readonly old: PacketVerdict;
  readonly new: PacketVerdict;
  /** Of `changed`: the fields with which they leave differently. */
  readonly fields?: readonly Field[];
  /** Of `may differ`: conditions that may hold or not. */
  readonly hangsOn?: readonly string[];
}

/** Packets that are told apart by their fields. */
export interface Region {
  readonly conditions: readonly Condition[];
  readonly text: string;
}

/** What was compared on one path. */
export interface PathComparison {
  readonly path: Path;
  /** There are more than are listed. */
  readonly isCut: boolean;
  /** Why there is no answer. */
  readonly tooLarge?: string;
}

export interface Comparison {
  /** The rulesets do the same with every packet; undefined where that is not known. */
  readonly equal: boolean | undefined;
  readonly differences: readonly Difference[];
  readonly paths: readonly PathComparison[];
  /** What is claimed of every packet, for the paths that have an answer. */
  readonly claims: readonly PathClaims[];
  /** Parts that are not followed, and taken for nothing. */
  readonly notFollowed: { readonly old: readonly OpaquePart[]; readonly new: readonly OpaquePart[] };
}

export interface CompareOptions extends SpaceOptions {
  /** Differences of one kind and path that are listed; 10 when nothing is said. */
  readonly most?: number;
}

/** The ways that packets take, for both IP versions. */
export const allPaths: readonly Path[] = ([4, 6] as const).flatMap((family) =>
  (['INPUT', 'FORWARD', 'OUTPUT'] as const).map((chain) => ({ family, chain })),
);

/**
 * Compares what two rulesets do with every packet that there can be: exactly, not by samples. Both have the same
 * interfaces, addresses and history of connections; a condition that is not modelled holds for both or for neither where
 * it has the same text, and where it may vary, stands in the same rule. Never throws for large sets: the path says so.
 */
export function compareRulesets(old: Ruleset, now: Ruleset, options: CompareOptions = {}): Comparison {
  const differences: Difference[] = [];
  const claims: PathClaims[] = [];
  const paths = allPaths.map((path): PathComparison => {
    try {
      const found = comparePath(path, old, now, options);
      differences.push(...found.differences);
      claims.push(found.claims);
      return { path, isCut: found.isCut };
    } catch (error) {
      if (error instanceof TooLarge) return { path, isCut: false, tooLarge: error.message };
      throw error;
    }
  });
  const isFollowed = old.opaque.length + now.opaque.length === 0;
  const isKnown = isFollowed && paths.every(({ tooLarge }) => tooLarge === undefined);
  const isCertain = differences.some(({ kind }) => kind !== 'may differ');
  return {
    equal: isCertain ? false : isKnown && differences.length === 0 ? true : undefined,
    differences,
    paths,
    claims,
    notFollowed: { old: old.opaque, new: now.opaque },
  };
}

function comparePath(path: Path, old: Ruleset, now: Ruleset, options: CompareOptions) {
  const space = new PacketSpace(path, [old, now], options);
  const [one, other] = [walkRuleset(space, old), walkRuleset(space, now)];
  const listed = new Map<Difference, Node>();
  let isCut = false;
  const open = space.diagrams.not(possiblePackets(space));
  const ways = waysOf(space, one, other);
  for (const way of ways) {
    const { shapes, isCut: isOneCut } = shapesOf(space, way.set, open, options.most ?? 10);
    isCut ||= isOneCut;
    for (const { inside, ...shape } of shapes) {
      const example = examplePacket(space, inside)!;
      const difference: Difference = {
        kind: way.kind,
        path,
        ...shape,
        example,
        old: judgePacket({ ...old, opaque: [] }, example),
        new: judgePacket({ ...now, opaque: [] }, example),
        ...(way.fields && { fields: way.fields }),
        ...(way.kind === 'may differ' && {
          hangsOn: space.guessesIn(space.diagrams.and(way.whole, inside)),
        }),
      };
      listed.set(difference, inside);
    }
  }
  return { differences: [...listed.keys()], isCut, claims: pathClaims(space, ways, listed) };
}

/** How packets are told to a person, and which those are that exist. */
interface Shape extends Region {
  readonly except?: readonly Region[];
  readonly inside: Node;
}

/** Returns regions that cover a set; or one with what it leaves out, where there are several and that is read with less effort. */
function shapesOf(space: PacketSpace, set: Node, open: Node, most: number) {
  const { diagrams } = space;
  const { boxes, rest } = coverSet(space, set, open, most);
  const shapes = boxes.map((box): Shape => regionOf(space, box, set, open));
  const isCut = rest !== never;
  if (!isCut && boxes.length === 1) return { shapes, isCut };
  const bounds = boundsOf(space, set, open);
  const { conditions, text: head, inside } = regionOf(space, bounds, set, open);
  const [outside, beyond] = [diagrams.not(set), diagrams.or(open, diagrams.not(boxSet(space, bounds)))];
  const others = coverSet(space, outside, beyond, most);
  const except = others.boxes.map((box): Region => {
    const { conditions: own, text } = regionOf(space, box, outside, beyond);
    return { conditions: own, text };
  });
  const texts = except.map((one) => one.text);
  const text = `${head}; but not ${texts.join('; ')}`;
  const effort = effortOf([head], 30) + effortOf(texts, 100);
  const plain = shapes.map((one) => one.text);
  if (others.rest !== never || (!isCut && effort >= effortOf(plain, 30))) return { shapes, isCut };
  const whole: Shape = { conditions, except, text, inside };
  return { shapes: [whole], isCut: false };
}

/** How hard texts are to read: their letters, and so many more for each negation; that of a negation is the hardest. */
function effortOf(texts: readonly string[], negation: number): number {
  return texts.reduce((sum, text) => sum + text.length + negation * (text.split('any but').length - 1), 0);
}

function regionOf(space: PacketSpace, box: Box, set: Node, open: Node) {
  const inside = space.diagrams.minus(space.diagrams.and(boxSet(space, box), set), open);
  const conditions = conditionsOf(space, box, inside);
  return { conditions, text: regionText(conditions), inside };
}

/** Packets for which both differ in one way. */
interface Way {
  readonly kind: DifferenceKind;
  readonly set: Node;
  /** With what it hangs on. */
  readonly whole: Node;
  readonly fields?: readonly Field[];
}

/** Fields that matter once a packet has left. */
const leaving: readonly Field[] = [
  ...(['source', 'source port', 'destination', 'destination port', 'mark', 'connection mark'] as const),
  ...(['hop limit', 'dscp', 'priority', 'state'] as const),
];

function waysOf(space: PacketSpace, old: Outcome, now: Outcome): Way[] {
  const { diagrams } = space;
  const opened = diagrams.and(old.dropped, now.accepted);
  const closed = diagrams.and(old.accepted, now.dropped);
  const both = diagrams.and(old.accepted, now.accepted);
  const differences = leaving.map((field) => ({
    field,
    set: diagrams.and(both, old.after.differs(field, now.after)),
  }));
  const changed = differences.reduce<Node>((sum, { set }) => diagrams.or(sum, set), never);
  const cube = space.guessCube();
  const sure = { opened, closed, changed };
  const ways = (['opened', 'closed', 'changed'] as const).map(
    (kind): Way => ({ kind, set: diagrams.forAll(sure[kind], cube), whole: sure[kind] }),
  );
  const surely = ways.reduce<Node>((sum, { set }) => diagrams.or(sum, set), never);
  const any = diagrams.or(changed, diagrams.or(opened, closed));
  ways.push({ kind: 'may differ', set: diagrams.minus(diagrams.exists(any, cube), surely), whole: any });
  return ways
    .filter(({ set }) => set !== never)
    .map((way) => {
      if (way.kind !== 'changed') return way;
      const fields = differences.filter(({ set }) => diagrams.and(set, way.set) !== never);
      return { ...way, fields: fields.map(({ field }) => field) };
    });
}

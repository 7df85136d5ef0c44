import { type Node, never } from '../diagram/diagrams.ts';
import { examplePacket } from '../diagram/example.ts';
import type { Path } from '../diagram/fields.ts';
import { possiblePackets } from '../diagram/possible.ts';
import type { PacketSpace } from '../diagram/space.ts';
import type { Packet } from '../packet.ts';
import type { Difference, DifferenceKind } from './compare.ts';

/** What a comparison says of every packet of one path, for whoever wants to hold it against something else. */
export interface PathClaims {
  readonly path: Path;
  /**
   * Returns how the rulesets differ for a packet of the path, of which every field is known; undefined when both do the same.
   */
  kindOf(packet: Packet): DifferenceKind | undefined;
  /**
   * Returns a packet of a listed difference that fulfils the wishes, as far as all together can be fulfilled, the first before
   * the others; undefined for a difference that is not listed here.
   */
  example(difference: Difference, wishes: (space: PacketSpace) => readonly Node[]): Packet | undefined;
}

/** Packets that differ in one way; those of listed differences. */
interface Claimed {
  readonly kind: DifferenceKind;
  readonly set: Node;
}

/** Returns the claims about a path: what is in none of `ways` is the same in both. */
export function pathClaims(
  space: PacketSpace,
  ways: readonly Claimed[],
  listed: ReadonlyMap<Difference, Node>,
): PathClaims {
  const { diagrams } = space;
  return {
    path: space.path,
    kindOf: (packet) => ways.find(({ set }) => space.contains(set, packet))?.kind,
    example: (difference, wishes) => {
      let left = listed.get(difference);
      if (left === undefined) return undefined;
      left = diagrams.and(left, possiblePackets(space));
      for (const wish of wishes(space)) {
        const fulfilled = diagrams.and(left, wish);
        if (fulfilled !== never) left = fulfilled;
      }
      return examplePacket(space, left);
    },
  };
}

import { visible } from '../../../diagnostic/render/cells.ts';
import { displayWidth } from '../../table.ts';
import { shorten } from './graph.ts';
import { type Box, column, type PlacedEdge, type PlacedNamespace, type Point } from './picture.ts';

/** Distance between the places that are tried for a title, and its height. */
const stride = 16;
const height = 18;

/**
 * Gives each namespace its title along the top of its rectangle, else the bottom, where neither a box nor a text of an
 * arrow stands and, if it can be, no arrow passes.
 */
export function titled(
  namespaces: readonly (Box & { readonly name: string })[],
  nodes: readonly Box[],
  edges: readonly PlacedEdge[],
): PlacedNamespace[] {
  const taken = [...nodes, ...edges.map(({ label }) => label)];
  const dots = edges.flatMap(({ points }) => points.slice(1).flatMap((to, at) => dotted(points[at]!, to)));
  return namespaces.map(({ name, ...space }) => {
    const text = shorten(visible(name), Math.max(4, Math.floor((space.width - 20) / column.name)));
    const width = displayWidth(text) * column.name;
    const places = [...placesIn(space, width)];
    const legible = places.filter((place) => !taken.some((box) => overlap(place, box)));
    const free = legible.find((place) => !dots.some((dot) => overlap(place, dot)));
    return { ...space, title: { ...(free ?? legible[0] ?? places[0]!), text } };
  });
}

/** Points of a piece of an arrow, near enough to each other to find a title between them. */
function dotted(from: Point, to: Point): Box[] {
  const count = Math.ceil(Math.hypot(to.x - from.x, to.y - from.y) / stride) + 1;
  return Array.from({ length: count + 1 }, (_, at) => {
    const share = at / count;
    // The curve runs level at both ends.
    const rise = share * share * (3 - 2 * share);
    return { x: from.x + (to.x - from.x) * share, y: from.y + (to.y - from.y) * rise, width: 4, height: 4 };
  });
}

function* placesIn({ x, y, width: room, height: tall }: Box, width: number): Generator<Box> {
  const left = x - room / 2 + 10;
  const last = Math.max(left, x + room / 2 - 10 - width);
  for (const middle of [y - tall / 2 + 13, y + tall / 2 - 9]) {
    for (let from = left; from <= last; from += stride) {
      yield { x: from + width / 2, y: middle, width, height };
    }
  }
}

function overlap(a: Box, b: Box): boolean {
  return 2 * Math.abs(a.x - b.x) < a.width + b.width && 2 * Math.abs(a.y - b.y) < a.height + b.height;
}

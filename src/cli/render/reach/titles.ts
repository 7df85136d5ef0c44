import { visible } from '../../../diagnostic/render/cells.ts';
import { displayWidth } from '../../table.ts';
import { shorten } from './graph.ts';
import { type Box, column, type PlacedEdge, type PlacedNamespace, type Point } from './picture.ts';

/** Distance between the places that are tried for a title, and its height. */
const stride = 16;
const height = 18;

/** Gives each namespace its title along the top of its rectangle, else the bottom, where no text of an arrow stands and, if it can be, no arrow passes. */
export function titled(
  namespaces: readonly (Box & { readonly name: string })[],
  edges: readonly PlacedEdge[],
): PlacedNamespace[] {
  const labels = edges.map(({ label }) => label);
  const lines = edges.flatMap(({ points }) => points.slice(1).map((to, at) => stretch(points[at]!, to)));
  return namespaces.map(({ name, ...space }) => {
    const text = shorten(visible(name), Math.max(4, Math.floor((space.width - 20) / column.name)));
    const width = displayWidth(text) * column.name;
    const places = [...placesIn(space, width)];
    const legible = places.filter((place) => !labels.some((label) => overlap(place, label)));
    const free = legible.find((place) => !lines.some((line) => overlap(place, line)));
    return { ...space, title: { ...(free ?? legible[0] ?? places[0]!), text } };
  });
}

/** The rectangle round a piece of an arrow. */
function stretch(from: Point, to: Point): Box {
  return {
    x: (from.x + to.x) / 2,
    y: (from.y + to.y) / 2,
    width: Math.abs(from.x - to.x),
    height: Math.abs(from.y - to.y) + 2,
  };
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

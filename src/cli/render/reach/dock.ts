import type { Box, PlacedEdge, PlacedNode, Point } from './picture.ts';

interface Stop {
  readonly at: number;
  readonly side: 'first' | 'last';
  /** Height at which the arrow comes or goes next. */
  readonly towards: number;
}

/** Lets every arrow leave and enter its boxes at a point of its own on the left or right side, in an order without crossings. */
export function docked(edges: readonly PlacedEdge[], nodes: readonly PlacedNode[]): PlacedEdge[] {
  const boxes = new Map<number, Box>(nodes.map((placed) => [placed.node.id, placed]));
  const stops = new Map<string, Stop[]>();
  const ends = edges.map(({ edge, points }, at) => {
    const [source, destination] = [boxes.get(edge.source)!, boxes.get(edge.destination)!];
    const forward = source.x <= destination.x;
    const note = (node: number, right: boolean, stop: Stop) => {
      const key = `${node} ${right}`;
      const list = stops.get(key);
      if (list === undefined) stops.set(key, [stop]);
      else list.push(stop);
    };
    note(edge.source, forward, { at, side: 'first', towards: points[1]?.y ?? destination.y });
    note(edge.destination, !forward, { at, side: 'last', towards: points.at(-2)?.y ?? source.y });
    return { first: source as Point, last: destination as Point };
  });
  for (const [key, list] of stops) {
    const [node, right] = key.split(' ');
    const box = boxes.get(Number(node))!;
    const x = box.x + (right === 'true' ? box.width : -box.width) / 2;
    list.sort((one, two) => one.towards - two.towards);
    const room = box.height - 12;
    for (const [rank, { at, side }] of list.entries()) {
      ends[at]![side] = { x, y: box.y - room / 2 + (room * (rank + 0.5)) / list.length };
    }
  }
  return edges.map((placed, at) => {
    const { first, last } = ends[at]!;
    return { ...placed, points: [first, ...placed.points.slice(1, -1), last] };
  });
}

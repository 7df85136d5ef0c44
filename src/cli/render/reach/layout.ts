import { Graph, layout } from '@dagrejs/dagre';
import { displayWidth } from '../../table.ts';
import { docked } from './dock.ts';
import { portsLabel, shorten } from './graph.ts';
import {
  type Box,
  column,
  type GraphEdge,
  type GraphNode,
  lineHeight,
  type Picture,
  type PlacedEdge,
  type Point,
  type ReachGraph,
} from './picture.ts';
import { titled } from './titles.ts';

/** Height that each arrow at a box is given, though they may come to both sides. */
const perArrow = 7;
const padding = { node: 10, namespace: 14, title: 24 };
/** Longest text on an arrow and longest name of a namespace that widens its boxes, in columns. */
const longest = { ports: 24, namespace: 24 };

/**
 * Lays the graph out from left to right in layers (dagre, after Gansner et al., "A Technique for Drawing Directed
 * Graphs", 1993), with room for the texts on arrows.
 */
export function layOut({ nodes, edges }: ReachGraph): Picture {
  const graph = new Graph({ multigraph: true, compound: true });
  graph.setGraph({ rankdir: 'LR', nodesep: 26, edgesep: 16, ranksep: 80, marginx: 24, marginy: 24 });
  const clusters = new Map<string, string>();
  const degrees = new Map<number, number>();
  for (const id of edges.flatMap(({ source, destination }) => [source, destination])) {
    degrees.set(id, (degrees.get(id) ?? 0) + 1);
  }
  for (const node of nodes) {
    graph.setNode(`n${node.id}`, sizeOf(node, degrees.get(node.id) ?? 0));
    if (node.namespace === undefined) continue;
    const cluster = clusters.get(node.namespace) ?? `c${clusters.size}`;
    if (!clusters.has(node.namespace)) {
      clusters.set(node.namespace, cluster);
      graph.setNode(cluster, {});
    }
    graph.setParent(`n${node.id}`, cluster);
  }
  const texts = edges.map(({ outcome, ports }) => shorten(portsLabel(outcome, ports), longest.ports));
  for (const [at, { source, destination }] of edges.entries()) {
    const width = displayWidth(texts[at]!) * column.detail + 8;
    graph.setEdge(`n${source}`, `n${destination}`, { width, height: lineHeight, labelpos: 'c' }, `${at}`);
  }
  for (const [left, right] of rowsOfIdle(nodes, edges)) graph.setEdge(`n${left}`, `n${right}`, {}, 'row');
  layout(graph);
  return placed(graph, nodes, edges, texts);
}

/** Pairs to stand side by side: boxes of one namespace without arrows form a block instead of a tower. */
function* rowsOfIdle(nodes: readonly GraphNode[], edges: readonly GraphEdge[]): Generator<[number, number]> {
  const busy = new Set(edges.flatMap(({ source, destination }) => [source, destination]));
  const idle = nodes.filter(({ id }) => !busy.has(id));
  for (const own of Map.groupBy(idle, ({ namespace }) => namespace).values()) {
    const width = Math.ceil(Math.sqrt(own.length));
    for (const [at, { id }] of own.entries()) {
      const next = own[at + 1];
      if (next !== undefined && (at + 1) % width !== 0) yield [id, next.id];
    }
  }
}

function placed(
  graph: Graph,
  nodes: readonly GraphNode[],
  edges: readonly GraphEdge[],
  texts: readonly string[],
): Picture {
  const placedNodes = nodes.map((node) => ({ node, ...boxOf(graph.node(`n${node.id}`)) }));
  const raw = edges.map((edge, at): PlacedEdge => {
    const label = graph.edge({ v: `n${edge.source}`, w: `n${edge.destination}`, name: `${at}` });
    return { edge, points: label.points ?? [], label: { ...boxOf(label), text: texts[at]! } };
  });
  const placedEdges = docked(raw, placedNodes);
  const namespaceOf = new Map(nodes.map(({ id, namespace }) => [id, namespace]));
  const namespaces = [...Map.groupBy(placedNodes, ({ node }) => node.namespace)].flatMap(([name, own]) => {
    if (name === undefined) return [];
    const inner = placedEdges.filter(
      ({ edge }) => namespaceOf.get(edge.source) === name && namespaceOf.get(edge.destination) === name,
    );
    return [{ name, ...around([...own, ...inner.map(({ label }) => label)]) }];
  });
  return moved({
    nodes: placedNodes,
    edges: placedEdges,
    namespaces: titled(namespaces, placedNodes, placedEdges),
  });
}

function boxOf({ x = 0, y = 0, width = 0, height = 0 }: Partial<Box>): Box {
  return { x, y, width, height };
}

function sizeOf({ lines, namespace }: GraphNode, degree: number): { width: number; height: number } {
  const widths = lines.map(({ text, role }) => displayWidth(text) * column[role]);
  const title =
    Math.min(displayWidth(namespace ?? ''), longest.namespace) * column.name - 2 * padding.namespace;
  return {
    width: Math.max(64, title, ...widths) + 2 * padding.node,
    height: Math.max(lines.length * lineHeight, Math.min(degree, 40) * perArrow) + padding.node,
  };
}

/** The rectangle round the boxes of a namespace, with its name above them. */
function around(boxes: readonly Box[]): Box {
  const { left, right, top, bottom } = bounds(boxes);
  const width = right - left + 2 * padding.namespace;
  const height = bottom - top + padding.namespace + padding.title;
  return {
    x: (left + right) / 2,
    y: top - padding.title + height / 2,
    width,
    height,
  };
}

function bounds(boxes: readonly Box[]): { left: number; right: number; top: number; bottom: number } {
  let [left, right, top, bottom] = [Infinity, -Infinity, Infinity, -Infinity];
  for (const { x, y, width, height } of boxes) {
    left = Math.min(left, x - width / 2);
    right = Math.max(right, x + width / 2);
    top = Math.min(top, y - height / 2);
    bottom = Math.max(bottom, y + height / 2);
  }
  return boxes.length === 0 ? { left: 0, right: 0, top: 0, bottom: 0 } : { left, right, top, bottom };
}

/** Moves everything so that the picture begins at 0, 0 with a margin. */
function moved({ nodes, edges, namespaces }: Omit<Picture, 'width' | 'height'>): Picture {
  const margin = 20;
  const dots = edges.flatMap(({ points }) => points.map((point) => ({ ...point, width: 0, height: 0 })));
  const labels = edges.map(({ label }) => label);
  const { left, right, top, bottom } = bounds([...nodes, ...namespaces, ...labels, ...dots]);
  const shift = <T extends Point>(thing: T): T => ({
    ...thing,
    x: thing.x - left + margin,
    y: thing.y - top + margin,
  });
  return {
    width: right - left + 2 * margin,
    height: bottom - top + 2 * margin,
    nodes: nodes.map(shift),
    edges: edges.map(({ edge, points, label }) => ({ edge, points: points.map(shift), label: shift(label) })),
    namespaces: namespaces.map((space) => ({ ...shift(space), title: shift(space.title) })),
  };
}

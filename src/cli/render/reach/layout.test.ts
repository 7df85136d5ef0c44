import fc from 'fast-check';
import { expect, test } from 'vitest';
import { layOut } from './layout.ts';
import type { Box, GraphEdge, GraphNode } from './picture.ts';

const graphs = fc
  .record({
    names: fc.array(fc.tuple(fc.string({ maxLength: 30 }), fc.nat(3)), { minLength: 1, maxLength: 14 }),
    pairs: fc.array(fc.tuple(fc.nat(13), fc.nat(13), fc.string({ maxLength: 24 })), { maxLength: 24 }),
  })
  .map(({ names, pairs }) => ({
    nodes: names.map(
      ([name, namespace], id): GraphNode => ({
        id,
        kind: 'workload',
        namespace: namespace === 0 ? undefined : `namespace-${namespace}`,
        lines: [{ text: name, role: 'name' }],
        title: name,
        groups: [id],
      }),
    ),
    edges: pairs
      .map(
        ([source, destination, ports]): GraphEdge => ({
          source: source % names.length,
          destination: destination % names.length,
          outcome: 'allow',
          ports,
          both: false,
        }),
      )
      .filter(({ source, destination }) => source !== destination),
  }));

function overlap(a: Box, b: Box): boolean {
  const slack = 0.5;
  return (
    Math.abs(a.x - b.x) + slack < (a.width + b.width) / 2 &&
    Math.abs(a.y - b.y) + slack < (a.height + b.height) / 2
  );
}

function inside(outer: Box, inner: Box): boolean {
  return (
    Math.abs(outer.x - inner.x) <= (outer.width - inner.width) / 2 + 0.5 &&
    Math.abs(outer.y - inner.y) <= (outer.height - inner.height) / 2 + 0.5
  );
}

test('boxes and texts on arrows do not overlap, and all is inside the picture', () => {
  fc.assert(
    fc.property(graphs, (graph) => {
      const { nodes, edges, namespaces, width, height } = layOut(graph);
      const solid: Box[] = [...nodes, ...edges.map(({ label }) => label)];
      const paper = { x: width / 2, y: height / 2, width, height };
      for (const [at, a] of solid.entries()) {
        expect(inside(paper, a)).toBe(true);
        for (const b of solid.slice(at + 1)) expect(overlap(a, b)).toBe(false);
      }
      for (const [at, a] of namespaces.entries()) {
        expect(inside(paper, a)).toBe(true);
        expect(inside(a, a.title)).toBe(true);
        for (const b of namespaces.slice(at + 1)) expect(overlap(a, b)).toBe(false);
        for (const node of nodes) expect(overlap(node, a.title)).toBe(false);
      }
    }),
    { numRuns: 80 },
  );
});

test('arrows begin and end on the sides of their boxes', () => {
  fc.assert(
    fc.property(graphs, (graph) => {
      const { nodes, edges } = layOut(graph);
      for (const { edge, points } of edges) {
        for (const [id, point] of [
          [edge.source, points[0]],
          [edge.destination, points.at(-1)],
        ] as const) {
          const box = nodes.find(({ node }) => node.id === id)!;
          expect(Math.abs(point!.x - box.x)).toBeCloseTo(box.width / 2);
          expect(Math.abs(point!.y - box.y)).toBeLessThanOrEqual(box.height / 2);
        }
      }
    }),
    { numRuns: 30 },
  );
});

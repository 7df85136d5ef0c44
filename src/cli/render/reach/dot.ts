import { visible } from '../../../diagnostic/render/cells.ts';
import type { Sink } from '../sink.ts';
import { type EndRecord, withoutNamespace } from './ends.ts';
import type { Matrix } from './matrix.ts';

/**
 * Writes the matrix as a graph for Graphviz: namespaces are clusters, what is outside the cluster stands outside them.
 * Edges come first, so that they need not be kept; Graphviz puts the nodes into their clusters afterwards.
 */
export function writeDot(matrix: Matrix, sink: Sink, step: () => void): void {
  sink.write('digraph reach {\n  rankdir=LR;\n  node [shape=box, fontname="monospace"];\n');
  sink.write('  edge [fontname="monospace", fontsize=10];\n');
  for (const { source, destination, answer } of matrix.rows(step)) {
    const ends = `  n${source.index} -> n${destination.index}`;
    const { allow, unknown } = answer.text;
    if (allow) sink.write(`${ends} [label=${dotText(allow)}, color="#15803d"];\n`);
    if (unknown) sink.write(`${ends} [label=${dotText(`? ${unknown}`)}, color="#b45309", style=dashed];\n`);
  }
  const clusters = Map.groupBy(matrix.ends.records, ({ namespace }) => namespace);
  let number = 0;
  for (const [namespace, ends] of clusters) {
    if (namespace === undefined) for (const end of ends) sink.write(`  ${node(end)}\n`);
    else {
      sink.write(`  subgraph cluster_${number++} {\n    label=${dotText(namespace)};\n`);
      for (const end of ends) sink.write(`    ${node(end)}\n`);
      sink.write('  }\n');
    }
  }
  sink.write('}\n');
}

const shapes = { workload: 'box', external: 'ellipse', entry: 'house', unseen: 'note' } as const;

function node({ index, id, kind, namespace }: EndRecord): string {
  const text = withoutNamespace(id, namespace);
  return `n${index} [label=${dotText(text)}, shape=${shapes[kind]}];`;
}

/** Returns a quoted string (graphviz.org/doc/info/lang.html); backslashes are doubled, as labels obey them. */
export function dotText(text: string): string {
  return `"${visible(text).replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
}

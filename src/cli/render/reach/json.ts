import { formatPrefix } from '../../../net/prefix.ts';
import { type ApiProtocol, apiProtocols } from '../../../segmentation/protocol.ts';
import type { Sink } from '../sink.ts';
import type { Answer } from './answers.ts';
import { portsOf } from './csv.ts';
import type { EndRecord } from './ends.ts';
import type { Matrix } from './matrix.ts';
import type { MatrixOutput } from './schema.ts';

/** Writes the matrix as JSON, a row and an end in a line each. */
export function writeJson(matrix: Matrix, sink: Sink, step: () => void): void {
  const { closed } = matrix.question;
  const texts = new Map<Answer, string>();
  const textOf = (answer: Answer): string => {
    const text = texts.get(answer) ?? JSON.stringify(portsJson(answer, closed));
    texts.set(answer, text);
    return text;
  };
  sink.write('{\n  "schemaVersion": 2,\n  "rows": [');
  let separator = '\n';
  for (const { source, destination, answer } of matrix.rows(step)) {
    const pair = `"source": ${JSON.stringify(source.id)}, "destination": ${JSON.stringify(destination.id)}`;
    sink.write(`${separator}    {${pair}, "ports": ${textOf(answer)}}`);
    separator = ',\n';
  }
  sink.write('\n  ],\n  "ends": [');
  separator = '\n';
  for (const end of matrix.ends.records) {
    sink.write(`${separator}    ${JSON.stringify(endJson(end))}`);
    separator = ',\n';
  }
  const { pairs, closed: closedPairs } = matrix.counts;
  sink.write(`\n  ],\n  "counts": ${JSON.stringify({ pairs, closed: closedPairs })}\n}\n`);
}

function endJson({
  id,
  kind,
  namespace,
  workloadKind,
  range,
  span,
}: EndRecord): MatrixOutput['ends'][number] {
  return {
    id,
    kind,
    ...(namespace === undefined ? {} : { namespace }),
    ...(workloadKind === undefined ? {} : { workloadKind }),
    ...(range === undefined ? {} : { ranges: range.prefixes().map(formatPrefix) }),
    ...(span === undefined ? {} : { file: span.file, line: span.start.line }),
  };
}

function portsJson(answer: Answer, closed: boolean): MatrixOutput['rows'][number]['ports'] {
  return (Object.keys(apiProtocols) as ApiProtocol[]).flatMap((protocol) => {
    const allowed = portsOf(answer, protocol, 'allow');
    const unknown = portsOf(answer, protocol, 'unknown');
    const denied = portsOf(answer, protocol, 'deny');
    if (closed) return allowed || unknown || denied ? [{ protocol, allowed, unknown, denied }] : [];
    return allowed || unknown ? [{ protocol, allowed, unknown }] : [];
  });
}

import { csvRecord } from '../../../flow/logs/csv.ts';
import type { Outcome } from '../../../flow/verdict.ts';
import { type ApiProtocol, apiProtocols } from '../../../segmentation/protocol.ts';
import type { Sink } from '../sink.ts';
import type { Answer } from './answers.ts';
import type { Matrix } from './matrix.ts';

/** Writes the matrix as CSV (RFC 4180) with a header: a record for each pair and protocol; ports as `80,8000-8100`. */
export function writeCsv(matrix: Matrix, sink: Sink, step: () => void): void {
  const { closed } = matrix.question;
  const outcomes: readonly Outcome[] = closed ? ['allow', 'unknown', 'deny'] : ['allow', 'unknown'];
  const names = { allow: 'allowed', unknown: 'unknown', deny: 'denied' };
  const ends = ['source', 'source_kind', 'destination', 'destination_kind'];
  sink.write(csvRecord([...ends, 'protocol', ...outcomes.map((outcome) => names[outcome])]));
  for (const { source, destination, answer } of matrix.rows(step)) {
    for (const protocol of Object.keys(apiProtocols) as ApiProtocol[]) {
      const sets = outcomes.map((outcome) => portsOf(answer, protocol, outcome));
      if (sets.every((set) => set === '')) continue;
      const pair = [source.id, source.workloadKind ?? source.kind, destination.id];
      sink.write(csvRecord([...pair, destination.workloadKind ?? destination.kind, protocol, ...sets]));
    }
  }
}

/** Returns e.g. `80,8000-8100`; empty when no port of this protocol has this outcome. */
export function portsOf({ cells }: Answer, protocol: ApiProtocol, outcome: Outcome): string {
  const cell = cells.find((one) => one.protocol === protocol && one.outcome === outcome);
  return cell?.ports.toString() ?? '';
}

import type { Outcome, Reason, Verdict } from '../flow/verdict.ts';
import type { Posture } from '../posture/posture.ts';
import { reachEndText } from '../posture/reach/end.ts';
import { type ProtocolPorts, reachMatrix } from '../posture/reach/matrix.ts';
import { type ParsedEndpoint, parseEndpoint } from '../posture/reach/parse-endpoint.ts';
import { reach } from '../posture/reach/query.ts';
import type { ApiProtocol } from '../segmentation/protocol.ts';
import { UsageError } from './command.ts';
import type { Io, Style } from './io.ts';
import { printable, table, wrap } from './table.ts';

/** One connection as the user named it. */
export interface AskedConnection {
  readonly from: string;
  readonly to: string;
  readonly port: string;
  readonly protocol: ApiProtocol;
}

const colours = { allow: 'green', deny: 'red', unknown: 'yellow' } as const;

/** Prints the verdict for one connection with its reasons, and returns the outcome. Throws UsageError. */
export function printConnection(posture: Posture, asked: AskedConnection, json: boolean, io: Io): Outcome {
  const port = Number(asked.port);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw new UsageError(`--port must be a number from 1 to 65535, not ${asked.port}`);
  }
  const source = endpoint(parseEndpoint(asked.from, posture));
  const destination = endpoint(parseEndpoint(asked.to, posture));
  const verdict = reach(posture, source, destination, asked.protocol, port);
  if (json) io.out(`${JSON.stringify({ schemaVersion: 1, ...asked, port, ...verdict }, null, 2)}\n`);
  else io.out(connectionText(asked, verdict, io));
  return verdict.outcome;
}

function endpoint(parsed: ParsedEndpoint): Extract<ParsedEndpoint, { end: unknown }>['end'] {
  if ('end' in parsed) return parsed.end;
  throw new UsageError(parsed.message, parsed.help);
}

function connectionText({ from, to, port, protocol }: AskedConnection, verdict: Verdict, io: Io): string {
  const head = `${io.style([colours[verdict.outcome], 'bold'], verdict.outcome)}  ${from} to ${to}:${port}/${protocol}`;
  return `${[head, ...verdict.reasons.map((reason) => reasonText(reason, io.style, io.columns))].join('\n')}\n`;
}

function reasonText(
  { direction, outcome, text, span, layer }: Reason,
  style: Style,
  columns: number,
): string {
  const place = span
    ? `\n          ${style('dim', `${span.file}:${span.start.line}:${span.start.column}`)}`
    : '';
  const label = `  ${direction.padEnd(7)} ${style(colours[outcome], outcome)} (${layer})`;
  return `${label}\n${wrap(printable(text), Math.min(columns, 110), '          ')}${place}`;
}

/** Prints who may reach whom on which ports; pairs between which nothing may pass are only counted. */
export function printMatrix(posture: Posture, json: boolean, io: Io): void {
  const rows = [...reachMatrix(posture)].map(({ source, destination, ports }) => ({
    source: reachEndText(source),
    destination: reachEndText(destination),
    ports: ports.filter(({ allowed, unknown }) => !allowed.isEmpty || !unknown.isEmpty),
  }));
  if (json) {
    const pairs = rows.map(({ ports, ...pair }) => ({
      ...pair,
      ports: ports.map(({ protocol, allowed, unknown }) => ({
        protocol,
        allowed: allowed.isEmpty ? '' : allowed.toString(),
        unknown: unknown.isEmpty ? '' : unknown.toString(),
      })),
    }));
    io.out(`${JSON.stringify({ schemaVersion: 1, pairs }, null, 2)}\n`);
    return;
  }
  if (rows.length === 0) {
    io.err('the manifests declare fewer than two workloads: there is no pair to judge\n');
    return;
  }
  const open = rows.filter(({ ports }) => ports.length > 0);
  if (open.length > 0) {
    io.out(table(['SOURCE', 'DESTINATION', 'ALLOWED', 'UNKNOWN'], open.map(matrixLine)));
  }
  const closed = rows.length - open.length;
  io.err(`${rows.length} pairs of workloads, ${closed} of them closed\n`);
}

/** One line of the matrix. */
interface MatrixRow {
  readonly source: string;
  readonly destination: string;
  readonly ports: readonly ProtocolPorts[];
}

function matrixLine({ source, destination, ports }: MatrixRow): string[] {
  const list = (which: 'allowed' | 'unknown') => {
    const sets = ports.filter((entry) => !entry[which].isEmpty);
    if (sets.length === 3 && sets.every((entry) => entry[which].isAll)) return 'everything';
    return (
      sets.map((entry) => `${entry.protocol} ${entry[which].isAll ? 'all' : entry[which]}`).join(', ') || '-'
    );
  };
  return [source, destination, list('allowed'), list('unknown')];
}

import type { EndJson, FlowJson } from '../flow/json.ts';
import type { Style } from './io.ts';
import { printable, table } from './table.ts';
import { dateTime } from './time.ts';

const outcomeColours = { allow: 'green', deny: 'red', unknown: 'yellow' } as const;

/** A table of flows, oldest first, one line each. */
export function flowTable(flows: readonly FlowJson[], style: Style): string {
  return table(
    ['TIME', 'PROCESS', 'SOURCE', 'DESTINATION', 'STATE', 'DURATION', 'VERDICT', 'WHY'],
    flows.map((flow) => {
      const outcome = flow.verdict?.outcome ?? 'unknown';
      const deciding = flow.verdict?.reasons.find((reason) => reason.outcome === outcome);
      const process = flow.source.process ?? flow.destination.process;
      return [
        dateTime(flow.openedAt),
        printable(process ? `${process.comm}[${process.pid}]` : '-'),
        end(flow.source),
        `${end(flow.destination)}:${flow.destination.port}/${flow.protocol}`,
        flow.state,
        duration(flow),
        style(outcomeColours[outcome], outcome),
        printable(deciding?.text ?? ''),
      ];
    }),
  );
}

/** One line for a flow: who, from where to where, how far it came, and what is declared of it. */
export function flowLine(flow: FlowJson): string {
  const process = flow.source.process ?? flow.destination.process;
  const who = process ? `${printable(process.comm)}[${process.pid}] ` : '';
  const took = flow.closedAt === undefined ? '' : ` after ${duration(flow)}`;
  return `${who}${end(flow.source)} → ${end(flow.destination)}:${flow.destination.port}/${flow.protocol} ${flow.state}${took}, ${flow.verdict?.outcome ?? 'unknown'}`;
}

function end({ address, identity }: EndJson): string {
  const named = identity && identity.kind !== 'unknown' && identity.kind !== 'loopback';
  const host = address.includes(':') ? `[${address}]` : address;
  if (!named) return host;
  return printable(identity.via === undefined ? identity.name : `${identity.name} via ${identity.via}`);
}

function duration({ openedAt, closedAt }: FlowJson): string {
  if (closedAt === undefined) return '-';
  const ms = closedAt - openedAt;
  if (ms < 1_000) return `${ms.toFixed(1)} ms`;
  return ms < 60_000 ? `${(ms / 1_000).toFixed(1)} s` : `${Math.round(ms / 60_000)} min`;
}

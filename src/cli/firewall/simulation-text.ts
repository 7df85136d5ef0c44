import { formatAddress } from '../../net/address.ts';
import { protocolName } from '../../net/protocol.ts';
import type { Style } from '../io.ts';
import { table } from '../table.ts';
import { placeText } from './explain-text.ts';
import type { SimulatedCapture, TracedPacket } from './simulate-capture.ts';

const colours = {
  delivered: 'green',
  forwarded: 'green',
  sent: 'green',
  dropped: 'red',
  unknown: 'yellow',
} as const;

/** Returns what became of the packets of a capture, for a person. */
export function simulationText(result: SimulatedCapture, style: Style): string {
  const traced = result.traced.map((packet) => tracedText(packet, style));
  return [...traced, countsText(result, style), rulesText(result)].join('\n');
}

function tracedText({ number, wire, way, state, outcome, why, steps }: TracedPacket, style: Style): string {
  const { source, destination, sourcePort, port, protocol, icmpType } = wire;
  const end = (address: string, number: number | undefined) =>
    number === undefined
      ? address
      : address.includes(':')
        ? `[${address}]:${number}`
        : `${address}:${number}`;
  const ends = `${end(formatAddress(source), sourcePort)} > ${end(formatAddress(destination), port)}`;
  const kind = `${protocolName(protocol)}${icmpType === undefined ? '' : ` type ${icmpType}`}`;
  const verdict = style(['bold', colours[outcome]], outcome === 'unknown' ? 'not known' : outcome);
  const from = way === 'out' ? 'from this machine' : `in by ${way}`;
  const head = `#${number} ${kind} ${ends}, ${from}, ${state.toLowerCase()}: ${verdict}${why === undefined ? '' : `, since ${why}`}\n`;
  const rows = steps.map(({ certain, family, table: name, chain, rule, effect, place }) => [
    certain ? '' : '?',
    `${family} ${name}`,
    chain,
    rule ?? `(end) ${effect}`,
    placeText(place),
  ]);
  return rows.length === 0 ? head : `${head}${table(['', 'TABLE', 'CHAIN', 'RULE', 'AT'], rows)}`;
}

function countsText(result: SimulatedCapture, style: Style): string {
  const { packets, outcomes, reasons, unread, problem, connections, evicted } = result;
  const number = (count: number) => count.toLocaleString('en');
  const said = Object.entries(outcomes)
    .filter(([, count]) => count > 0)
    .map(([name, count]) =>
      style(
        colours[name as keyof typeof colours],
        `${number(count)} ${name === 'unknown' ? 'not known' : name}`,
      ),
    );
  const lines = [
    `${number(packets)} packets: ${said.length === 0 ? 'none' : said.join(', ')}; ${number(connections)} connections at the end`,
    ...Object.entries(reasons).map(([why, count]) => `  ${number(count)} since ${why}`),
    ...Object.entries(unread).map(([why, count]) => `  ${number(count)} frames left out: ${why}`),
    ...(evicted > 0 ? [`  ${number(evicted)} connections forgotten: the table was full`] : []),
    ...(problem === undefined ? [] : [`  the capture: ${problem}`]),
  ];
  return `${lines.join('\n')}\n`;
}

function rulesText({ rules }: SimulatedCapture): string {
  if (rules.length === 0) return 'these files have no rules\n';
  const rows = rules.map(({ step, packets, maybe }) => [
    `${packets.toLocaleString('en')}${maybe > 0 ? ` +${maybe.toLocaleString('en')}?` : ''}`,
    `${step.family} ${step.table}`,
    step.chain,
    step.rule ?? `(end) ${step.effect}`,
    placeText(step.place),
  ]);
  return table(['PACKETS', 'TABLE', 'CHAIN', 'RULE', 'AT'], rows);
}

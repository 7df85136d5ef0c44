import type { Packet } from '../../firewall/packet.ts';
import { formatAddress } from '../../net/address.ts';
import { protocolName } from '../../net/protocol.ts';
import type { Style } from '../io.ts';
import { table } from '../table.ts';
import type { Explanation } from './explanation.ts';
import type { ExplainedStep } from './firewall-sources.ts';

const words = { allow: 'accepted', deny: 'dropped', unknown: 'not known' } as const;
const colours = { allow: 'green', deny: 'red', unknown: 'yellow' } as const;

/** Returns what becomes of a packet, for a person: the verdict, why, and every rule on its way. */
export function explanationText(explanation: Explanation, packet: Packet, style: Style): string {
  const { outcome, why, steps, decidedBy } = explanation;
  const verdict = style(['bold', colours[outcome]], words[outcome]);
  const head = `${packetText(packet)}: ${verdict}${why === undefined ? '' : `, since ${why}`}\n`;
  if (steps.length === 0) return outcome === 'allow' ? `${head}no rule of these files concerns it\n` : head;
  const rows = steps.map((step, number) => [
    number === decidedBy ? '→' : step.certain ? '' : '?',
    `${step.family} ${step.table}`,
    step.chain,
    step.rule ?? `(end) ${step.effect}`,
    placeText(step.place),
  ]);
  const legend = steps.some(({ certain }, number) => !certain && number !== decidedBy)
    ? '? may match: that hangs on what is not known\n'
    : '';
  return `${head}\n${table(['', 'TABLE', 'CHAIN', 'RULE', 'AT'], rows)}${legend}`;
}

export function placeText(place: ExplainedStep['place']): string {
  return place === undefined ? '' : `${place.file}:${place.line}`;
}

/** Returns a packet in one line: what is known of it. */
export function packetText(packet: Packet): string {
  const { family, chain, protocol, port, sourcePort, inInterface, outInterface, state } = packet;
  const end = (address: Packet['source'], number: number | undefined) => {
    const shown = address === undefined ? 'unsaid' : formatAddress(address);
    if (number === undefined) return shown;
    return address?.family === 6 ? `[${shown}]:${number}` : `${shown}:${number}`;
  };
  const icmp = packet.icmpType === undefined ? '' : ` type ${packet.icmpType}`;
  const ways = [
    ...(inInterface === undefined ? [] : [`in by ${inInterface}`]),
    ...(outInterface === undefined ? [] : [`out by ${outInterface}`]),
  ];
  return [
    `IPv${family} ${protocolName(protocol)}${icmp} ${end(packet.source, sourcePort)} > ${end(packet.destination, port)}`,
    ...ways,
    state.toLowerCase(),
    chain.toLowerCase(),
  ].join(', ');
}

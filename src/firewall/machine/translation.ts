import { sameAddress } from '../../net/address.ts';
import { hasPorts, type Packet } from '../packet.ts';
import type { Translation } from '../ruleset.ts';
import type { Connection, OpenEnd } from './connection.ts';
import type { ConnectionTable } from './connection-table.ts';
import {
  chooseDestinationPort,
  chooseSourcePort,
  chosenWhy,
  type TranslatedEnd,
  usualRange,
} from './port-choice.ts';
import { invert, isIcmp, type Tuple } from './tuple.ts';

/**
 * Binds one end of a connection's packets to what a rule, or no rule, has made of it: from here on all packets of the
 * connection are translated so. Of `packet` only its new address at that end is looked at; where it has none, that is
 * the kernel's choice. `translation` is absent where no rule translates.
 */
export function bind(
  connection: Connection,
  end: TranslatedEnd,
  packet: Packet,
  translation: Translation | undefined,
  table: ConnectionTable,
  time: number,
): void {
  if (end === 'source') connection.isSourceDone = true;
  else connection.isDestinationDone = true;
  const current = invert(connection.reply)!;
  const address = packet[end];
  const choose = end === 'source' ? chooseSourcePort : chooseDestinationPort;
  const choice =
    address === undefined
      ? { ports: portsWithoutAddress(current, end, translation), why: chosenWhy, isElsewhere: false }
      : choose(current, address, translation, { table, time });
  const wanted = end === 'source' ? current.from : current.to;
  const { port = wanted, ports, why } = choice;
  const tuple = changed(current, end, address ?? current[end], port);
  if (why !== undefined) {
    const what = address === undefined ? 'address' : 'port';
    const moves = address !== undefined && !sameAddress(address, current[end]);
    addOpen(connection, end, { what, ports, mayStay: !moves && !choice.isElsewhere }, why);
  }
  if (why !== undefined || !isSameTuple(tuple, current))
    connection.translated.add(end === 'source' ? 'snat' : 'dnat');
  connection.reply = invert(tuple)!;
}

/** Returns the packet as the bindings of its connection make it in a hook that translates `end`. */
export function applyBinding(
  packet: Packet,
  { original, reply, unclear }: Connection,
  isAnswer: boolean,
  end: TranslatedEnd,
  isError: boolean,
): Packet {
  const target = invert(isAnswer ? original : reply)!;
  const ports = hasPorts(packet.protocol) && !isError;
  const open = isAnswer ? undefined : unclear?.[end];
  if (open !== undefined) {
    const { [end]: address, sourcePort, port, ...rest } = packet;
    const other = end === 'source' ? { port } : { sourcePort };
    const known = Object.values(other)[0] === undefined ? {} : other;
    return { ...rest, ...known, ...(open.what === 'port' && { [end]: target[end] }) } as Packet;
  }
  if (end === 'source')
    return { ...packet, source: target.source, ...(ports && { sourcePort: target.from }) };
  return { ...packet, destination: target.destination, ...(ports && { port: target.to }) };
}

function addOpen(connection: Connection, end: TranslatedEnd, open: OpenEnd, why: string): void {
  const { unclear } = connection;
  connection.unclear = { why, ...unclear, [end]: open };
}

/** A destination of several keeps its port. */
function portsWithoutAddress(current: Tuple, end: TranslatedEnd, translation: Translation | undefined) {
  if (translation?.ports !== undefined) return translation.ports;
  return end === 'source' ? usualRange(current) : { from: current.to, to: current.to };
}

function changed(current: Tuple, end: TranslatedEnd, address: Tuple['source'], port: number): Tuple {
  if (end === 'source') return { ...current, source: address, from: port };
  return { ...current, destination: address, to: isIcmp(current) ? current.to : port };
}

function isSameTuple(x: Tuple, y: Tuple): boolean {
  const isSame = x.from === y.from && x.to === y.to;
  return isSame && sameAddress(x.source, y.source) && sameAddress(x.destination, y.destination);
}

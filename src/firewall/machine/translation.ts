import { sameAddress } from '../../net/address.ts';
import { hasPorts, type Packet } from '../packet.ts';
import type { Connection } from './connection.ts';
import type { ConnectionTable } from './connection-table.ts';
import { invert, isIcmp, type Tuple } from './tuple.ts';

/** The end of packets that a hook translates: destinations before routing, sources after it (nf_nat_core.c). */
export type TranslatedEnd = 'source' | 'destination';

/** A tuple of which the address or the port may not be known. */
interface OpenTuple {
  readonly tuple: Tuple;
  readonly isOpen: boolean;
}

/**
 * Binds one end of a connection's packets to what a rule, or no rule, has made of it: from here on all packets of the
 * connection are translated so. Of `packet` only its new end is looked at; absent parts are the
 * kernel's choice. `hasRange` where a rule leaves several ports.
 */
export function bind(
  connection: Connection,
  end: TranslatedEnd,
  packet: Packet,
  hasRange: boolean,
  table: ConnectionTable,
  time: number,
): void {
  if (end === 'source') connection.isSourceDone = true;
  else connection.isDestinationDone = true;
  const current = invert(connection.reply)!;
  const { tuple, isOpen: isChosen } = changed(current, end, packet);
  const reply = invert(tuple)!;
  const isSource = end === 'source';
  const moves = !isSameTuple(tuple, current);
  // What a source was translated to it is translated to again, where that is free (find_appropriate_src).
  const hasChoice = hasPorts(tuple.protocol) || isIcmp(tuple);
  const isOpen = isChosen || (hasChoice && isSource && moves && table.hasUnclearSource(connection, time));
  // A destination keeps its port even where the answers would be another connection's.
  const isTaken = !isOpen && hasChoice && (isSource || hasRange) && table.find(reply, time) !== undefined;
  if (moves || isOpen || isTaken) connection.translated.add(isSource ? 'snat' : 'dnat');
  if (isOpen || isTaken) {
    const why = isTaken
      ? 'its port is taken, and the kernel chooses another'
      : 'the kernel chooses its new end';
    connection.unclear ??= { end, what: packet[end] === undefined ? 'address' : 'port', why };
    table.addUnclear(connection, reply);
  }
  connection.reply = reply;
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
  if (!isAnswer && unclear?.end === end) {
    const { [end]: address, sourcePort, port, ...rest } = packet;
    const other = end === 'source' ? { port } : { sourcePort };
    const known = Object.values(other)[0] === undefined ? {} : other;
    return { ...rest, ...known, ...(unclear.what === 'port' && { [end]: target[end] }) } as Packet;
  }
  if (end === 'source')
    return { ...packet, source: target.source, ...(ports && { sourcePort: target.from }) };
  return { ...packet, destination: target.destination, ...(ports && { port: target.to }) };
}

function changed(current: Tuple, end: TranslatedEnd, packet: Packet): OpenTuple {
  const withPorts = hasPorts(packet.protocol);
  const address = packet[end];
  const port = end === 'source' ? packet.sourcePort : packet.port;
  const isOpen = address === undefined || (withPorts && port === undefined);
  const where = address ?? current[end];
  if (end === 'source') {
    const from = withPorts ? (port ?? current.from) : current.from;
    return { tuple: { ...current, source: where, from }, isOpen };
  }
  const to = withPorts ? (port ?? current.to) : current.to;
  return { tuple: { ...current, destination: where, to: isIcmp(current) ? current.to : to }, isOpen };
}

function isSameTuple(x: Tuple, y: Tuple): boolean {
  const isSame = x.from === y.from && x.to === y.to;
  return isSame && sameAddress(x.source, y.source) && sameAddress(x.destination, y.destination);
}

import { type ExportRecord, Told } from '../record.ts';

const [icmp, tcp, icmpv6] = [1, 6, 58];
const [syn, ack] = [2, 16];
/** Types of ICMP messages that ask for an answer (RFC 792, RFC 4443). */
const requests: ReadonlySet<number> = new Set([8, 13]);
const echoRequest6 = 128;
const firstFreePort = 1024;

/** Who opened the conversation: the source of the record, its destination, or nothing tells. */
export type Initiator = 'source' | 'destination' | undefined;

/** What one direction alone says. */
export function initiatorOfOne(record: ExportRecord): Initiator {
  const { protocol, icmpType, tcpFlags } = record;
  if (protocol === icmp && requests.has(icmpType)) return 'source';
  if (protocol === icmpv6 && icmpType === echoRequest6) return 'source';
  if (protocol !== tcp || !record.told(Told.TcpFlags) || (tcpFlags & syn) === 0) return undefined;
  if ((tcpFlags & ack) === 0) return 'source';
  // Flags of a flow are those of all its packets; of one packet they are what it was.
  return record.told(Told.PacketSample) && record.rawPackets === 1 ? 'destination' : undefined;
}

/** What the ports say: who has one below 1024 serves who has none (as nfdump's -B guesses). */
export function initiatorByPorts({ sourcePort, destinationPort }: ExportRecord): Initiator {
  if (sourcePort === 0 || destinationPort === 0) return undefined;
  if (sourcePort >= firstFreePort && destinationPort < firstFreePort) return 'source';
  return sourcePort < firstFreePort && destinationPort >= firstFreePort ? 'destination' : undefined;
}

/**
 * What both directions say together: requests and lone SYNs, then a SYN that only one of them sent (the other refused), then who was
 * first, then the ports.
 */
export function initiatorOfBoth(forth: ExportRecord, back: ExportRecord): Initiator {
  const own = initiatorOfOne(forth);
  if (own !== undefined) return own;
  const other = initiatorOfOne(back);
  if (other !== undefined) return other === 'source' ? 'destination' : 'source';
  if (forth.protocol === tcp && forth.told(Told.TcpFlags) && back.told(Told.TcpFlags)) {
    const [forthSyn, backSyn] = [forth.tcpFlags & syn, back.tcpFlags & syn];
    if (forthSyn !== backSyn) return forthSyn !== 0 ? 'source' : 'destination';
  }
  if (forth.told(Told.Start) && back.told(Told.Start) && forth.start !== back.start)
    return forth.start < back.start ? 'source' : 'destination';
  return initiatorByPorts(forth);
}

/** The same of one direction, or of packets of both that were added up. */
export function initiatorOfJoined(record: ExportRecord): Initiator {
  const own = initiatorOfOne(record);
  if (own !== undefined) return own;
  const isAsked = record.told(Told.ReverseTcpFlags) && (record.reverseTcpFlags & (syn | ack)) === syn;
  return isAsked ? 'destination' : initiatorByPorts(record);
}

import { type Address, ipv4, ipv6 } from '../../net/address.ts';
import { Protocol } from '../../net/protocol.ts';
import { isAnswered } from '../answered.ts';
import { communityId } from '../community-id.ts';
import type { EndReason, Flow, FlowState, Observation, Traffic, TranslatedEnd, Tunnel } from '../flow.ts';
import { ExportEvent, type ExportRecord, Told } from './record.ts';

/** IPFIX element 136 (RFC 5102 §5.11.3), from 1. */
const endReasons: readonly (EndReason | undefined)[] = [
  undefined,
  'idle',
  'active',
  'end',
  'forced',
  'no-room',
];
type Writable<Type> = { -readonly [Name in keyof Type]: Type[Name] };

const tcp = 6;
const fin = 1;
const syn = 2;
const rst = 4;
const psh = 8;
const ack = 16;

/**
 * Returns the record as a flow with the given id: its source is the source of the exported record, which of the two opened the
 * conversation an exporter does not say. Counters are multiplied by the sampling rate and rounded. Counters that nobody told are absent,
 * not 0. Never throws; a record without addresses has both ends unspecified (callers leave such out: {@link Told.Addresses}).
 */
export function flowOf(record: ExportRecord, id: string): Flow {
  const state = stateOf(record);
  const sent = traffic(
    record.present & (Told.Packets | Told.Bytes),
    record.packets,
    record.bytes,
    record.told(Told.TcpFlags) ? record.tcpFlags : undefined,
  );
  const received = traffic(
    record.present & (Told.ReversePackets | Told.ReverseBytes),
    record.reversePackets,
    record.reverseBytes,
    record.told(Told.ReverseTcpFlags) ? record.reverseTcpFlags : undefined,
  );
  const source = addressOf(record.family, record.source);
  const destination = addressOf(record.family, record.destination);
  const tunnel = tunnelOf(record);
  const translated = translatedOf(record, source, destination);
  const endReason = endReasons[record.endReason];
  // What is not told is added by no spread: this is done for each record, and a spread takes several times as long.
  const flow: Writable<Flow> = {
    id,
    protocol: record.protocol,
    source: { address: source, port: record.sourcePort },
    destination: { address: destination, port: record.destinationPort },
    state,
    seenBy: 'network',
    openedAt: record.start,
    reachedDestination: isAnswered(state, received),
    preexisting: false,
    lastAt: record.end,
    observation: observationOf(record),
  };
  if (state === 'closed') flow.closedAt = record.end;
  if (sent !== undefined) flow.sent = sent;
  if (received !== undefined) flow.received = received;
  if (record.icmpType >= 0) flow.icmp = { type: record.icmpType, code: record.icmpCode };
  if (record.vlanCount > 0) flow.vlans = [...record.vlans.subarray(0, record.vlanCount)];
  if (tunnel !== undefined) flow.tunnel = tunnel;
  if (translated !== undefined) flow.translated = translated;
  if (endReason !== undefined) flow.endReason = endReason;
  const community = communityOf(record, source, destination);
  if (community !== undefined) flow.communityId = community;
  return flow;
}

/** The address in four lanes; the unspecified IPv4 address for family 0. */
export function addressOf(family: number, lanes: Uint32Array): Address {
  return family === 6 ? ipv6(lanes[0]!, lanes[1]!, lanes[2]!, lanes[3]!) : ipv4(lanes[3]!);
}

/**
 * How far a connection came, as far as one record can tell. Without a handshake to be seen a conversation is established when
 * traffic was counted both ways, else only attempted: its answer, if any, is another record.
 */
function stateOf(record: ExportRecord): FlowState {
  if (record.event === ExportEvent.Deleted) return 'closed';
  if (record.event === ExportEvent.Denied) return 'attempted';
  const answered = record.rawReversePackets > 0 || record.rawReverseBytes > 0;
  if (record.protocol !== tcp || !record.told(Told.TcpFlags)) {
    return answered || record.event === ExportEvent.Created || record.event === ExportEvent.Updated
      ? 'established'
      : 'attempted';
  }
  const own = record.tcpFlags;
  const back = record.reverseTcpFlags;
  if (answered) {
    if ((back & (syn | rst)) === rst && (own & syn) !== 0) return 'refused';
    return ((own | back) & (fin | rst)) === 0 ? 'established' : 'closed';
  }
  if ((own & (syn | ack)) === syn) return (own & rst) === 0 ? 'attempted' : 'aborted';
  // A closed port answers one packet with one RST: then this record is the answer.
  if ((own & rst) !== 0 && (own & (syn | fin | psh)) === 0 && record.rawPackets <= 1) return 'refused';
  if ((own & (fin | rst)) !== 0) return 'closed';
  return (own & ack) !== 0 ? 'established' : 'attempted';
}

function traffic(
  told: number,
  packets: number,
  bytes: number,
  tcpFlags: number | undefined,
): Traffic | undefined {
  if (told === 0) return undefined;
  const counted: Writable<Traffic> = { packets: Math.round(packets), bytes: Math.round(bytes) };
  if (tcpFlags !== undefined) counted.tcpFlags = tcpFlags;
  return counted;
}

/** The Community ID, where all that goes into it was told: without ports it would be that of another conversation. */
function communityOf(record: ExportRecord, source: Address, destination: Address): string | undefined {
  const { protocol, sourcePort, destinationPort, icmpType, icmpCode } = record;
  const isIcmp = protocol === Protocol.Icmp || protocol === Protocol.Icmpv6;
  const hasPorts = protocol === Protocol.Tcp || protocol === Protocol.Udp || protocol === Protocol.Sctp;
  if (!record.told(Told.Addresses | Told.Protocol) || (isIcmp && icmpType < 0)) return undefined;
  // Later fragments come without ports, told as 0.
  if (hasPorts && (!record.told(Told.Ports) || (sourcePort === 0 && destinationPort === 0))) return undefined;
  const icmp = isIcmp ? { type: icmpType, code: icmpCode } : undefined;
  const [from, to] = [
    { address: source, port: sourcePort },
    { address: destination, port: destinationPort },
  ];
  return communityId(protocol, from, to, icmp);
}

function tunnelOf(record: ExportRecord): Tunnel | undefined {
  const { tunnel, tunnelId, outerFamily } = record;
  if (tunnel === undefined) {
    return record.mplsLabel >= 0 ? { kind: 'mpls', id: record.mplsLabel } : undefined;
  }
  return {
    kind: tunnel,
    ...(tunnelId >= 0 && { id: tunnelId }),
    ...(outerFamily !== 0 && {
      source: addressOf(outerFamily, record.outerSource),
      destination: addressOf(outerFamily, record.outerDestination),
    }),
  };
}

function translatedOf(
  record: ExportRecord,
  source: Address,
  destination: Address,
): { source?: TranslatedEnd; destination?: TranslatedEnd } | undefined {
  const from = record.told(Told.NatSource)
    ? end(record, record.natSource, record.natSourcePort, source, record.sourcePort)
    : undefined;
  const to = record.told(Told.NatDestination)
    ? end(record, record.natDestination, record.natDestinationPort, destination, record.destinationPort)
    : undefined;
  if (from === undefined && to === undefined) return undefined;
  return { ...(from && { source: from }), ...(to && { destination: to }) };
}

/** What NAT put in the place of an end, or undefined where it is the end itself. A port of 0 was not told: it stays. */
function end(
  { natFamily }: ExportRecord,
  lanes: Uint32Array,
  port: number,
  was: Address,
  wasPort: number,
): TranslatedEnd | undefined {
  const address = addressOf(natFamily, lanes);
  const same =
    address.family === was.family &&
    address.a === was.a &&
    address.b === was.b &&
    address.c === was.c &&
    address.d === was.d;
  const translated = port === 0 ? wasPort : port;
  return same && translated === wasPort ? undefined : { address, port: translated };
}

function observationOf(record: ExportRecord): Observation {
  const observation: Writable<Observation> = { by: record.by };
  if (record.exporter !== '') observation.exporter = record.exporter;
  if (record.told(Told.Input)) observation.input = record.inputName ?? String(record.input);
  if (record.told(Told.Output)) observation.output = record.outputName ?? String(record.output);
  if (record.told(Told.Sampling) || record.samplingRate !== 1) observation.samplingRate = record.samplingRate;
  return observation;
}

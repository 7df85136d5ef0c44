import { Protocol } from '../../net/protocol.ts';
import { isAnswered } from '../answered.ts';
import type { EndReason, Flow, FlowState, Traffic } from '../flow.ts';
import type { Verdict } from '../verdict.ts';
import { type FlowLogFormat, type LogPlace, type LogResult, problem, reasons, skipped } from './flow-log.ts';
import { parseTimestamp } from './timestamp.ts';
import {
  addressOf,
  boundedOf,
  countOf,
  type Fields,
  fieldsOf,
  hasEnded,
  isIcmp,
  isObject,
  portOf,
  protocolOf,
  Tcp,
  textOf,
} from './values.ts';

const endReasons: Readonly<Record<string, EndReason>> = {
  timeout: 'idle',
  forced: 'forced',
  shutdown: 'forced',
  tcp_reuse: 'end',
};

/** Suricata's EVE log: records of `event_type` flow. */
export const suricata: FlowLogFormat = {
  id: 'suricata',
  title: 'Suricata EVE',
  form: 'object',
  recognizes: (record) => isObject(record) && typeof record.event_type === 'string' && 'timestamp' in record,
  open: () => ({
    read: (record, place) => {
      if (!isObject(record)) return problem(reasons.notObject);
      if (record.event_type === 'flow') return flowFromEve(record, place);
      // One way each, of the same conversations: counting both would count twice.
      return skipped(record.event_type === 'netflow' ? 'netflow records' : 'other events');
    },
  }),
};

/**
 * Returns the flow of an EVE flow record (Suricata's user guide, "Eve JSON Format", section "Event type: Flow"). Its bytes are those of
 * whole frames, with the link layer's header.
 */
function flowFromEve(record: Fields, place: LogPlace): LogResult {
  const source = addressOf(record.src_ip);
  const destination = addressOf(record.dest_ip);
  if (source === undefined || destination === undefined) return problem(reasons.noAddress);
  const protocol = protocolOf(record.proto, source.family);
  if (protocol === undefined) return problem(reasons.noProtocol);
  const counters = fieldsOf(record.flow);
  const openedAt = parseTimestamp(counters.start) ?? parseTimestamp(record.timestamp);
  if (openedAt === undefined) return problem(reasons.noTime);
  const sourcePort = portOf(record.src_port ?? 0);
  const destinationPort = portOf(record.dest_port ?? 0);
  if (sourcePort === undefined || destinationPort === undefined) return problem(reasons.noPort);
  const lastAt = Math.max(openedAt, parseTimestamp(counters.end) ?? openedAt);
  const tcp = fieldsOf(record.tcp);
  const isTcp = protocol === Protocol.Tcp;
  const sent = trafficOf(counters, 'toserver', isTcp ? flagsOf(tcp.tcp_flags_ts) : undefined);
  const received = trafficOf(counters, 'toclient', isTcp ? flagsOf(tcp.tcp_flags_tc) : undefined);
  const state = stateOf(textOf(counters.state), isTcp, sent, received);
  const type = boundedOf(record.icmp_type, 255);
  const endReason = state === 'closed' ? 'end' : endReasons[textOf(counters.reason) ?? ''];
  const verdict = verdictOf(counters);
  const vlans = (Array.isArray(record.vlan) ? record.vlan.slice(0, 4) : []).flatMap(
    (vlan) => boundedOf(vlan, 4095) ?? [],
  );
  const communityId = textOf(record.community_id);
  const input = textOf(record.in_iface);
  const number = countOf(record.flow_id);
  const flow: Flow = {
    id: number === undefined ? `${place.name}:${place.number}` : `suricata-${number}`,
    protocol,
    source: { address: source, port: sourcePort },
    destination: { address: destination, port: destinationPort },
    state,
    seenBy: 'network',
    openedAt,
    ...(hasEnded(state) && { closedAt: lastAt }),
    reachedDestination: isAnswered(state, received),
    preexisting: false,
    ...(verdict && { verdict }),
    lastAt,
    ...(sent && { sent }),
    ...(received && { received }),
    ...(isIcmp(protocol) &&
      type !== undefined && { icmp: { type, code: boundedOf(record.icmp_code, 255) ?? 0 } }),
    ...(vlans.length > 0 && { vlans }),
    observation: { by: 'suricata', exporter: place.name, ...(input !== undefined && { input }) },
    ...(endReason && { endReason }),
    ...(communityId !== undefined && { communityId }),
  };
  return { kind: 'flow', flow };
}

function trafficOf(counters: Fields, way: string, tcpFlags: number | undefined): Traffic | undefined {
  const packets = countOf(counters[`pkts_${way}`]);
  const bytes = countOf(counters[`bytes_${way}`]);
  if (packets === undefined && bytes === undefined) return undefined;
  return { packets: packets ?? 0, bytes: bytes ?? 0, ...(tcpFlags !== undefined && { tcpFlags }) };
}

/** Flags are two hexadecimal digits. */
function flagsOf(value: unknown): number | undefined {
  return typeof value === 'string' && /^[0-9a-fA-F]{1,3}$/.test(value)
    ? Number.parseInt(value, 16) & 0x1ff
    : undefined;
}

/** `new`: no packet of the other end yet (for TCP: no whole handshake); what Suricata gave up to follow was established. */
function stateOf(
  state: string | undefined,
  isTcp: boolean,
  sent: Traffic | undefined,
  received: Traffic | undefined,
): FlowState {
  const isAnswered = (received?.packets ?? 0) > 0;
  if (!isTcp) return isAnswered ? 'established' : 'unanswered';
  const [own, back] = [sent?.tcpFlags ?? 0, received?.tcpFlags ?? 0];
  if ((own & Tcp.syn) !== 0 && (back & (Tcp.rst | Tcp.syn)) === Tcp.rst) return 'refused';
  if (state === 'closed') return isAnswered || back !== 0 ? 'closed' : 'aborted';
  if (state === 'established' || state?.includes('bypassed')) return 'established';
  if (isAnswered) return (back & Tcp.syn) !== 0 || back === 0 ? 'established' : 'attempted';
  return (own & Tcp.rst) === 0 ? 'timed-out' : 'aborted';
}

/** What Suricata did with the flow where it stands in the way (IPS). */
function verdictOf({ action }: Fields): Verdict | undefined {
  if (action !== 'drop' && action !== 'reject') return undefined;
  const text = 'Suricata dropped packets of it by a rule';
  return {
    outcome: 'deny',
    reasons: [{ layer: 'suricata', direction: 'ingress', outcome: 'deny', text }],
  };
}

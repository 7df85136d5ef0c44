import { Protocol } from '../../net/protocol.ts';
import { isAnswered } from '../answered.ts';
import type { Flow, FlowState, Traffic } from '../flow.ts';
import { type LogPlace, type LogResult, problem, reasons } from './flow-log.ts';
import { parseSeconds, parseTimestamp } from './timestamp.ts';
import { addressOf, boundedOf, countOf, hasEnded, isIcmp, portOf, protocolOf, textOf } from './values.ts';
import { flagsFromHistory } from './zeek-history.ts';
import { icmpFromZeek } from './zeek-icmp.ts';
import { isZeekState, stateFromZeek } from './zeek-state.ts';

/** Fields of one conn.log record by name; one that is unset is undefined or null. Values are text in TSV, any JSON else. */
export type ConnField = (name: string) => unknown;

/** Seconds as a number beyond this are milliseconds (JSON::TS_MILLIS): no clock is in the year 5138. */
const firstMilliseconds = 1e11;

/**
 * Returns the flow of one record of Zeek's conn.log. Bytes are those of the IP packets where Zeek logged them (`orig_ip_bytes`), else of the
 * payload; the id is the record's `uid`.
 */
export function flowFromConn(field: ConnField, place: LogPlace): LogResult {
  const source = addressOf(field('id.orig_h'));
  const destination = addressOf(field('id.resp_h'));
  if (source === undefined || destination === undefined) return problem(reasons.noAddress);
  const openedAt = timeOf(field('ts'));
  if (openedAt === undefined) return problem(reasons.noTime);
  const protocol =
    protocolOf(field('ip_proto'), source.family) ?? protocolFromName(field('proto'), source.family);
  if (protocol === undefined) return problem(reasons.noProtocol);
  const sourcePort = portOf(field('id.orig_p') ?? 0);
  const destinationPort = portOf(field('id.resp_p') ?? 0);
  if (sourcePort === undefined || destinationPort === undefined) return problem(reasons.noPort);
  const seconds = parseSeconds(field('duration'));
  const lastAt = seconds === undefined ? openedAt : roundMicroseconds(openedAt + seconds);
  const history = field('history');
  const flags =
    protocol === Protocol.Tcp && typeof history === 'string'
      ? flagsFromHistory(history.slice(0, 256))
      : undefined;
  const sent = trafficOf(field('orig_pkts'), field('orig_ip_bytes'), field('orig_bytes'), flags?.sent);
  const received = trafficOf(
    field('resp_pkts'),
    field('resp_ip_bytes'),
    field('resp_bytes'),
    flags?.received,
  );
  const logged = textOf(field('conn_state'));
  if (logged !== undefined && !isZeekState(logged)) return problem('a conn_state that is none');
  const counts = sent && received && { sent: sent.packets, received: received.packets };
  const state = stateFromZeek(logged, protocol, counts);
  const icmp = isIcmp(protocol) ? icmpFromZeek(protocol, sourcePort, destinationPort) : undefined;
  const vlans = [field('vlan'), field('inner_vlan')].flatMap((vlan) => boundedOf(vlan, 4095) ?? []);
  const communityId = textOf(field('community_id'));
  const flow: Flow = {
    id: textOf(field('uid')) ?? `${place.name}:${place.number}`,
    protocol,
    source: { address: source, port: icmp ? 0 : sourcePort },
    destination: { address: destination, port: icmp ? 0 : destinationPort },
    state,
    seenBy: 'network',
    openedAt,
    ...(hasEnded(state) && { closedAt: lastAt }),
    reachedDestination: isReached(logged, state, received),
    preexisting: logged === 'OTH' && protocol === Protocol.Tcp,
    lastAt,
    ...(sent && { sent }),
    ...(received && { received }),
    ...(icmp && { icmp }),
    ...(vlans.length > 0 && { vlans }),
    observation: { by: 'zeek', exporter: place.name },
    ...(communityId !== undefined && { communityId }),
  };
  return { kind: 'flow', flow };
}

/** Where nobody counted, the state says whether there was an answer; of what was begun before, which way it went is not known. */
function isReached(logged: string | undefined, state: FlowState, received: Traffic | undefined): boolean {
  if (received !== undefined) return isAnswered(state, received);
  return (state === 'established' || state === 'closed') && logged !== 'OTH';
}

function timeOf(value: unknown): number | undefined {
  if (typeof value === 'number' && value >= firstMilliseconds) return parseSeconds(value / 1e3);
  return parseSeconds(value) ?? parseTimestamp(value);
}

/** Zeek has names for three protocols and calls all others unknown; `icmp` is of either version. */
function protocolFromName(name: unknown, family: number): number | undefined {
  return name === 'unknown_transport' ? undefined : protocolOf(name, family);
}

function trafficOf(
  packets: unknown,
  ipBytes: unknown,
  payload: unknown,
  tcpFlags: number | undefined,
): Traffic | undefined {
  const count = countOf(packets);
  if (count === undefined) return undefined;
  const bytes = countOf(ipBytes) ?? countOf(payload) ?? 0;
  return { packets: count, bytes, ...(tcpFlags !== undefined && { tcpFlags }) };
}

/** Sums of times in binary fractions; Zeek has microseconds. */
function roundMicroseconds(time: number): number {
  return Math.round(time * 1e3) / 1e3;
}

import { Protocol } from '../../net/protocol.ts';
import type { End, Flow, FlowState, Identity } from '../flow.ts';
import type { Verdict } from '../verdict.ts';
import { type FlowLogFormat, type LogPlace, type LogResult, problem, reasons, skipped } from './flow-log.ts';
import { parseTimestamp } from './timestamp.ts';
import {
  addressOf,
  boundedOf,
  type Fields,
  fieldsOf,
  hasEnded,
  isObject,
  portOf,
  Tcp,
  textOf,
} from './values.ts';

const protocols: Readonly<Record<string, number>> = {
  TCP: Protocol.Tcp,
  UDP: Protocol.Udp,
  SCTP: Protocol.Sctp,
  ICMPv4: Protocol.Icmp,
  ICMPv6: Protocol.Icmpv6,
  VRRP: 112,
  IGMP: 2,
};
const flagBits: readonly (readonly [string, number])[] = [
  ['FIN', Tcp.fin],
  ['SYN', Tcp.syn],
  ['RST', Tcp.rst],
  ['PSH', Tcp.psh],
  ['ACK', Tcp.ack],
  ['URG', Tcp.urg],
  ['ECE', Tcp.ece],
  ['CWR', Tcp.cwr],
  ['NS', Tcp.ns],
];

/** What `hubble observe -o json` (or jsonpb) prints and Cilium's exporter writes: flows of one packet or one verdict each. */
export const hubble: FlowLogFormat = {
  id: 'hubble',
  title: 'Hubble (Cilium) in JSON',
  form: 'object',
  recognizes: (record) => {
    const flow = isObject(record) && isObject(record.flow) ? record.flow : record;
    if (!isObject(flow)) return false;
    const isOther = isObject(record) && ('node_status' in record || 'lost_events' in record);
    return isOther || (typeof flow.verdict === 'string' && ('IP' in flow || 'l4' in flow || 'Type' in flow));
  },
  open: () => ({
    read: (record, place) => {
      if (!isObject(record)) return problem(reasons.notObject);
      if ('lost_events' in record) return skipped('lost events, as Hubble tells');
      const flow = isObject(record.flow) ? record.flow : record;
      if (!('IP' in flow) && !('verdict' in flow)) return skipped('other records of Hubble');
      if (flow.Type === 'L7' || 'l7' in flow) return skipped('requests and answers of an application (L7)');
      if (flow.Type === 'SOCK') return skipped('translations of sockets');
      return flowFromHubble(flow, record, place);
    },
  }),
};

/**
 * Returns the flow that one event tells of (Cilium, api/v1/flow/flow.proto): without counters, since an event is one packet, or one decision
 * on a connection. A packet of the reply direction tells of the connection the other way round. What Cilium decided
 * stands in the verdict, with its reason for a drop.
 */
function flowFromHubble(event: Fields, wrapper: Fields, place: LogPlace): LogResult {
  const ip = fieldsOf(event.IP);
  const from = addressOf(ip.source);
  const to = addressOf(ip.destination);
  if (from === undefined || to === undefined) return problem(reasons.noAddress);
  const at = parseTimestamp(event.time) ?? parseTimestamp(wrapper.time);
  if (at === undefined) return problem(reasons.noTime);
  const [name, layer] = Object.entries(fieldsOf(event.l4))[0] ?? [];
  const protocol = name === undefined ? undefined : protocols[name];
  if (protocol === undefined) return problem(reasons.noProtocol);
  const l4 = fieldsOf(layer);
  const sourcePort = portOf(l4.source_port ?? 0);
  const destinationPort = portOf(l4.destination_port ?? 0);
  if (sourcePort === undefined || destinationPort === undefined) return problem(reasons.noPort);
  const isReply = event.is_reply === true || (event.is_reply === undefined && event.reply === true);
  const ends: readonly [End, End] = [
    endOf(from, sourcePort, fieldsOf(event.source)),
    endOf(to, destinationPort, fieldsOf(event.destination)),
  ];
  const flags = flagsOf(fieldsOf(l4.flags));
  const isDropped = event.verdict === 'DROPPED';
  const state = stateOf(protocol, flags, isReply, isDropped);
  const verdict = verdictOf(event);
  const type = boundedOf(l4.type ?? 0, 255);
  const node = textOf(event.node_name) ?? textOf(wrapper.node_name);
  const names = namesOf(isReply ? event.source_names : event.destination_names);
  const isIcmp = protocol === Protocol.Icmp || protocol === Protocol.Icmpv6;
  const flow: Flow = {
    id: textOf(event.uuid) ?? `${place.name}:${place.number}`,
    protocol,
    source: isReply ? ends[1] : ends[0],
    destination: isReply ? ends[0] : ends[1],
    state,
    seenBy: 'network',
    openedAt: at,
    ...(state === 'established' && { establishedAt: at }),
    ...(hasEnded(state) && { closedAt: at }),
    // One event is one packet. An answer, also one that was dropped, comes from the destination.
    reachedDestination: isReply && (flags & Tcp.rst) === 0,
    preexisting: false,
    ...(verdict && { verdict }),
    lastAt: at,
    ...(isIcmp && type !== undefined && { icmp: { type, code: boundedOf(l4.code ?? 0, 255) ?? 0 } }),
    ...(names !== undefined && { names: { dns: names } }),
    observation: { by: 'hubble', exporter: node ?? place.name },
  };
  return { kind: 'flow', flow };
}

function endOf(address: End['address'], port: number, endpoint: Fields): End {
  const identity = identityOf(endpoint);
  return { address, port, ...(identity && { identity }) };
}

/** The workload of a pod where Hubble tells it, else the pod. */
function identityOf(endpoint: Fields): Identity | undefined {
  const pod = textOf(endpoint.pod_name);
  if (pod === undefined) return undefined;
  const workload = Array.isArray(endpoint.workloads) ? fieldsOf(endpoint.workloads[0]) : {};
  const name = textOf(workload.name) ?? pod;
  const namespace = textOf(endpoint.namespace);
  return { kind: 'workload', name: namespace === undefined ? name : `${namespace}/${name}` };
}

function flagsOf(flags: Fields): number {
  let bits = 0;
  for (const [name, bit] of flagBits) if (flags[name] === true) bits |= bit;
  return bits;
}

/** As far as one packet can tell. */
function stateOf(protocol: number, flags: number, isReply: boolean, isDropped: boolean): FlowState {
  if (isDropped && !isReply) return 'timed-out';
  if (protocol !== Protocol.Tcp) return isReply ? 'established' : 'attempted';
  if ((flags & (Tcp.fin | Tcp.rst)) !== 0) return 'closed';
  return isReply || (flags & Tcp.ack) !== 0 ? 'established' : 'attempted';
}

function verdictOf(event: Fields): Verdict | undefined {
  const direction = event.traffic_direction === 'EGRESS' ? 'egress' : 'ingress';
  if (event.verdict === 'DROPPED') {
    const reason =
      textOf(event.drop_reason_desc) ?? `reason ${boundedOf(event.drop_reason, 65_535) ?? 'unknown'}`;
    const text = `Cilium dropped it: ${reason}`;
    return { outcome: 'deny', reasons: [{ layer: 'hubble', direction, outcome: 'deny', text }] };
  }
  if (event.verdict === 'AUDIT') {
    const text = 'Cilium would drop it, but only audits its policies';
    return { outcome: 'deny', reasons: [{ layer: 'hubble', direction, outcome: 'deny', text }] };
  }
  if (event.verdict !== 'FORWARDED' && event.verdict !== 'REDIRECTED') return undefined;
  const text = event.verdict === 'FORWARDED' ? 'Cilium forwarded it' : 'Cilium handed it to its proxy';
  return { outcome: 'allow', reasons: [{ layer: 'hubble', direction, outcome: 'allow', text }] };
}

function namesOf(names: unknown): string | undefined {
  return Array.isArray(names) ? textOf(names[0]) : undefined;
}

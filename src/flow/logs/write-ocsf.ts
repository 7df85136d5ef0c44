import { formatAddress } from '../../net/address.ts';
import { protocolName } from '../../net/protocol.ts';
import type { End, Flow } from '../flow.ts';
import type { FlowWriterDefinition } from './flow-writer.ts';
import { isIcmp, Tcp } from './values.ts';

/** The version of the schema that the events follow. */
export const ocsfVersion = '1.5.0';
const classUid = 4001;

/** Names of the activities of the class by their ids. */
const activities = { 1: 'Open', 2: 'Close', 3: 'Reset', 4: 'Fail', 5: 'Refuse', 6: 'Traffic' } as const;

/** Events of the class Network Activity of the Open Cybersecurity Schema Framework, one a line. */
export const ocsfWriter: FlowWriterDefinition = {
  id: 'ocsf',
  title: `OCSF ${ocsfVersion} Network Activity`,
  open: ({ version }) => ({
    head: () => '',
    flow: (flow) => `${JSON.stringify(eventOf(flow, version))}\n`,
    tail: () => '',
  }),
};

/**
 * Returns the flow as an event of class 4001 (schema.ocsf.io/1.5.0/classes/network_activity, with the profile Security Control for what
 * became of it). Times are whole milliseconds. `out` is what the source sent.
 */
function eventOf(flow: Flow, version: string) {
  const { protocol, source, destination, sent, received, observation, verdict } = flow;
  const activity = activityOf(flow);
  const end = flow.lastAt ?? flow.closedAt;
  const flags = (sent?.tcpFlags ?? 0) | (received?.tcpFlags ?? 0);
  const hasFlags = (sent?.tcpFlags ?? received?.tcpFlags) !== undefined;
  const isV6 = source.address.family === 6;
  const hostname = flow.names?.tls ?? flow.names?.dns ?? flow.names?.http;
  return {
    activity_id: activity,
    activity_name: activities[activity],
    category_uid: 4,
    category_name: 'Network Activity',
    class_uid: classUid,
    class_name: 'Network Activity',
    type_uid: classUid * 100 + activity,
    type_name: `Network Activity: ${activities[activity]}`,
    severity_id: 1,
    severity: 'Informational',
    time: Math.floor(end ?? flow.openedAt),
    start_time: Math.floor(flow.openedAt),
    ...(end !== undefined && {
      end_time: Math.floor(end),
      duration: Math.max(0, Math.floor(end) - Math.floor(flow.openedAt)),
    }),
    ...actionOf(flow),
    src_endpoint: endpoint(source, protocol, flow.vlans?.[0]),
    dst_endpoint: { ...endpoint(destination, protocol), ...(hostname !== undefined && { hostname }) },
    connection_info: {
      // Which of the ends is inside is not known.
      direction_id: 0,
      direction: 'Unknown',
      protocol_num: protocol,
      protocol_name: protocolName(protocol),
      protocol_ver_id: isV6 ? 6 : 4,
      protocol_ver: isV6 ? 'Internet Protocol version 6 (IPv6)' : 'Internet Protocol version 4 (IPv4)',
      ...(hasFlags && { tcp_flags: flags }),
      ...(flow.communityId !== undefined && { community_uid: flow.communityId }),
      uid: flow.id,
    },
    ...((sent ?? received) && {
      traffic: {
        packets: (sent?.packets ?? 0) + (received?.packets ?? 0),
        bytes: (sent?.bytes ?? 0) + (received?.bytes ?? 0),
        ...(sent && { packets_out: sent.packets, bytes_out: sent.bytes }),
        ...(received && { packets_in: received.packets, bytes_in: received.bytes }),
      },
    }),
    metadata: {
      version: ocsfVersion,
      product: { name: 'Picket', vendor_name: 'Picket', version },
      profiles: ['security_control'],
      uid: flow.id,
      ...(observation && { log_name: observation.by }),
      ...(observation?.exporter !== undefined && { log_provider: observation.exporter }),
    },
    unmapped: {
      state: flow.state,
      seen_by: flow.seenBy,
      ...(flow.icmp && { icmp_type: flow.icmp.type, icmp_code: flow.icmp.code }),
      ...(flow.vlans && { vlans: flow.vlans }),
      ...(flow.tunnel && { tunnel: flow.tunnel.kind }),
      ...(flow.endReason && { end_reason: flow.endReason }),
      ...(flow.part !== undefined && { part: flow.part }),
      ...(verdict && { verdict: verdict.outcome, reasons: verdict.reasons.map(({ text }) => text) }),
    },
  };
}

/** Ids of {@link activities}. */
function activityOf({ state, sent, received }: Flow): keyof typeof activities {
  switch (state) {
    case 'refused':
      return 5;
    case 'timed-out':
    case 'unanswered':
    case 'unreachable':
    case 'aborted':
      return 4;
    case 'closed':
      return (((sent?.tcpFlags ?? 0) | (received?.tcpFlags ?? 0)) & Tcp.rst) === 0 ? 2 : 3;
    default:
      return sent === undefined && received === undefined ? 1 : 6;
  }
}

/** What became of it: a flow that the controls deny and that passed all the same was allowed. */
function actionOf({ state, verdict }: Flow) {
  const passed = state === 'established' || state === 'closed';
  if (verdict?.outcome === 'deny' && !passed)
    return { action_id: 2, action: 'Denied', disposition_id: 2, disposition: 'Blocked' };
  if (passed || verdict?.outcome === 'allow')
    return { action_id: 1, action: 'Allowed', disposition_id: 1, disposition: 'Allowed' };
  return { action_id: 0, action: 'Unknown', disposition_id: 0, disposition: 'Unknown' };
}

function endpoint({ address, port, identity }: End, protocol: number, vlan?: number) {
  return {
    ip: formatAddress(address),
    ...(!isIcmp(protocol) && { port }),
    ...(identity && identity.kind !== 'unknown' && { name: identity.name }),
    ...(vlan !== undefined && { vlan_uid: String(vlan) }),
  };
}

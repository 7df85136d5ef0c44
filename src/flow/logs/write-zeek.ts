import { formatAddress } from '../../net/address.ts';
import { Protocol } from '../../net/protocol.ts';
import type { Flow } from '../flow.ts';
import type { FlowWriterDefinition } from './flow-writer.ts';
import { isIcmp } from './values.ts';
import { historyFromFlags } from './zeek-history.ts';
import { icmpToZeek } from './zeek-icmp.ts';
import { stateToZeek } from './zeek-state.ts';

const unset = '-';
const empty = '(empty)';

/** Names and types of the columns, as Zeek's conn.log has them (Conn::Info), with what its VLAN and Community ID scripts add. */
const columns: readonly (readonly [name: string, type: string])[] = [
  ['ts', 'time'],
  ['uid', 'string'],
  ['id.orig_h', 'addr'],
  ['id.orig_p', 'port'],
  ['id.resp_h', 'addr'],
  ['id.resp_p', 'port'],
  ['proto', 'enum'],
  ['service', 'string'],
  ['duration', 'interval'],
  ['orig_bytes', 'count'],
  ['resp_bytes', 'count'],
  ['conn_state', 'string'],
  ['local_orig', 'bool'],
  ['local_resp', 'bool'],
  ['missed_bytes', 'count'],
  ['history', 'string'],
  ['orig_pkts', 'count'],
  ['orig_ip_bytes', 'count'],
  ['resp_pkts', 'count'],
  ['resp_ip_bytes', 'count'],
  ['tunnel_parents', 'set[string]'],
  ['vlan', 'int'],
  ['inner_vlan', 'int'],
  ['community_id', 'string'],
  ['ip_proto', 'count'],
];

/** A conn.log as Zeek's ASCII writer makes it: tabs, header, microseconds. */
export const zeekWriter: FlowWriterDefinition = {
  id: 'zeek',
  title: "Zeek's conn.log",
  open: ({ now }) => ({
    head: () =>
      [
        '#separator \\x09',
        '#set_separator\t,',
        `#empty_field\t${empty}`,
        `#unset_field\t${unset}`,
        '#path\tconn',
        `#open\t${zeekTime(now)}`,
        `#fields\t${columns.map(([name]) => name).join('\t')}`,
        `#types\t${columns.map(([, type]) => type).join('\t')}`,
        '',
      ].join('\n'),
    flow: (flow) => `${record(flow).join('\t')}\n`,
    tail: () => `#close\t${zeekTime(now)}\n`,
  }),
};

/** The values of {@link columns}. */
function record(flow: Flow): string[] {
  const { protocol, source, destination, sent, received, vlans = [] } = flow;
  const ports =
    flow.icmp && isIcmp(protocol) ? icmpToZeek(protocol, flow.icmp) : [source.port, destination.port];
  const end = flow.lastAt ?? flow.closedAt;
  const isTcp = protocol === Protocol.Tcp;
  const hasFlags = isTcp && (sent?.tcpFlags ?? received?.tcpFlags) !== undefined;
  return [
    (flow.openedAt / 1e3).toFixed(6),
    textField(flow.id),
    formatAddress(source.address),
    String(ports[0]),
    formatAddress(destination.address),
    String(ports[1]),
    protocolField(protocol),
    unset,
    end === undefined ? unset : (Math.max(0, end - flow.openedAt) / 1e3).toFixed(6),
    // Of the payload alone a flow keeps no count.
    unset,
    unset,
    stateToZeek(flow.state, protocol, flow.preexisting),
    unset,
    unset,
    unset,
    hasFlags ? historyFromFlags(sent?.tcpFlags ?? 0, received?.tcpFlags ?? 0) || empty : unset,
    countField(sent?.packets),
    countField(sent?.bytes),
    countField(received?.packets),
    countField(received?.bytes),
    unset,
    countField(vlans[0]),
    countField(vlans[1]),
    flow.communityId === undefined ? unset : textField(flow.communityId),
    String(protocol),
  ];
}

function protocolField(protocol: number): string {
  if (protocol === Protocol.Tcp) return 'tcp';
  if (protocol === Protocol.Udp) return 'udp';
  return isIcmp(protocol) ? 'icmp' : 'unknown_transport';
}

function countField(count: number | undefined): string {
  return count === undefined ? unset : String(count);
}

/** A text with what would be taken for a separator, or for an unset or empty field, escaped as Zeek does. */
function textField(text: string): string {
  if (text === '') return empty;
  const escaped = text.replace(/[\u0000-\u001f\u007f\\]/g, hex);
  return escaped === unset || escaped === empty ? hex(escaped) + escaped.slice(1) : escaped;
}

function hex(text: string): string {
  return `\\x${text.charCodeAt(0).toString(16).padStart(2, '0')}`;
}

/** `2026-01-02-03-04-05`, in UTC. */
function zeekTime(at: number): string {
  return new Date(at).toISOString().slice(0, 19).replace(/[T:]/g, '-');
}

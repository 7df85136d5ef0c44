import { formatAddress } from '../../net/address.ts';
import { protocolName } from '../../net/protocol.ts';
import type { End, Flow } from '../flow.ts';
import { csvField, csvRecord } from './csv.ts';
import type { FlowWriterDefinition } from './flow-writer.ts';

const columns: readonly (readonly [name: string, value: (flow: Flow) => string | number | undefined])[] = [
  ['start', ({ openedAt }) => time(openedAt)],
  ['end', ({ lastAt, closedAt }) => time(lastAt ?? closedAt)],
  ['protocol', ({ protocol }) => protocolName(protocol)],
  ['source', ({ source }) => formatAddress(source.address)],
  ['source_port', ({ source }) => source.port],
  ['source_name', ({ source }) => nameOf(source)],
  ['destination', ({ destination }) => formatAddress(destination.address)],
  ['destination_port', ({ destination }) => destination.port],
  ['destination_name', ({ destination }) => nameOf(destination)],
  ['state', ({ state }) => state],
  ['verdict', ({ verdict }) => verdict?.outcome],
  ['process', ({ source, destination }) => (source.process ?? destination.process)?.comm],
  ['packets_sent', ({ sent }) => sent?.packets],
  ['bytes_sent', ({ sent }) => sent?.bytes],
  ['packets_received', ({ received }) => received?.packets],
  ['bytes_received', ({ received }) => received?.bytes],
  ['tcp_flags_sent', ({ sent }) => sent?.tcpFlags],
  ['tcp_flags_received', ({ received }) => received?.tcpFlags],
  ['icmp_type', ({ icmp }) => icmp?.type],
  ['icmp_code', ({ icmp }) => icmp?.code],
  ['vlans', ({ vlans }) => vlans?.join(' ')],
  ['end_reason', ({ endReason }) => endReason],
  ['observed_by', ({ observation }) => observation?.by],
  ['exporter', ({ observation }) => observation?.exporter],
  ['community_id', ({ communityId }) => communityId],
  ['id', ({ id }) => id],
];

/** A table of what most flows have (RFC 4180, with a header). Times are ISO 8601 in UTC with microseconds. */
export const csvWriter: FlowWriterDefinition = {
  id: 'csv',
  title: 'CSV',
  open: () => ({
    head: () => csvRecord(columns.map(([name]) => name)),
    flow: (flow) => csvRecord(columns.map(([, value]) => csvField(value(flow)))),
    tail: () => '',
  }),
};

function nameOf({ identity }: End): string | undefined {
  return identity === undefined || identity.kind === 'unknown' ? undefined : identity.name;
}

function time(at: number | undefined): string | undefined {
  if (at === undefined) return undefined;
  const microseconds = Math.round(at * 1e3);
  const rest = String(microseconds % 1e6).padStart(6, '0');
  return `${new Date(Math.floor(microseconds / 1e6) * 1e3).toISOString().slice(0, 19)}.${rest}Z`;
}

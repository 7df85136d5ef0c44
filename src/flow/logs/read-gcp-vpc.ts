import type { End, Flow, Identity } from '../flow.ts';
import { type FlowLogFormat, type LogPlace, type LogResult, problem, reasons, skipped } from './flow-log.ts';
import { parseTimestamp } from './timestamp.ts';
import { addressOf, countOf, type Fields, fieldsOf, isObject, portOf, protocolOf, textOf } from './values.ts';

/** Flow logs of Google VPCs: entries of Cloud Logging, or their payloads alone; one a line, or a list. */
export const gcpVpc: FlowLogFormat = {
  id: 'gcp-vpc',
  title: 'GCP VPC flow logs',
  form: 'object',
  isOneWay: true,
  recognizes: (record) => {
    if (!isObject(record)) return false;
    const payload = fieldsOf(record.jsonPayload ?? record);
    return (
      isObject(payload.connection) && ('src_ip' in payload.connection || 'dest_ip' in payload.connection)
    );
  },
  open: () => ({
    read: (record, place) => {
      if (!isObject(record)) return problem(reasons.notObject);
      const payload = fieldsOf(record.jsonPayload ?? record);
      if (!('connection' in payload)) return skipped('other log entries');
      return flowFromEntry(payload, record, place);
    },
  }),
};

/**
 * Returns the flow of one record (Google's VPC documentation, "VPC Flow Logs records"). It counts one way, in numbers that Google has
 * multiplied by its sampling; traffic between two watched machines is told by both.
 */
function flowFromEntry(payload: Fields, entry: Fields, place: LogPlace): LogResult {
  const connection = fieldsOf(payload.connection);
  const source = addressOf(connection.src_ip);
  const destination = addressOf(connection.dest_ip);
  if (source === undefined || destination === undefined) return problem(reasons.noAddress);
  const openedAt =
    parseTimestamp(payload.start_time) ?? parseTimestamp(payload.end_time) ?? parseTimestamp(entry.timestamp);
  if (openedAt === undefined) return problem(reasons.noTime);
  const protocol = protocolOf(connection.protocol, source.family);
  if (protocol === undefined) return problem(reasons.noProtocol);
  const sourcePort = portOf(connection.src_port ?? 0);
  const destinationPort = portOf(connection.dest_port ?? 0);
  if (sourcePort === undefined || destinationPort === undefined) return problem(reasons.noPort);
  const packets = countOf(payload.packets_sent);
  const bytes = countOf(payload.bytes_sent);
  const reporter = textOf(payload.reporter) ?? '';
  const flow: Flow = {
    id: textOf(entry.insertId) ?? `${place.name}:${place.number}`,
    protocol,
    source: endOf(source, sourcePort, payload, 'src'),
    destination: endOf(destination, destinationPort, payload, 'dest'),
    // Which way a connection was opened, and how far it came, is not told.
    state: 'attempted',
    seenBy: reporter === 'SRC' ? 'source' : reporter === 'DEST' ? 'destination' : 'network',
    openedAt,
    reachedDestination: false,
    preexisting: false,
    lastAt: Math.max(openedAt, parseTimestamp(payload.end_time) ?? openedAt),
    ...((packets !== undefined || bytes !== undefined) && {
      sent: { packets: packets ?? 0, bytes: bytes ?? 0 },
    }),
    observation: { by: 'gcp-vpc', exporter: place.name },
  };
  return { kind: 'flow', flow };
}

function endOf(address: End['address'], port: number, payload: Fields, side: 'src' | 'dest'): End {
  const identity = identityOf(payload, side);
  return { address, port, ...(identity && { identity }) };
}

/** The pod where Google tells it, else the machine. */
function identityOf(payload: Fields, side: 'src' | 'dest'): Identity | undefined {
  const pod = fieldsOf(fieldsOf(payload[`${side}_gke_details`]).pod);
  const workload = textOf(
    fieldsOf(Array.isArray(pod.pod_workload) ? pod.pod_workload[0] : pod.pod_workload).workload_name,
  );
  const name = workload ?? textOf(pod.pod_name);
  const namespace = textOf(pod.pod_namespace);
  if (name !== undefined)
    return { kind: 'workload', name: namespace === undefined ? name : `${namespace}/${name}` };
  const machine = textOf(fieldsOf(payload[`${side}_instance`]).vm_name);
  return machine === undefined ? undefined : { kind: 'host', name: machine };
}

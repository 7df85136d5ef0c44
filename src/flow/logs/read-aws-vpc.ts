import { Protocol } from '../../net/protocol.ts';
import type { Flow, FlowState } from '../flow.ts';
import type { Verdict } from '../verdict.ts';
import {
  type FlowLogFormat,
  header,
  type LogPlace,
  type LogReader,
  type LogResult,
  problem,
  reasons,
  skipped,
} from './flow-log.ts';
import { parseSeconds } from './timestamp.ts';
import { addressOf, countOf, hasEnded, portOf, protocolOf, Tcp, textOf } from './values.ts';

/** The default format: the fields of version 2 in the order of Amazon's table of them. */
const defaultFields: readonly string[] = [
  'version',
  'account-id',
  'interface-id',
  'srcaddr',
  'dstaddr',
  'srcport',
  'dstport',
  'protocol',
  'packets',
  'bytes',
  'start',
  'end',
  'action',
  'log-status',
];
/** Names that a header can have; any two of them make one. */
const headerNames: ReadonlySet<string> = new Set([
  ...defaultFields,
  'vpc-id',
  'subnet-id',
  'instance-id',
  'tcp-flags',
  'type',
  'pkt-srcaddr',
  'pkt-dstaddr',
  'region',
  'az-id',
  'sublocation-type',
  'sublocation-id',
  'pkt-src-aws-service',
  'pkt-dst-aws-service',
  'flow-direction',
  'traffic-path',
]);
/** CloudWatch puts the time of ingestion before each record that it exports. */
const cloudWatchTime = /^\d{4}-\d\d-\d\dT[\d:.]+Z /;
const maxFields = 128;

class AwsReader implements LogReader {
  #index: ReadonlyMap<string, number> = new Map(defaultFields.map((field, at) => [field, at]));
  #width = defaultFields.length;
  #values: readonly string[] = [];

  read(record: unknown, place: LogPlace): LogResult {
    const line = (record as string).replace(cloudWatchTime, '').trim();
    const values = line.split(/[ \t]+/, maxFields).map(withoutBraces);
    if (isHeader(values)) {
      this.#index = new Map(values.map((field, at) => [field, at]));
      this.#width = values.length;
      return header;
    }
    if (values.length < this.#width) return problem('fewer fields than its format has');
    this.#values = values;
    return this.#flow(place);
  }

  #field(name: string): string | undefined {
    const at = this.#index.get(name);
    const value = at === undefined ? undefined : this.#values[at];
    return value === '-' ? undefined : value;
  }

  /** Semantics: Amazon VPC user guide, "Flow log records". */
  #flow(place: LogPlace): LogResult {
    const status = this.#field('log-status');
    if (status === 'NODATA') return skipped('intervals without traffic (NODATA)');
    if (status === 'SKIPDATA') return skipped('intervals that Amazon skipped (SKIPDATA)');
    const [near, far] = [addressOf(this.#field('srcaddr')), addressOf(this.#field('dstaddr'))];
    // The addresses in the packets, where the interface is one on the way.
    const source = addressOf(this.#field('pkt-srcaddr')) ?? near;
    const destination = addressOf(this.#field('pkt-dstaddr')) ?? far;
    if (source === undefined || destination === undefined) return problem(reasons.noAddress);
    const openedAt = parseSeconds(this.#field('start'));
    if (openedAt === undefined) return problem(reasons.noTime);
    const protocol = protocolOf(this.#field('protocol'), source.family);
    if (protocol === undefined) return problem(reasons.noProtocol);
    const sourcePort = portOf(this.#field('srcport') ?? 0);
    const destinationPort = portOf(this.#field('dstport') ?? 0);
    if (sourcePort === undefined || destinationPort === undefined) return problem(reasons.noPort);
    const packets = countOf(this.#field('packets'));
    const bytes = countOf(this.#field('bytes'));
    const flags = protocol === Protocol.Tcp ? countOf(this.#field('tcp-flags')) : undefined;
    const isRejected = this.#field('action') === 'REJECT';
    const state = stateOf(flags, isRejected);
    const end = parseSeconds(this.#field('end')) ?? openedAt;
    const lastAt = Math.max(openedAt, end);
    const network = textOf(this.#field('interface-id'));
    const direction = this.#field('flow-direction');
    const isEgress = direction === 'egress';
    const translated = {
      ...(near && this.#isOther('srcaddr', 'pkt-srcaddr') && { source: { address: near, port: sourcePort } }),
      ...(far &&
        this.#isOther('dstaddr', 'pkt-dstaddr') && { destination: { address: far, port: destinationPort } }),
    };
    const flow: Flow = {
      id: `${place.name}:${place.number}`,
      protocol,
      source: { address: source, port: sourcePort },
      destination: { address: destination, port: destinationPort },
      state,
      seenBy: 'network',
      openedAt,
      ...(hasEnded(state) && { closedAt: lastAt }),
      reachedDestination: false,
      preexisting: false,
      verdict: verdictOf(isRejected, isEgress),
      lastAt,
      ...(packets !== undefined &&
        bytes !== undefined && {
          sent: { packets, bytes, ...(flags !== undefined && { tcpFlags: flags & 0x1ff }) },
        }),
      ...((translated.source ?? translated.destination) && { translated }),
      observation: {
        by: 'aws-vpc',
        exporter: network ?? place.name,
        ...(network !== undefined && direction !== undefined && { [isEgress ? 'output' : 'input']: network }),
      },
    };
    return { kind: 'flow', flow };
  }

  #isOther(interfaceField: string, packetField: string): boolean {
    const packet = this.#field(packetField);
    return packet !== undefined && addressOf(packet) !== undefined && packet !== this.#field(interfaceField);
  }
}

/**
 * A record counts one way only. Flags tell something where they are logged: of the ACK bit only that of SYN-ACK is. What was rejected
 * got no answer.
 */
function stateOf(flags: number | undefined, isRejected: boolean): FlowState {
  if (isRejected) return 'timed-out';
  if (flags === undefined || flags === 0) return 'attempted';
  const isOpening = (flags & (Tcp.syn | Tcp.ack)) === Tcp.syn;
  if ((flags & Tcp.fin) !== 0) return 'closed';
  if ((flags & Tcp.rst) !== 0) return isOpening ? 'aborted' : 'closed';
  return isOpening ? 'attempted' : 'established';
}

function verdictOf(isRejected: boolean, isEgress: boolean): Verdict {
  const outcome = isRejected ? 'deny' : 'allow';
  const text = isRejected
    ? 'rejected by a security group or network ACL'
    : 'accepted by security groups and network ACLs';
  return {
    outcome,
    reasons: [{ layer: 'aws-vpc', direction: isEgress ? 'egress' : 'ingress', outcome, text }],
  };
}

/** A header may be written like the format: `${srcaddr}`. */
function withoutBraces(field: string): string {
  return field.startsWith('${') && field.endsWith('}') ? field.slice(2, -1) : field;
}

function isHeader(values: readonly string[]): boolean {
  let known = 0;
  for (const value of values) if (headerNames.has(value)) known++;
  return known >= 2;
}

/** Flow logs of Amazon VPCs, versions 2 to 5 and later ones by their header, or the default format without one. */
export const awsVpc: FlowLogFormat = {
  id: 'aws-vpc',
  title: 'AWS VPC flow logs',
  form: 'line',
  isOneWay: true,
  recognizes: (record) => {
    if (typeof record !== 'string' || record.length > 8_192) return false;
    const values = record
      .replace(cloudWatchTime, '')
      .trim()
      .split(/[ \t]+/, maxFields)
      .map(withoutBraces);
    if (isHeader(values) && (values.includes('srcaddr') || values.includes('pkt-srcaddr'))) return true;
    return (
      values.length === defaultFields.length &&
      values[0] === '2' &&
      /^(OK|NODATA|SKIPDATA)$/.test(values[13] ?? '') &&
      /^(ACCEPT|REJECT|-)$/.test(values[12] ?? '')
    );
  },
  open: () => new AwsReader(),
};

import type { TunnelKind } from '../flow.ts';
import type { ExportProtocol, ExportRecord } from './record.ts';

const protocols: readonly ExportProtocol[] = ['netflow-v5', 'netflow-v9', 'ipfix', 'sflow'];
/** From 1; 0 is none. */
const tunnels: readonly (TunnelKind | undefined)[] = [
  undefined,
  'ipip',
  'gre',
  'erspan',
  'vxlan',
  'geneve',
  'gtp-u',
  'teredo',
  'capwap',
  'pppoe',
  'mpls',
  'l2tp',
];

/** A row: 13 numbers of 8 bytes, 32 of 4, 12 of 2, 12 of 1, in one stretch for the sake of caches. */
const rowBytes = 272;
const [doubleRow, wordRow, halfRow, octetRow] = [rowBytes / 8, rowBytes / 4, rowBytes / 2, rowBytes];
const wordStart = (13 * 8) / 4;
const halfStart = 13 * 4 + 32 * 2;
const octetStart = 13 * 8 + 32 * 4 + 12 * 2;

/**
 * Records of exports in one stretch of memory, a fixed number of numbers for each, so that they can be kept and handed to another thread without an
 * object for each. Texts stand beside it.
 */
export class RecordRows {
  readonly capacity: number;
  /** All numbers. Whoever transfers it has to make new rows of it at the other side. */
  readonly buffer: ArrayBuffer;
  /** Exporter of each row. */
  readonly exporters: string[];
  /** Names of interfaces, of the few exporters that tell them: input and output of each row. */
  readonly names: (string | undefined)[];
  readonly #doubles: Float64Array;
  readonly #words: Uint32Array;
  readonly #halves: Uint16Array;
  readonly #octets: Uint8Array;

  /** Rows of their own, or those that stand in a buffer. */
  constructor(capacity: number, buffer: ArrayBuffer = new ArrayBuffer(RecordRows.bytesFor(capacity))) {
    this.capacity = capacity;
    this.buffer = buffer;
    this.exporters = new Array<string>(capacity).fill('');
    this.names = new Array<string | undefined>(capacity * 2).fill(undefined);
    this.#doubles = new Float64Array(buffer);
    this.#words = new Uint32Array(buffer);
    this.#halves = new Uint16Array(buffer);
    this.#octets = new Uint8Array(buffer);
  }

  /** Bytes of the numbers of so many rows. */
  static bytesFor(capacity: number): number {
    return capacity * rowBytes;
  }

  /** Writes all of a record into a row; addresses of outer ends and of NAT only where there are any. */
  write(row: number, record: ExportRecord): void {
    this.exporters[row] = record.exporter;
    this.names[row * 2] = record.inputName;
    this.names[row * 2 + 1] = record.outputName;
    const d = this.#doubles;
    let at = row * doubleRow;
    d[at++] = record.arrival;
    d[at++] = record.packets;
    d[at++] = record.bytes;
    d[at++] = record.rawPackets;
    d[at++] = record.rawBytes;
    d[at++] = record.samplingRate;
    d[at++] = record.reversePackets;
    d[at++] = record.reverseBytes;
    d[at++] = record.rawReversePackets;
    d[at++] = record.rawReverseBytes;
    d[at++] = record.start;
    d[at++] = record.end;
    d[at] = record.tunnelId;
    const w = this.#words;
    at = row * wordRow + wordStart;
    w[at++] = record.domain;
    w[at++] = record.present;
    w[at++] = record.input;
    w[at++] = record.output;
    w[at++] = record.inputVrf;
    w[at++] = record.outputVrf;
    w[at++] = record.mplsLabel;
    w[at++] = record.forwardingStatus;
    at = put(w, at, record.source);
    at = put(w, at, record.destination);
    if (record.outerFamily !== 0) put(w, put(w, at, record.outerSource), record.outerDestination);
    if (record.natFamily !== 0) put(w, put(w, at + 8, record.natSource), record.natDestination);
    const h = this.#halves;
    at = row * halfRow + halfStart;
    h[at++] = record.sourcePort;
    h[at++] = record.destinationPort;
    h[at++] = record.tcpFlags;
    h[at++] = record.reverseTcpFlags;
    h[at++] = record.natSourcePort;
    h[at++] = record.natDestinationPort;
    h[at++] = record.icmpType + 1;
    h[at++] = record.outputVlan;
    put(h, at, record.vlans);
    const o = this.#octets;
    at = row * octetRow + octetStart;
    o[at++] = protocols.indexOf(record.by);
    o[at++] = record.family;
    o[at++] = record.protocol;
    o[at++] = record.icmpCode;
    o[at++] = record.tos;
    o[at++] = record.direction + 1;
    o[at++] = record.vlanCount;
    o[at++] = tunnels.indexOf(record.tunnel);
    o[at++] = record.outerFamily;
    o[at++] = record.natFamily;
    o[at++] = record.endReason;
    o[at] = record.event;
  }

  /** Reads a row into a record. Addresses that were not written stay what they were. */
  read(row: number, record: ExportRecord): void {
    record.exporter = this.exporters[row]!;
    record.inputName = this.names[row * 2];
    record.outputName = this.names[row * 2 + 1];
    const d = this.#doubles;
    let at = row * doubleRow;
    record.arrival = d[at++]!;
    record.packets = d[at++]!;
    record.bytes = d[at++]!;
    record.rawPackets = d[at++]!;
    record.rawBytes = d[at++]!;
    record.samplingRate = d[at++]!;
    record.reversePackets = d[at++]!;
    record.reverseBytes = d[at++]!;
    record.rawReversePackets = d[at++]!;
    record.rawReverseBytes = d[at++]!;
    record.start = d[at++]!;
    record.end = d[at++]!;
    record.tunnelId = d[at]!;
    const w = this.#words;
    at = row * wordRow + wordStart;
    record.domain = w[at++]!;
    record.present = w[at++]!;
    record.input = w[at++]!;
    record.output = w[at++]!;
    record.inputVrf = w[at++]!;
    record.outputVrf = w[at++]!;
    record.mplsLabel = w[at++]! | 0;
    record.forwardingStatus = w[at++]!;
    at = get(w, at, record.source);
    at = get(w, at, record.destination);
    const lanesAt = at;
    const h = this.#halves;
    at = row * halfRow + halfStart;
    record.sourcePort = h[at++]!;
    record.destinationPort = h[at++]!;
    record.tcpFlags = h[at++]!;
    record.reverseTcpFlags = h[at++]!;
    record.natSourcePort = h[at++]!;
    record.natDestinationPort = h[at++]!;
    record.icmpType = h[at++]! - 1;
    record.outputVlan = h[at++]!;
    get(h, at, record.vlans);
    const o = this.#octets;
    at = row * octetRow + octetStart;
    record.by = protocols[o[at++]!]!;
    record.family = o[at++]!;
    record.protocol = o[at++]!;
    record.icmpCode = o[at++]!;
    record.tos = o[at++]!;
    record.direction = o[at++]! - 1;
    record.vlanCount = o[at++]!;
    record.tunnel = tunnels[o[at++]!];
    record.outerFamily = o[at++]!;
    record.natFamily = o[at++]!;
    record.endReason = o[at++]!;
    record.event = o[at]!;
    if (record.outerFamily !== 0) get(w, get(w, lanesAt, record.outerSource), record.outerDestination);
    if (record.natFamily !== 0) get(w, get(w, lanesAt + 8, record.natSource), record.natDestination);
  }
}

/** Four numbers of either width. */
type Lanes = Uint32Array | Uint16Array;

function put(to: Lanes, at: number, lanes: Lanes): number {
  to[at] = lanes[0]!;
  to[at + 1] = lanes[1]!;
  to[at + 2] = lanes[2]!;
  to[at + 3] = lanes[3]!;
  return at + 4;
}

function get(from: Lanes, at: number, lanes: Lanes): number {
  lanes[0] = from[at]!;
  lanes[1] = from[at + 1]!;
  lanes[2] = from[at + 2]!;
  lanes[3] = from[at + 3]!;
  return at + 4;
}

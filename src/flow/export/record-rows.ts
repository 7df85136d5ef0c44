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

/** Numbers of each width in a row. */
const [doubles, words, halves, octets] = [13, 32, 12, 12];
const rowBytes = doubles * 8 + words * 4 + halves * 2 + octets;

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
    let at = 0;
    this.#doubles = new Float64Array(buffer, at, capacity * doubles);
    at += this.#doubles.byteLength;
    this.#words = new Uint32Array(buffer, at, capacity * words);
    at += this.#words.byteLength;
    this.#halves = new Uint16Array(buffer, at, capacity * halves);
    at += this.#halves.byteLength;
    this.#octets = new Uint8Array(buffer, at, capacity * octets);
  }

  /** Bytes of the numbers of so many rows. */
  static bytesFor(capacity: number): number {
    return capacity * rowBytes;
  }

  /** Writes all of a record into a row. */
  write(row: number, record: ExportRecord): void {
    this.exporters[row] = record.exporter;
    this.names[row * 2] = record.inputName;
    this.names[row * 2 + 1] = record.outputName;
    const d = this.#doubles;
    let at = row * doubles;
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
    at = row * words;
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
    at = put(w, at, record.outerSource);
    at = put(w, at, record.outerDestination);
    at = put(w, at, record.natSource);
    put(w, at, record.natDestination);
    const h = this.#halves;
    at = row * halves;
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
    at = row * octets;
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

  /** Reads a row into a record. */
  read(row: number, record: ExportRecord): void {
    record.exporter = this.exporters[row]!;
    record.inputName = this.names[row * 2];
    record.outputName = this.names[row * 2 + 1];
    const d = this.#doubles;
    let at = row * doubles;
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
    at = row * words;
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
    at = get(w, at, record.outerSource);
    at = get(w, at, record.outerDestination);
    at = get(w, at, record.natSource);
    get(w, at, record.natDestination);
    const h = this.#halves;
    at = row * halves;
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
    at = row * octets;
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

import type { TunnelKind } from '../flow.ts';
import { tunnelKinds } from '../tunnel-kinds.ts';
import type { ExportProtocol, ExportRecord } from './record.ts';

const protocols: readonly ExportProtocol[] = ['netflow-v5', 'netflow-v9', 'ipfix', 'sflow'];
/** From 1; 0 is none. */
const tunnels: readonly (TunnelKind | undefined)[] = [undefined, ...tunnelKinds];

/**
 * A row: two lines of a processor's cache with what nearly all records tell, then parts that are written and read only for
 * those that have them. Places are counted in numbers of each width.
 */
const rowBytes = 320;
const [doubleRow, wordRow, halfRow, octetRow] = [rowBytes / 8, rowBytes / 4, rowBytes / 2, rowBytes];
const plain = { words: 64 / 4, halves: 88 / 2, octets: 98 };
const reverseStart = 128 / 8;
const sixStart = 160 / 4;
const place = { doubles: 184 / 8, words: 192 / 4, halves: 204 / 2, octets: 218 };
const outerStart = 224 / 4;
const natStart = 256 / 4;

/** Parts that a row has beside the first; bits of one of its octets. */
const Part = {
  Reverse: 1,
  /** The upper lanes of addresses other than those of IPv4. */
  Six: 2,
  /** VLANs, VRFs, label, tunnel and NAT. */
  Place: 4,
  /** Names of interfaces, in the list of them. */
  Names: 8,
} as const;

/**
 * Records of exports in one stretch of memory, a fixed number of numbers for each, so that they can be kept and handed to another thread without an
 * object for each. Texts stand beside it.
 */
export class RecordRows {
  readonly capacity: number;
  /** All numbers. Whoever transfers it has to make new rows of it at the other side. */
  readonly buffer: ArrayBuffer;
  /** Exporter of each row. */
  readonly exporters: string[] = [];
  /** Names of interfaces, of the few exporters that tell them: input and output of each row that has any. */
  readonly names: (string | undefined)[] = [];
  readonly #doubles: Float64Array;
  readonly #words: Uint32Array;
  readonly #halves: Uint16Array;
  readonly #octets: Uint8Array;
  #by: ExportProtocol = 'ipfix';
  #byNumber = protocols.indexOf('ipfix');

  /** Rows of their own, or those that stand in a buffer. */
  constructor(capacity: number, buffer: ArrayBuffer = new ArrayBuffer(RecordRows.bytesFor(capacity))) {
    this.capacity = capacity;
    this.buffer = buffer;
    this.#doubles = new Float64Array(buffer);
    this.#words = new Uint32Array(buffer);
    this.#halves = new Uint16Array(buffer);
    this.#octets = new Uint8Array(buffer);
  }

  /** Bytes of the numbers of so many rows. */
  static bytesFor(capacity: number): number {
    return capacity * rowBytes;
  }

  /** Writes all of a record into a row; addresses of outer ends and of NAT and VLANs only where there are any. */
  write(row: number, record: ExportRecord): void {
    this.exporters[row] = record.exporter;
    const d = this.#doubles;
    let at = row * doubleRow;
    d[at++] = record.arrival;
    d[at++] = record.packets;
    d[at++] = record.bytes;
    d[at++] = record.rawPackets;
    d[at++] = record.rawBytes;
    d[at++] = record.samplingRate;
    d[at++] = record.start;
    d[at] = record.end;
    const w = this.#words;
    at = row * wordRow + plain.words;
    w[at++] = record.domain;
    w[at++] = record.present;
    w[at++] = record.input;
    w[at++] = record.output;
    w[at++] = record.source[3]!;
    w[at] = record.destination[3]!;
    const h = this.#halves;
    at = row * halfRow + plain.halves;
    h[at++] = record.sourcePort;
    h[at++] = record.destinationPort;
    h[at++] = record.tcpFlags;
    h[at++] = record.reverseTcpFlags;
    h[at] = record.icmpType + 1;
    const o = this.#octets;
    at = row * octetRow + plain.octets;
    o[at++] = this.#parts(row, record);
    if (record.by !== this.#by) {
      this.#by = record.by;
      this.#byNumber = protocols.indexOf(record.by);
    }
    o[at++] = this.#byNumber;
    o[at++] = record.family;
    o[at++] = record.protocol;
    o[at++] = record.icmpCode;
    o[at++] = record.tos;
    o[at++] = record.direction + 1;
    o[at++] = record.endReason;
    o[at++] = record.event;
    o[at] = record.forwardingStatus;
  }

  /** Writes the parts that the record has, and returns their bits. */
  #parts(row: number, record: ExportRecord): number {
    let parts = 0;
    if (
      record.reversePackets !== 0 ||
      record.reverseBytes !== 0 ||
      record.rawReversePackets !== 0 ||
      record.rawReverseBytes !== 0
    ) {
      parts |= Part.Reverse;
      const d = this.#doubles;
      const at = row * doubleRow + reverseStart;
      d[at] = record.reversePackets;
      d[at + 1] = record.reverseBytes;
      d[at + 2] = record.rawReversePackets;
      d[at + 3] = record.rawReverseBytes;
    }
    if (record.family !== 4) {
      parts |= Part.Six;
      const at = row * wordRow + sixStart;
      putThree(this.#words, at, record.source);
      putThree(this.#words, at + 3, record.destination);
    }
    if (
      record.vlanCount !== 0 ||
      record.outputVlan !== 0 ||
      record.inputVrf !== 0 ||
      record.outputVrf !== 0 ||
      record.mplsLabel !== -1 ||
      record.tunnel !== undefined ||
      record.tunnelId !== -1 ||
      record.outerFamily !== 0 ||
      record.natFamily !== 0 ||
      record.natSourcePort !== 0 ||
      record.natDestinationPort !== 0
    ) {
      parts |= Part.Place;
      this.#writePlace(row, record);
    }
    if (record.inputName !== undefined || record.outputName !== undefined) {
      parts |= Part.Names;
      this.setNames(row, record.inputName, record.outputName);
    }
    return parts;
  }

  /** Puts names of interfaces beside a row; they are read only with a row that was written with names. */
  setNames(row: number, input: string | undefined, output: string | undefined): void {
    // Without holes, the list stays one.
    while (this.names.length < row * 2) this.names.push(undefined);
    this.names[row * 2] = input;
    this.names[row * 2 + 1] = output;
  }

  #writePlace(row: number, record: ExportRecord): void {
    this.#doubles[row * doubleRow + place.doubles] = record.tunnelId;
    const w = this.#words;
    let at = row * wordRow + place.words;
    w[at++] = record.inputVrf;
    w[at++] = record.outputVrf;
    w[at] = record.mplsLabel;
    const h = this.#halves;
    at = row * halfRow + place.halves;
    h[at++] = record.outputVlan;
    h[at++] = record.natSourcePort;
    h[at++] = record.natDestinationPort;
    if (record.vlanCount !== 0) put(h, at, record.vlans);
    const o = this.#octets;
    at = row * octetRow + place.octets;
    o[at++] = record.vlanCount;
    o[at++] = record.tunnel === undefined ? 0 : tunnels.indexOf(record.tunnel);
    // Two octets are left before the lanes: one says both families.
    o[at] = record.outerFamily * 16 + record.natFamily;
    at = row * wordRow;
    if (record.outerFamily !== 0)
      put(w, put(w, at + outerStart, record.outerSource), record.outerDestination);
    if (record.natFamily !== 0) put(w, put(w, at + natStart, record.natSource), record.natDestination);
  }

  /** Reads a row into a record. Addresses and VLANs that were not written stay what they were. */
  read(row: number, record: ExportRecord): void {
    record.exporter = this.exporters[row]!;
    const d = this.#doubles;
    let at = row * doubleRow;
    record.arrival = d[at++]!;
    record.packets = d[at++]!;
    record.bytes = d[at++]!;
    record.rawPackets = d[at++]!;
    record.rawBytes = d[at++]!;
    record.samplingRate = d[at++]!;
    record.start = d[at++]!;
    record.end = d[at]!;
    const w = this.#words;
    at = row * wordRow + plain.words;
    record.domain = w[at++]!;
    record.present = w[at++]!;
    record.input = w[at++]!;
    record.output = w[at++]!;
    record.source[3] = w[at++]!;
    record.destination[3] = w[at]!;
    const h = this.#halves;
    at = row * halfRow + plain.halves;
    record.sourcePort = h[at++]!;
    record.destinationPort = h[at++]!;
    record.tcpFlags = h[at++]!;
    record.reverseTcpFlags = h[at++]!;
    record.icmpType = h[at]! - 1;
    const o = this.#octets;
    at = row * octetRow + plain.octets;
    const parts = o[at++]!;
    record.by = protocols[o[at++]!]!;
    record.family = o[at++]!;
    record.protocol = o[at++]!;
    record.icmpCode = o[at++]!;
    record.tos = o[at++]!;
    record.direction = o[at++]! - 1;
    record.endReason = o[at++]!;
    record.event = o[at++]!;
    record.forwardingStatus = o[at]!;
    this.#readReverse(row, record, (parts & Part.Reverse) !== 0);
    if ((parts & Part.Six) !== 0) {
      at = row * wordRow + sixStart;
      getThree(w, at, record.source);
      getThree(w, at + 3, record.destination);
    } else {
      record.source[0] = record.source[1] = record.source[2] = 0;
      record.destination[0] = record.destination[1] = record.destination[2] = 0;
    }
    if ((parts & Part.Place) !== 0) this.#readPlace(row, record);
    else clearPlace(record);
    const hasNames = (parts & Part.Names) !== 0;
    record.inputName = hasNames ? this.names[row * 2] : undefined;
    record.outputName = hasNames ? this.names[row * 2 + 1] : undefined;
  }

  #readReverse(row: number, record: ExportRecord, isThere: boolean): void {
    const d = this.#doubles;
    const at = row * doubleRow + reverseStart;
    record.reversePackets = isThere ? d[at]! : 0;
    record.reverseBytes = isThere ? d[at + 1]! : 0;
    record.rawReversePackets = isThere ? d[at + 2]! : 0;
    record.rawReverseBytes = isThere ? d[at + 3]! : 0;
  }

  #readPlace(row: number, record: ExportRecord): void {
    record.tunnelId = this.#doubles[row * doubleRow + place.doubles]!;
    const w = this.#words;
    let at = row * wordRow + place.words;
    record.inputVrf = w[at++]!;
    record.outputVrf = w[at++]!;
    record.mplsLabel = w[at]! | 0;
    const h = this.#halves;
    at = row * halfRow + place.halves;
    record.outputVlan = h[at++]!;
    record.natSourcePort = h[at++]!;
    record.natDestinationPort = h[at++]!;
    const o = this.#octets;
    const octetsAt = row * octetRow + place.octets;
    record.vlanCount = o[octetsAt]!;
    if (record.vlanCount !== 0) get(h, at, record.vlans);
    record.tunnel = tunnels[o[octetsAt + 1]!];
    record.outerFamily = o[octetsAt + 2]! >> 4;
    record.natFamily = o[octetsAt + 2]! & 15;
    at = row * wordRow;
    if (record.outerFamily !== 0)
      get(w, get(w, at + outerStart, record.outerSource), record.outerDestination);
    if (record.natFamily !== 0) get(w, get(w, at + natStart, record.natSource), record.natDestination);
  }
}

function clearPlace(record: ExportRecord): void {
  record.tunnelId = -1;
  record.inputVrf = 0;
  record.outputVrf = 0;
  record.mplsLabel = -1;
  record.outputVlan = 0;
  record.natSourcePort = 0;
  record.natDestinationPort = 0;
  record.vlanCount = 0;
  record.tunnel = undefined;
  record.outerFamily = 0;
  record.natFamily = 0;
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

/** The upper three lanes: the lowest stands with what all records have. */
function putThree(to: Uint32Array, at: number, lanes: Uint32Array): void {
  to[at] = lanes[0]!;
  to[at + 1] = lanes[1]!;
  to[at + 2] = lanes[2]!;
}

function getThree(from: Uint32Array, at: number, lanes: Uint32Array): void {
  lanes[0] = from[at]!;
  lanes[1] = from[at + 1]!;
  lanes[2] = from[at + 2]!;
}

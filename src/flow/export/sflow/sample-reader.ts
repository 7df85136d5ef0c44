import { Frame } from '../../capture/frame.ts';
import { Packet } from '../../packet/packet.ts';
import { Direction, ExportRecord, Told } from '../record.ts';
import {
  FlowRecord,
  forwardingStatusOf,
  HeaderProtocol,
  InterfaceFormat,
  internalInterface,
} from './format.ts';
import type { SflowDrop, Tally } from './tally.ts';
import { addressAt, padded, u32 } from './xdr.ts';

/** Decodes the headers of sampled packets: as `PacketDecoder` does. 0 is decoded, other numbers say why not. */
export interface HeaderDecoder {
  decode(frame: Frame, packet: Packet): number;
}

/** A larger VLAN id is none, or not known (sFlow version 5, `extended_switch`). */
const maxVlan = 4094;
const ethernet = 1;
const linkTypeIpv4 = 228;
const linkTypeIpv6 = 229;

/** Reads what samples tell of one packet into a record. */
export class SampleReader {
  readonly record: ExportRecord = new ExportRecord();
  readonly #headers: HeaderDecoder;
  readonly #tally: Tally;
  readonly #frame = new Frame();
  readonly #packet = new Packet();
  #bytes: Uint8Array = new Uint8Array(0);
  // What records tell beside the packet.
  #inputVlan = 0;
  #outputVlan = 0;
  #natFamily = 0;
  readonly #natSource = new Uint32Array(4);
  readonly #natDestination = new Uint32Array(4);
  #natSourcePort = -1;
  #natDestinationPort = -1;

  constructor(headers: HeaderDecoder, tally: Tally) {
    this.#headers = headers;
    this.#tally = tally;
    this.record.by = 'sflow';
  }

  /** Begins a sample. */
  clear(): void {
    this.record.clear();
    this.#inputVlan = 0;
    this.#outputVlan = 0;
    this.#natFamily = 0;
    this.#natSourcePort = -1;
    this.#natDestinationPort = -1;
  }

  /** 0 is an interface that is not known. */
  input(format: number, value: number): void {
    if (format !== InterfaceFormat.Index || value === 0 || value === internalInterface) return;
    this.record.input = value;
    this.record.present |= Told.Input;
  }

  output(format: number, value: number): void {
    if (format === InterfaceFormat.Discarded) this.discardedFor(value);
    else if (format === InterfaceFormat.Index && value !== 0 && value !== internalInterface) {
      this.record.output = value;
      this.record.present |= Told.Output;
    }
  }

  discardedFor(reason: number): void {
    this.record.forwardingStatus = forwardingStatusOf(reason);
    this.record.present |= Told.ForwardingStatus;
  }

  /** The source is the interface at which the packet was taken, when it is an interface. */
  direction(kind: number, index: number): void {
    const record = this.record;
    if (kind !== 0 || index === 0) return;
    if (record.told(Told.Input) && record.input === index) record.direction = Direction.Ingress;
    else if (record.told(Told.Output) && record.output === index) record.direction = Direction.Egress;
    else return;
    record.present |= Told.Direction;
  }

  /** Reads the records of a sample, whose count stands at a place, into the record. Returns why it gives none, if it does not. */
  read(bytes: Uint8Array, countAt: number, end: number, toldRate: number): SflowDrop | undefined {
    this.#bytes = bytes;
    const rate = toldRate === 0 ? 1 : toldRate;
    if (toldRate === 0) this.#tally.faults['rate-0']++;
    let outcome: SflowDrop | undefined = 'no-packet';
    let isTold = false;
    let at = countAt + 4;
    for (let left = u32(bytes, countAt); left > 0; left--) {
      const length = at + 8 > end ? -1 : u32(bytes, at + 4);
      if (length < 0 || length > end - at - 8) {
        this.#tally.faults['record-cut']++;
        break;
      }
      const format = u32(bytes, at);
      const start = at + 8;
      const isPacket =
        format === FlowRecord.Header || format === FlowRecord.Ipv4 || format === FlowRecord.Ipv6;
      if (isPacket && isTold) this.#tally.faults['second-packet']++;
      else if (isPacket) {
        outcome =
          format === FlowRecord.Header
            ? this.#header(start, start + length, rate)
            : this.#ip(format === FlowRecord.Ipv4 ? 4 : 6, start, length, rate);
        isTold = outcome === undefined;
      } else this.#beside(format, start, length);
      at = start + padded(length);
    }
    if (outcome === undefined) this.#finish();
    return outcome;
  }

  /** The first bytes of the packet. */
  #header(at: number, end: number, rate: number): SflowDrop | undefined {
    const bytes = this.#bytes;
    if (at + 16 > end) {
      this.#tally.faults['record-short']++;
      return 'no-packet';
    }
    const protocol = u32(bytes, at);
    // What of the header the record has no room for is not there.
    const length = Math.min(u32(bytes, at + 12), end - at - 16);
    const frame = this.#frame;
    if (protocol === HeaderProtocol.Ethernet) frame.linkType = ethernet;
    else if (protocol === HeaderProtocol.Ipv4) frame.linkType = linkTypeIpv4;
    else if (protocol === HeaderProtocol.Ipv6) frame.linkType = linkTypeIpv6;
    else return 'header-protocol';
    frame.bytes = bytes;
    frame.start = at + 16;
    frame.end = frame.start + length;
    frame.seconds = Math.floor(this.record.arrival / 1000);
    frame.nanoseconds = Math.round((this.record.arrival % 1000) * 1e6);
    // The frame's length counts its checksum and what was before the header, `stripped` says how much that was.
    frame.wireLength = Math.max(length, u32(bytes, at + 4) - u32(bytes, at + 8));
    const packet = this.#packet;
    if (this.#headers.decode(frame, packet) !== 0 || packet.family === 0) return 'not-ip';
    this.record.takePacket(packet, rate);
    return undefined;
  }

  /** The packet as its agent read it. */
  #ip(family: 4 | 6, at: number, length: number, rate: number): SflowDrop | undefined {
    const size = family === 4 ? 4 : 16;
    if (length < 24 + 2 * size) {
      this.#tally.faults['record-short']++;
      return 'no-packet';
    }
    const bytes = this.#bytes;
    const packet = this.#packet;
    const behind = at + 8 + 2 * size;
    packet.family = family;
    packet.ipLength = u32(bytes, at);
    packet.protocol = u32(bytes, at + 4) & 0xff;
    lanesAt(bytes, at + 8, size, packet.source);
    lanesAt(bytes, at + 8 + size, size, packet.destination);
    const hasPorts = packet.protocol !== 1 && packet.protocol !== 58;
    packet.sourcePort = hasPorts ? u32(bytes, behind) & 0xffff : 0;
    packet.destinationPort = hasPorts ? u32(bytes, behind + 4) & 0xffff : 0;
    packet.tcpFlags = u32(bytes, behind + 8) & 0x1ff;
    packet.icmpType = -1;
    packet.icmpCode = 0;
    packet.vlanCount = 0;
    packet.tunnel = undefined;
    packet.tunnelId = -1;
    packet.outerFamily = 0;
    this.record.takePacket(packet, rate);
    this.record.tos = u32(bytes, behind + 12) & 0xff;
    return undefined;
  }

  /** What a record tells beside the packet. Kinds that tell nothing of a flow are passed over by their length. */
  #beside(format: number, at: number, length: number): void {
    const bytes = this.#bytes;
    const end = at + length;
    if (format === FlowRecord.Switch) {
      if (length < 16) {
        this.#tally.faults['record-short']++;
        return;
      }
      this.#inputVlan = u32(bytes, at);
      this.#outputVlan = u32(bytes, at + 8);
    } else if (format === FlowRecord.Nat) {
      const source = addressAt(bytes, at, end, this.#natSource);
      const destination = source === 0 ? 0 : addressAt(bytes, at + source, end, this.#natDestination);
      if (destination === 0) {
        this.#tally.faults['record-short']++;
        return;
      }
      const types = [u32(bytes, at), u32(bytes, at + source)];
      // Both of one family; there is no place for others.
      if (types[0] === types[1] && types[0] !== 0) this.#natFamily = types[0] === 1 ? 4 : 6;
    } else if (format === FlowRecord.NatPorts) {
      if (length < 8) {
        this.#tally.faults['record-short']++;
        return;
      }
      this.#natSourcePort = u32(bytes, at) & 0xffff;
      this.#natDestinationPort = u32(bytes, at + 4) & 0xffff;
    } else this.#tally.skippedRecords++;
  }

  /** Puts what was told beside the packet into its record. */
  #finish(): void {
    const record = this.record;
    record.present |= Told.Sampling;
    record.start = this.record.arrival;
    record.end = this.record.arrival;
    // The switch may have taken the tag off before the packet was sampled.
    if (record.vlanCount === 0 && this.#inputVlan > 0 && this.#inputVlan <= maxVlan) {
      record.vlans[0] = this.#inputVlan;
      record.vlanCount = 1;
    }
    if (this.#outputVlan > 0 && this.#outputVlan <= maxVlan) record.outputVlan = this.#outputVlan;
    if (this.#natFamily === 0) return;
    record.natFamily = this.#natFamily;
    record.natSource.set(this.#natSource);
    record.natDestination.set(this.#natDestination);
    record.natSourcePort = this.#natSourcePort < 0 ? record.sourcePort : this.#natSourcePort;
    record.natDestinationPort =
      this.#natDestinationPort < 0 ? record.destinationPort : this.#natDestinationPort;
    record.present |= Told.NatSource | Told.NatDestination;
  }
}

function lanesAt(bytes: Uint8Array, at: number, size: number, lanes: Uint32Array): void {
  lanes.fill(0);
  for (let offset = 0; offset < size; offset += 4) lanes[4 - size / 4 + offset / 4] = u32(bytes, at + offset);
}

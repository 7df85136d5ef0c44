import { pcapHeader } from '../../src/flow/capture/write-capture.fixture.ts';

/** Flags of a TCP header (RFC 9293 §3.1). */
export const Flag = { fin: 1, syn: 2, rst: 4, psh: 8, ack: 16 } as const;

/** What stands in the headers of one packet; addresses are IPv4 as 32 bits. */
export interface Headers {
  readonly from: number;
  readonly to: number;
  readonly fromPort: number;
  readonly toPort: number;
}

const headerBytes = { ethernet: 14, ip: 20, tcp: 20, udp: 8, icmp: 8 } as const;
const protocols = { icmp: 1, tcp: 6, udp: 17 } as const;
const mostBytes = 65_535;

/**
 * Packets in the order in which they are made, which is that of their causes, and a pcap file of them in the order of their times. Payloads
 * that nobody looks at are cut off, as tcpdump does by -s; the lengths in the headers are true. Checksums of TCP and UDP are left to the
 * network card, as captures on the sending side show them.
 */
export class Trace {
  #bytes = new Uint8Array(1 << 22);
  #view = new DataView(this.#bytes.buffer);
  #used = 0;
  #times: number[] = [];
  #offsets: number[] = [];
  #wires: number[] = [];

  /** Packets so far. */
  get count(): number {
    return this.#times.length;
  }

  /** Takes a segment with so many bytes of payload; `payload` is its beginning, as far as somebody may look at it. */
  tcp(at: number, ends: Headers, flags: number, length = 0, payload?: Uint8Array): void {
    const start = this.#ip(at, ends.from, ends.to, protocols.tcp, headerBytes.tcp + length);
    const view = this.#view;
    view.setUint16(start, ends.fromPort);
    view.setUint16(start + 2, ends.toPort);
    view.setUint8(start + 12, 0x50);
    view.setUint8(start + 13, flags);
    view.setUint16(start + 14, 0xffff);
    this.#end(start + headerBytes.tcp, payload);
  }

  /** Takes a datagram; `payload` as in {@link tcp}. */
  udp(at: number, ends: Headers, length: number, payload?: Uint8Array): void {
    const start = this.#ip(at, ends.from, ends.to, protocols.udp, headerBytes.udp + length);
    const view = this.#view;
    view.setUint16(start, ends.fromPort);
    view.setUint16(start + 2, ends.toPort);
    view.setUint16(start + 4, headerBytes.udp + length);
    this.#end(start + headerBytes.udp, payload);
  }

  /** Takes a question of ICMP (type 8) or an answer to one (0). */
  echo(at: number, from: number, to: number, type: 0 | 8, id: number, sequence: number): void {
    const start = this.#ip(at, from, to, protocols.icmp, headerBytes.icmp + 56);
    this.#view.setUint8(start, type);
    this.#view.setUint16(start + 4, id);
    this.#view.setUint16(start + 6, sequence);
    this.#end(start + headerBytes.icmp, undefined);
  }

  /** Takes a whole frame that was captured elsewhere; `at` in ms since the epoch. */
  frame(at: number, bytes: Uint8Array, wireLength: number): void {
    this.#begin(at, bytes.length, wireLength);
    this.#bytes.set(bytes, this.#used);
    this.#used += bytes.length;
  }

  /** Returns all packets as a pcap file, in the order of their times. */
  pcap(): Uint8Array {
    const order = Uint32Array.from(this.#times.keys());
    const times = Float64Array.from(this.#times);
    order.sort((one, other) => times[one]! - times[other]! || one - other);
    const head = pcapHeader();
    const file = new Uint8Array(head.length + this.#used + 16 * order.length);
    const view = new DataView(file.buffer);
    file.set(head);
    let place = head.length;
    for (const index of order) {
      const begin = this.#offsets[index]!;
      const end = this.#offsets[index + 1] ?? this.#used;
      const micros = Math.round(times[index]! * 1000);
      view.setUint32(place, Math.floor(micros / 1_000_000), true);
      view.setUint32(place + 4, micros % 1_000_000, true);
      view.setUint32(place + 8, end - begin, true);
      view.setUint32(place + 12, this.#wires[index]!, true);
      file.set(this.#bytes.subarray(begin, end), place + 16);
      place += 16 + end - begin;
    }
    return file;
  }

  /** Returns where the header behind that of IPv4 goes. */
  #ip(at: number, from: number, to: number, protocol: number, length: number): number {
    const total = headerBytes.ip + length;
    if (total > mostBytes) throw new RangeError(`no packet of IPv4 has ${total} bytes`);
    this.#begin(at, 1600, headerBytes.ethernet + total);
    const start = this.#used;
    const view = this.#view;
    this.#bytes.fill(0, start, start + 64);
    setMac(view, start, to);
    setMac(view, start + 6, from);
    view.setUint16(start + 12, 0x0800);
    view.setUint16(start + 14, 0x4500);
    view.setUint16(start + 16, total);
    view.setUint16(start + 20, 0x4000);
    view.setUint16(start + 22, 0x4000 + protocol);
    view.setUint32(start + 26, from);
    view.setUint32(start + 30, to);
    view.setUint16(start + 24, ipChecksum(view, start + 14));
    return start + 34;
  }

  #end(place: number, payload: Uint8Array | undefined): void {
    if (payload !== undefined) this.#bytes.set(payload, place);
    this.#used = place + (payload?.length ?? 0);
  }

  #begin(at: number, room: number, wireLength: number): void {
    if (this.#used + room > this.#bytes.length) this.#grow();
    this.#times.push(at);
    this.#offsets.push(this.#used);
    this.#wires.push(wireLength);
  }

  #grow(): void {
    const bytes = new Uint8Array(this.#bytes.length * 2);
    bytes.set(this.#bytes);
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer);
  }
}

/** An address of a network card that its owner has made up (02:00 and the IPv4 address). */
function setMac(view: DataView, at: number, address: number): void {
  view.setUint16(at, 0x0200);
  view.setUint32(at + 2, address);
}

/** Returns the checksum of the IPv4 header at `start`, taken to be 20 bytes long (RFC 791 §3.1), with its own field as 0. */
export function ipChecksum(view: DataView, start: number): number {
  let sum = 0;
  for (let at = 0; at < headerBytes.ip; at += 2) if (at !== 10) sum += view.getUint16(start + at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

/** `192.0.2.1` as 32 bits. */
export function address(text: string): number {
  return text.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
}

/** 32 bits as `192.0.2.1`. */
export function addressText(number: number): string {
  return [24, 16, 8, 0].map((shift) => (number >>> shift) & 255).join('.');
}

import type { Ends, TcpHeader, WirePacket } from '../../firewall/machine/wire-packet.ts';
import { type Address, addressToBytes } from '../../net/address.ts';

/** Where a frame goes, and what tells it apart from all others. */
export interface FrameAddress {
  /** Put into the source of the frame. */
  readonly number: number;
  /** Number of the interface of the machine that it is for. */
  readonly port: number;
  /** The checksum of TCP, UDP or ICMP is wrong, for which tracking calls the packet invalid (nf_conntrack_checksum). */
  readonly isDamaged?: boolean;
}

/** Returns the Ethernet address of the machine's interface. */
export function portAddress(port: number): string {
  return `02:00:00:01:00:${port.toString(16).padStart(2, '0')}`;
}

/** Returns the Ethernet address that a packet's number is written as. */
export function numberAddress(number: number): string {
  const bytes = [0x06, 0, number >>> 24, (number >>> 16) & 255, (number >>> 8) & 255, number & 255];
  return bytes.map((byte) => byte.toString(16).padStart(2, '0')).join(':');
}

/** Returns the number that {@link numberAddress} has written. */
export function numberOfAddress(text: string): number {
  return Number.parseInt(text.replaceAll(':', '').slice(4), 16);
}

/** Returns a capture (pcap, Ethernet) of the packets, in their order. */
export function captureOf(
  packets: readonly { readonly wire: WirePacket; readonly at: FrameAddress }[],
): Buffer {
  const header = Buffer.alloc(24);
  header.writeUInt32LE(0xa1b2c3d4, 0);
  header.writeUInt16LE(2, 4);
  header.writeUInt16LE(4, 6);
  header.writeUInt32LE(65_535, 16);
  header.writeUInt32LE(1, 20);
  const parts: Buffer[] = [header];
  for (const { wire, at } of packets) {
    const frame = frameOf(wire, at);
    const record = Buffer.alloc(16);
    record.writeUInt32LE(Math.floor(wire.time / 1000), 0);
    record.writeUInt32LE((wire.time % 1000) * 1000, 4);
    record.writeUInt32LE(frame.length, 8);
    record.writeUInt32LE(frame.length, 12);
    parts.push(record, frame);
  }
  return Buffer.concat(parts);
}

/** Where the checksum is in the header of a protocol, and TCP, UDP and ICMP alone have one. */
const checksumPlaces: ReadonlyMap<number, number> = new Map([
  [6, 16],
  [17, 6],
  [1, 2],
  [58, 2],
]);

/** Returns the bytes of a packet in an Ethernet frame. Lengths and checksums are right, but for what is to be wrong. */
export function frameOf(wire: WirePacket, { number, port, isDamaged }: FrameAddress): Buffer {
  const ethernet = Buffer.alloc(14);
  const bytes = (text: string) => Buffer.from(text.replaceAll(':', ''), 'hex');
  bytes(portAddress(port)).copy(ethernet, 0);
  bytes(numberAddress(number)).copy(ethernet, 6);
  ethernet.writeUInt16BE(wire.family === 4 ? 0x0800 : 0x86dd, 12);
  const payload = payloadOf(wire);
  const place = checksumPlaces.get(wire.protocol);
  // A checksum of zero would mean that there is none (RFC 768).
  if (isDamaged && place !== undefined)
    payload.writeUInt16BE(payload.readUInt16BE(place) ^ 0x5a5a || 1, place);
  return Buffer.concat([ethernet, ipPacket(wire, wire.hopLimit, wire.dscp ?? 0, payload)]);
}

/** Returns the length of the IP packet that {@link frameOf} writes. */
export function lengthOf(wire: Omit<WirePacket, 'length'>): number {
  return (wire.family === 4 ? 20 : 40) + payloadOf(wire).length;
}

function ipPacket(ends: Ends, hopLimit: number, dscp: number, payload: Buffer): Buffer {
  const { family, protocol, source, destination } = ends;
  const [from, to] = [Buffer.from(addressToBytes(source)), Buffer.from(addressToBytes(destination))];
  if (family === 6) {
    const header = Buffer.alloc(8);
    header.writeUInt32BE(((6 << 28) | (dscp << 22)) >>> 0, 0);
    header.writeUInt16BE(payload.length, 4);
    header[6] = protocol;
    header[7] = hopLimit;
    return Buffer.concat([header, from, to, payload]);
  }
  const header = Buffer.alloc(20);
  header[0] = 0x45;
  header[1] = dscp << 2;
  header.writeUInt16BE(20 + payload.length, 2);
  header[8] = hopLimit;
  header[9] = protocol;
  from.copy(header, 12);
  to.copy(header, 16);
  header.writeUInt16BE(checksum([header]), 10);
  return Buffer.concat([header, payload]);
}

function payloadOf(wire: Ends & Partial<Pick<WirePacket, 'tcp' | 'quoted'>>): Buffer {
  const { protocol } = wire;
  if (protocol === 6)
    return tcpOf(wire, wire.tcp ?? { flags: 2, sequence: 1, acknowledgement: 0, window: 1000, payload: 0 });
  if (protocol === 17) {
    const header = Buffer.alloc(9);
    header.writeUInt16BE(wire.sourcePort ?? 0, 0);
    header.writeUInt16BE(wire.port ?? 0, 2);
    header.writeUInt16BE(9, 4);
    header.writeUInt16BE(checksum([pseudo(wire, 9), header]) || 0xffff, 6);
    return header;
  }
  if (protocol === (wire.family === 4 ? 1 : 58)) return icmpOf(wire);
  return Buffer.from([1, 2, 3, 4, 5, 6, 7, 8]);
}

function tcpOf(ends: Ends, tcp: TcpHeader): Buffer {
  const options = tcp.scale === undefined ? 0 : 4;
  const bytes = Buffer.alloc(20 + options + tcp.payload);
  bytes.writeUInt16BE(ends.sourcePort ?? 0, 0);
  bytes.writeUInt16BE(ends.port ?? 0, 2);
  bytes.writeUInt32BE(tcp.sequence, 4);
  bytes.writeUInt32BE(tcp.acknowledgement, 8);
  bytes[12] = ((20 + options) / 4) << 4;
  bytes[13] = tcp.flags;
  bytes.writeUInt16BE(tcp.window, 14);
  if (tcp.scale !== undefined) bytes.set([1, 3, 3, tcp.scale], 20);
  bytes.writeUInt16BE(checksum([pseudo(ends, bytes.length), bytes]), 16);
  return bytes;
}

function icmpOf(wire: Ends & Partial<Pick<WirePacket, 'quoted'>>): Buffer {
  const { quoted } = wire;
  const header = Buffer.alloc(8);
  header[0] = wire.icmpType ?? 0;
  header[1] = wire.icmpCode ?? 0;
  if (quoted === undefined) header.writeUInt16BE(wire.icmpId ?? 0, 4);
  const rest = quoted === undefined ? Buffer.alloc(0) : ipPacket(quoted, 63, 0, payloadOf(quoted));
  const bytes = Buffer.concat([header, rest]);
  const covered = wire.family === 4 ? [bytes] : [pseudo(wire, bytes.length), bytes];
  bytes.writeUInt16BE(checksum(covered), 2);
  return bytes;
}

function pseudo({ family, protocol, source, destination }: Ends, length: number): Buffer {
  const tail = Buffer.alloc(family === 4 ? 4 : 8);
  if (family === 4) {
    tail[1] = protocol;
    tail.writeUInt16BE(length, 2);
  } else {
    tail.writeUInt32BE(length, 0);
    tail[7] = protocol;
  }
  return Buffer.concat([bytesOf(source), bytesOf(destination), tail]);
}

function bytesOf(address: Address): Buffer {
  return Buffer.from(addressToBytes(address));
}

/** The Internet checksum over several pieces, each but the last of even length (RFC 1071). */
function checksum(pieces: readonly Buffer[]): number {
  let sum = 0;
  for (const piece of pieces) {
    for (let i = 0; i < piece.length; i += 2) sum += (piece[i]! << 8) | (piece[i + 1] ?? 0);
  }
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

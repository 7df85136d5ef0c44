import { Protocol } from '../../net/protocol.ts';
import type { Frame } from '../capture/frame.ts';
import { DropReason } from './drop-reason.ts';
import type { Packet } from './packet.ts';
import { tunnelOfPorts } from './transport/udp.ts';

// What is constant in this module is compiled into the code; what is imported would be looked up for every packet.
const [tcp, udp] = [Protocol.Tcp, Protocol.Udp];
const noTunnel = DropReason.Decoded;
const ethernet = 1;
const [etherIpv4, etherIpv6, etherVlan] = [0x0800, 0x86dd, 0x8100];
const [ethernetHeader, ipv4Header, ipv6Header, tcpHeader, udpHeader] = [14, 20, 40, 20, 8] as const;

/**
 * Reads at once what nearly all frames are: Ethernet, at most one VLAN tag, IPv4 without options or IPv6 without extension headers, whole
 * TCP or UDP headers, no fragment, no tunnel. Whatever is otherwise, or wrong in any way, is left to the layers, which read such frames to
 * the same packet, in twice the time.
 */
export class UsualFrames {
  #bytes: Uint8Array = new Uint8Array(0);
  #view = new DataView(this.#bytes.buffer);

  /** Fills in `packet` but for what the frame itself says; returns false, with the packet in no particular state, for other frames. */
  read(frame: Frame, packet: Packet): boolean {
    const { bytes, start, end } = frame;
    if (frame.linkType !== ethernet || start + ethernetHeader + ipv4Header > end) return false;
    if (bytes !== this.#bytes) {
      this.#bytes = bytes;
      this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    }
    const view = this.#view;
    let at = start + ethernetHeader;
    let type = view.getUint16(at - 2);
    packet.vlanCount = 0;
    if (type === etherVlan) {
      const id = view.getUint16(at) & 0x0fff;
      type = view.getUint16(at + 2);
      at += 4;
      if (id !== 0) {
        packet.vlans[0] = id;
        packet.vlanCount = 1;
      }
    }
    if (type !== etherIpv4 && type !== etherIpv6) return false;
    const first = bytes[at]!;
    if (first === 0x45) return readIpv4(view, at, end, packet);
    return first >>> 4 === 6 && readIpv6(view, at, end, packet);
  }
}

function readIpv4(view: DataView, at: number, end: number, packet: Packet): boolean {
  if (at + ipv4Header > end) return false;
  const length = view.getUint16(at + 2);
  if (length === 0 || (view.getUint16(at + 6) & 0x3fff) !== 0) return false;
  const { source, destination } = packet;
  source[0] = 0;
  source[1] = 0;
  source[2] = 0;
  source[3] = view.getUint32(at + 12);
  destination[0] = 0;
  destination[1] = 0;
  destination[2] = 0;
  destination[3] = view.getUint32(at + 16);
  packet.family = 4;
  packet.ipLength = length;
  packet.ttl = view.getUint8(at + 8);
  return readTransport(view, view.getUint8(at + 9), at + ipv4Header, end, at + length, packet);
}

function readIpv6(view: DataView, at: number, end: number, packet: Packet): boolean {
  if (at + ipv6Header > end) return false;
  const length = view.getUint16(at + 4);
  if (length === 0) return false;
  const { source, destination } = packet;
  source[0] = view.getUint32(at + 8);
  source[1] = view.getUint32(at + 12);
  source[2] = view.getUint32(at + 16);
  source[3] = view.getUint32(at + 20);
  destination[0] = view.getUint32(at + 24);
  destination[1] = view.getUint32(at + 28);
  destination[2] = view.getUint32(at + 32);
  destination[3] = view.getUint32(at + 36);
  packet.family = 6;
  packet.ipLength = ipv6Header + length;
  packet.ttl = view.getUint8(at + 7);
  return readTransport(view, view.getUint8(at + 6), at + ipv6Header, end, at + ipv6Header + length, packet);
}

function readTransport(
  view: DataView,
  protocol: number,
  at: number,
  captured: number,
  ipEnd: number,
  packet: Packet,
): boolean {
  let end = Math.min(captured, ipEnd);
  let wireEnd = ipEnd;
  let payload: number;
  if (protocol === tcp) {
    if (at + tcpHeader > end) return false;
    const offsetAndFlags = view.getUint16(at + 12);
    payload = at + ((offsetAndFlags >>> 12) << 2);
    if (payload < at + tcpHeader || payload > ipEnd) return false;
    packet.tcpFlags = offsetAndFlags & 0x1ff;
    packet.tcpSequence = view.getUint32(at + 4);
    packet.tcpAcknowledgement = view.getUint32(at + 8);
    packet.tcpWindow = view.getUint16(at + 14);
  } else if (protocol === udp) {
    payload = at + udpHeader;
    if (payload > end) return false;
    const length = view.getUint16(at + 4);
    if (length !== 0) {
      if (length < udpHeader) return false;
      if (at + length < wireEnd) wireEnd = at + length;
      if (at + length < end) end = at + length;
    }
    packet.tcpFlags = 0;
    packet.tcpSequence = 0;
    packet.tcpAcknowledgement = 0;
    packet.tcpWindow = 0;
  } else return false;
  const ports = view.getUint32(at);
  const sourcePort = ports >>> 16;
  const destinationPort = ports & 0xffff;
  if (protocol === udp && tunnelOfPorts(sourcePort, destinationPort) !== noTunnel) return false;
  packet.protocol = protocol;
  packet.sourcePort = sourcePort;
  packet.destinationPort = destinationPort;
  packet.icmpType = -1;
  packet.icmpCode = 0;
  packet.icmpId = 0;
  packet.hasQuote = false;
  packet.payloadStart = Math.min(payload, end);
  packet.payloadEnd = end;
  packet.payloadLength = payload < wireEnd ? wireEnd - payload : 0;
  packet.transportWhole = true;
  packet.fragmentId = -1;
  packet.fragmentOffset = 0;
  packet.moreFragments = false;
  packet.tunnel = undefined;
  packet.tunnelId = -1;
  packet.outerFamily = 0;
  return true;
}

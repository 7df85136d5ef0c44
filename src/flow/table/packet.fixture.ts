import { type Address, parseAddress } from '../../net/address.ts';
import { Protocol } from '../../net/protocol.ts';
import type { TunnelKind } from '../flow.ts';
import { Packet } from '../packet/packet.ts';

/** What a test says of a packet; all else is as in a plain packet. */
export interface PacketFields {
  /** Milliseconds since the epoch. */
  readonly at?: number;
  readonly protocol?: number;
  readonly from: string;
  readonly to: string;
  /** Letters of TCP flags: S, A, F, R, P. */
  readonly tcp?: string;
  readonly sequence?: number;
  readonly icmp?: readonly [type: number, code: number, id?: number];
  readonly payload?: Uint8Array;
  readonly ipLength?: number;
  readonly wireLength?: number;
  readonly vlans?: readonly number[];
  readonly tunnel?: readonly [kind: TunnelKind, id: number, source?: string, destination?: string];
  readonly quoted?: { readonly protocol: number; readonly from: string; readonly to: string };
  readonly fragmentOffset?: number;
}

const flagBits: Readonly<Record<string, number>> = { F: 1, S: 2, R: 4, P: 8, A: 16 };

/** Returns a packet; ends are written `192.0.2.1:80` or `[2001:db8::1]:80`, without a port where there is none. */
export function packetOf(fields: PacketFields): Packet {
  const packet = new Packet();
  const at = fields.at ?? 0;
  packet.seconds = Math.floor(at / 1000);
  packet.nanoseconds = Math.round((at % 1000) * 1e6);
  const source = endOf(fields.from);
  const destination = endOf(fields.to);
  packet.family = source.address.family;
  packet.protocol =
    fields.protocol ??
    (fields.tcp !== undefined
      ? Protocol.Tcp
      : fields.icmp === undefined
        ? Protocol.Udp
        : packet.family === 4
          ? Protocol.Icmp
          : Protocol.Icmpv6);
  setLanes(packet.source, source.address);
  setLanes(packet.destination, destination.address);
  packet.sourcePort = source.port;
  packet.destinationPort = destination.port;
  for (const letter of fields.tcp ?? '') packet.tcpFlags |= flagBits[letter]!;
  packet.tcpSequence = fields.sequence ?? 0;
  if (fields.icmp !== undefined) [packet.icmpType, packet.icmpCode, packet.icmpId = 0] = fields.icmp;
  const length = fields.payload?.length ?? 0;
  packet.payloadEnd = packet.payloadLength = length;
  packet.ipLength = fields.ipLength ?? 40 + length;
  packet.wireLength = fields.wireLength ?? packet.ipLength + 14;
  packet.fragmentOffset = fields.fragmentOffset ?? 0;
  for (const vlan of fields.vlans ?? []) packet.vlans[packet.vlanCount++] = vlan;
  if (fields.tunnel !== undefined) {
    const [kind, id, outerSource, outerDestination] = fields.tunnel;
    packet.tunnel = kind;
    packet.tunnelId = id;
    if (outerSource !== undefined && outerDestination !== undefined) {
      const outer = endOf(outerSource).address;
      packet.outerFamily = outer.family;
      setLanes(packet.outerSource, outer);
      setLanes(packet.outerDestination, endOf(outerDestination).address);
    }
  }
  if (fields.quoted !== undefined) {
    packet.hasQuote = true;
    const [from, to] = [endOf(fields.quoted.from), endOf(fields.quoted.to)];
    packet.quoted.family = from.address.family;
    packet.quoted.protocol = fields.quoted.protocol;
    setLanes(packet.quoted.source, from.address);
    setLanes(packet.quoted.destination, to.address);
    packet.quoted.sourcePort = from.port;
    packet.quoted.destinationPort = to.port;
  }
  return packet;
}

function endOf(text: string): { address: Address; port: number } {
  const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d+))?$/.exec(text)!;
  return { address: parseAddress((bracketed ?? plain)!)!, port: Number(port ?? 0) };
}

function setLanes(lanes: Uint32Array, { a, b, c, d }: Address): void {
  lanes[0] = a;
  lanes[1] = b;
  lanes[2] = c;
  lanes[3] = d;
}

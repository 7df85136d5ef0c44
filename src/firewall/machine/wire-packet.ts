import type { Address, Family } from '../../net/address.ts';
import type { PacketType } from '../ruleset.ts';

/** The ends of a packet, with what tells conversations apart besides. */
export interface Ends {
  readonly family: Family;
  readonly protocol: number;
  readonly source: Address;
  readonly destination: Address;
  /** Of protocols with ports. */
  readonly sourcePort?: number;
  readonly port?: number;
  readonly icmpType?: number;
  readonly icmpCode?: number;
  /** Of echo and other questions of ICMP, which the answer repeats. */
  readonly icmpId?: number;
}

/** What connection tracking reads of a TCP header (RFC 9293 §3.1). */
export interface TcpHeader {
  /** FIN 1, SYN 2, RST 4, PSH 8, ACK 16, URG 32, ECE 64, CWR 128. */
  readonly flags: number;
  readonly sequence: number;
  readonly acknowledgement: number;
  readonly window: number;
  /** Bytes of data. */
  readonly payload: number;
  /** Window scale option (RFC 7323 §2.2). */
  readonly scale?: number;
}

/** A packet as it comes from the wire, of which everything is known that decides. */
export interface WirePacket extends Ends {
  /** Milliseconds, never less than that of the packet before. */
  readonly time: number;
  /** Bytes of the IP packet. */
  readonly length: number;
  /** TTL or hop limit. */
  readonly hopLimit: number;
  /** Not known where it is absent. */
  readonly dscp?: number;
  readonly tcp?: TcpHeader;
  /** The packet that an error of ICMP speaks of, as it is quoted. */
  readonly quoted?: Ends;
  readonly isFragment?: true;
  readonly hardwareSource?: string;
  readonly packetType?: PacketType;
}

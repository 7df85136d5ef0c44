import { Protocol } from '../../net/protocol.ts';
import { finish, mix } from '../chained-index.ts';
import type { TunnelKind } from '../flow.ts';
import type { Packet, QuotedPacket } from '../packet/packet.ts';
import { tunnelKinds } from '../tunnel-kinds.ts';

/**
 * Lanes of a key, those first that tell two conversations over IPv4 apart. Ends stand in their order as numbers, so that both
 * directions have the same key.
 */
export const KeyLane = {
  /** Protocol, family (4 bits), tunnel kind (4 bits, 0 for none) and VLAN (16 bits) from the lowest bits on. */
  What: 0,
  /** Of the low end, and of the high end in the lower half. */
  Ports: 1,
  /** Last lane of each address: all of an IPv4 address. */
  LowLast: 2,
  HighLast: 3,
  TunnelId: 4,
  /** The first three lanes of each address. */
  LowFirst: 5,
  HighFirst: 8,
} as const;

/** Number of lanes of a key. */
export const keyLanes = 11;

/** Kinds whose ids each receiver chooses for itself, so that the two directions of a conversation have different ones. */
const directionalKinds: ReadonlySet<TunnelKind> = new Set(['gtp-u', 'mpls', 'l2tp']);

/** Types of ICMP that ask (RFC 792, RFC 950) by type of answer; both directions of such a conversation are one flow. */
const icmpQuestion = new Int16Array(256).fill(-1);
const icmpv6Question = new Int16Array(256).fill(-1);
for (const [question, answer] of [
  [8, 0],
  [13, 14],
  [15, 16],
  [17, 18],
] as const) {
  icmpQuestion[question] = icmpQuestion[answer] = question;
}
icmpv6Question[128] = icmpv6Question[129] = 128;

/** How messages of ICMP take part in conversations. */
export const IcmpRole = { None: 0, Question: 1, Answer: 2, OneWay: 3 } as const;

/**
 * What two packets of one conversation have in common: both ends, protocol, family, the innermost VLAN (VLAN 0 is a priority without a
 * VLAN: IEEE 802.1Q §9.6) and the innermost tunnel's kind and id (no TEID, label or L2TP session: those differ by direction). One
 * object is filled again and again.
 */
export class PacketKey {
  readonly lanes = new Int32Array(keyLanes);
  hash = 0;
  /** Whether the packet's source is the low end. */
  fromLow = false;
  /** For ICMP, what stands in the place of ports: 0 or the id, and the question's or message's type · 256 + code. */
  icmpRole: number = IcmpRole.None;
  readonly #seed: number;
  #lastKind: TunnelKind | undefined;
  #lastKindNumber = 0;
  #lastKindIdCounts = false;

  constructor(seed: number) {
    this.#seed = seed;
  }

  /** Fills in the conversation of a packet. */
  ofPacket(packet: Packet): void {
    this.icmpRole = IcmpRole.None;
    if (packet.icmpType >= 0) {
      this.#ofIcmp(packet, packet);
      return;
    }
    const { family, source, destination, protocol, sourcePort, destinationPort } = packet;
    this.#fill(packet, family, source, destination, protocol, sourcePort, destinationPort);
  }

  /** Fills in the conversation of the packet that an ICMP error quotes; VLAN and tunnel are those of the error. */
  ofQuote(packet: Packet, quoted: QuotedPacket): void {
    this.icmpRole = IcmpRole.None;
    if (quoted.icmpType >= 0) {
      this.#ofIcmp(packet, quoted);
      return;
    }
    const { family, source, destination, protocol, sourcePort, destinationPort } = quoted;
    this.#fill(packet, family, source, destination, protocol, sourcePort, destinationPort);
  }

  /** ICMP has its id and type in the place of ports. */
  #ofIcmp(packet: Packet, of: Packet | QuotedPacket): void {
    const type = of.icmpType & 0xff;
    const question = of.protocol === Protocol.Icmp ? icmpQuestion[type]! : icmpv6Question[type]!;
    let from = question << 8;
    let to = of.icmpId;
    if (question < 0) {
      this.icmpRole = IcmpRole.OneWay;
      from = 0;
      to = (type << 8) | of.icmpCode;
    } else if (question === type) {
      this.icmpRole = IcmpRole.Question;
      from = of.icmpId;
      to = question << 8;
    } else this.icmpRole = IcmpRole.Answer;
    this.#fill(packet, of.family, of.source, of.destination, of.protocol, from, to);
  }

  #fill(
    packet: Packet,
    family: number,
    source: Uint32Array,
    destination: Uint32Array,
    protocol: number,
    from: number,
    to: number,
  ): void {
    const lanes = this.lanes;
    // Compared, not subtracted: differences of unsigned numbers are no longer 32-bit integers.
    let lane = family === 4 ? 3 : 0;
    while (lane < 3 && source[lane] === destination[lane]) lane++;
    const x = source[lane]!;
    const y = destination[lane]!;
    const fromLow = x < y || (x === y && from <= to);
    this.fromLow = fromLow;
    const low = fromLow ? source : destination;
    const high = fromLow ? destination : source;
    const ports = fromLow ? (from << 16) | to : (to << 16) | from;

    let vlan = 0;
    for (let i = packet.vlanCount - 1; i >= 0 && vlan === 0; i--) vlan = packet.vlans[i]!;
    let what = protocol | (family << 8) | (vlan << 16);
    let tunnelId = 0;
    if (packet.tunnel !== undefined) {
      what |= this.#kindNumber(packet.tunnel) << 12;
      if (this.#lastKindIdCounts) tunnelId = packet.tunnelId | 0;
    }
    lanes[0] = what;
    lanes[1] = ports;
    lanes[2] = low[3]!;
    lanes[3] = high[3]!;
    lanes[4] = tunnelId;
    let hash = mix(mix(mix(this.#seed ^ what, ports), low[3]!), high[3]!);
    if (tunnelId !== 0) hash = mix(hash, tunnelId);
    if (family === 4) {
      lanes[5] = lanes[6] = lanes[7] = lanes[8] = lanes[9] = lanes[10] = 0;
    } else {
      hash = mix(mix(mix(hash, low[0]!), low[1]!), low[2]!);
      hash = mix(mix(mix(hash, high[0]!), high[1]!), high[2]!);
      lanes[5] = low[0]!;
      lanes[6] = low[1]!;
      lanes[7] = low[2]!;
      lanes[8] = high[0]!;
      lanes[9] = high[1]!;
      lanes[10] = high[2]!;
    }
    this.hash = finish(hash);
  }

  #kindNumber(kind: TunnelKind): number {
    if (kind !== this.#lastKind) {
      this.#lastKind = kind;
      this.#lastKindNumber = tunnelKinds.indexOf(kind) + 1;
      this.#lastKindIdCounts = !directionalKinds.has(kind);
    }
    return this.#lastKindNumber;
  }
}

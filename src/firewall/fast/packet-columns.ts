import { type Address, ipv4, ipv6 } from '../../net/address.ts';
import { hasPorts, type Packet } from '../packet.ts';
import type { ConnectionState } from '../ruleset.ts';

/** Names of the ways through a machine, in the order of their numbers. */
export const ways = ['INPUT', 'FORWARD', 'OUTPUT'] as const;
/** States of connections, in the order of their numbers. */
export const states: readonly ConnectionState[] = ['NEW', 'ESTABLISHED', 'RELATED', 'INVALID', 'UNTRACKED'];

/**
 * Many packets as columns of numbers, of which everything is known that rules usually ask for. Interfaces are numbers
 * into `interfaces`; 0 is none.
 */
export class PacketColumns {
  readonly capacity: number;
  readonly interfaces: readonly string[];
  readonly family: Uint8Array;
  /** Number into {@link ways}. */
  readonly way: Uint8Array;
  readonly protocol: Uint8Array;
  /** Number into {@link states}. */
  readonly state: Uint8Array;
  /** Four lanes each; IPv4 has its value in the last. */
  readonly source: Uint32Array;
  readonly destination: Uint32Array;
  readonly sourcePort: Uint16Array;
  readonly port: Uint16Array;
  /** Type × 256 + code of ICMP. */
  readonly icmp: Uint16Array;
  readonly tcpFlags: Uint8Array;
  readonly inInterface: Uint8Array;
  readonly outInterface: Uint8Array;
  readonly mark: Uint32Array;
  count = 0;

  /** Throws a RangeError for more than 254 interfaces. */
  constructor(capacity: number, interfaces: readonly string[]) {
    if (interfaces.length > 254) throw new RangeError('more than 254 interfaces');
    this.capacity = capacity;
    this.interfaces = ['', ...interfaces];
    this.family = new Uint8Array(capacity);
    this.way = new Uint8Array(capacity);
    this.protocol = new Uint8Array(capacity);
    this.state = new Uint8Array(capacity);
    this.source = new Uint32Array(4 * capacity);
    this.destination = new Uint32Array(4 * capacity);
    this.sourcePort = new Uint16Array(capacity);
    this.port = new Uint16Array(capacity);
    this.icmp = new Uint16Array(capacity);
    this.tcpFlags = new Uint8Array(capacity);
    this.inInterface = new Uint8Array(capacity);
    this.outInterface = new Uint8Array(capacity);
    this.mark = new Uint32Array(capacity);
  }

  /** Adds a packet. Throws a RangeError when the columns are full, or an interface is none of theirs. */
  add(packet: Packet): void {
    const i = this.count;
    if (i >= this.capacity) throw new RangeError('the columns are full');
    this.family[i] = packet.family;
    this.way[i] = ways.indexOf(packet.chain);
    this.protocol[i] = packet.protocol;
    this.state[i] = states.indexOf(packet.state);
    put(this.source, i, packet.source);
    put(this.destination, i, packet.destination);
    this.sourcePort[i] = packet.sourcePort ?? 0;
    this.port[i] = packet.port ?? 0;
    this.icmp[i] = (packet.icmpType ?? 0) * 256 + (packet.icmpCode ?? 0);
    this.tcpFlags[i] = packet.tcpFlags ?? 0;
    this.inInterface[i] = this.#numberOf(packet.inInterface);
    this.outInterface[i] = this.#numberOf(packet.outInterface);
    this.mark[i] = packet.numbers?.mark ?? 0;
    this.count++;
  }

  /** Returns the packet at a place as the plain walk takes it. */
  packetAt(i: number): Packet {
    const [family, protocol] = [this.family[i] as 4 | 6, this.protocol[i]!];
    const [inInterface, outInterface] = [this.inInterface[i]!, this.outInterface[i]!];
    const icmp = this.icmp[i]!;
    return {
      family,
      chain: ways[this.way[i]!]!,
      protocol,
      source: addressAt(this.source, i, family),
      destination: addressAt(this.destination, i, family),
      state: states[this.state[i]!]!,
      numbers: { mark: this.mark[i]! },
      ...(hasPorts(protocol) && { sourcePort: this.sourcePort[i]!, port: this.port[i]! }),
      ...((protocol === 1 || protocol === 58) && { icmpType: icmp >>> 8, icmpCode: icmp & 255 }),
      ...(protocol === 6 && { tcpFlags: this.tcpFlags[i]! }),
      ...(inInterface > 0 && { inInterface: this.interfaces[inInterface]! }),
      ...(outInterface > 0 && { outInterface: this.interfaces[outInterface]! }),
    };
  }

  #numberOf(name: string | undefined): number {
    if (name === undefined) return 0;
    const number = this.interfaces.indexOf(name);
    if (number < 1) throw new RangeError(`${name} is no interface of these columns`);
    return number;
  }
}

function put(lanes: Uint32Array, i: number, address: Address | undefined): void {
  const { a, b, c, d } = address ?? { a: 0, b: 0, c: 0, d: 0 };
  lanes.set([a, b, c, d], 4 * i);
}

function addressAt(lanes: Uint32Array, i: number, family: 4 | 6): Address {
  const at = 4 * i;
  if (family === 4) return ipv4(lanes[at + 3]!);
  return ipv6(lanes[at]!, lanes[at + 1]!, lanes[at + 2]!, lanes[at + 3]!);
}

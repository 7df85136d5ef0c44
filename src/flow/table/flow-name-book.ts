import { Protocol } from '../../net/protocol.ts';
import type { FlowNames } from '../flow.ts';
import { readDnsAnswer, readDnsSegment } from '../names/dns.ts';
import { readHttpHost } from '../names/http.ts';
import { LookedUpNames } from '../names/looked-up-names.ts';
import { readClientHello } from '../names/tls.ts';
import type { Packet } from '../packet/packet.ts';

/** Limits of what is remembered of names. */
export interface NameLimits {
  /** Names that were looked up, over all clients. */
  readonly lookups: number;
  /** Bytes that the names of all flows together take, about. */
  readonly bytes: number;
}

export const defaultNameLimits: NameLimits = { lookups: 16_384, bytes: 32 * 1024 * 1024 };

/** ClientHellos of which the end has not come yet, at once. */
const maxBegun = 32;
/** Longest ClientHello that is put together. */
const longestHello = 4096;
/** What an entry costs beside its text. */
const entryBytes = 160;
/**
 * A client uses an address for some time after the name's time is over, and resolvers cut times short: an answer counts for at least
 * five minutes, and for a day at most.
 */
const leastTtlMs = 300_000;
const mostTtlMs = 86_400_000;

interface BegunHello {
  readonly bytes: Uint8Array;
  length: number;
  /** Sequence number of the byte that follows. */
  next: number;
}

/** Names of flows by slot, and what they are learned from. Bounded in number and bytes; what found no room is counted. */
export class FlowNameBook {
  readonly #names = new Map<number, FlowNames>();
  readonly #begun = new Map<number, BegunHello>();
  readonly #lookups: LookedUpNames;
  readonly #client = new Uint32Array(4);
  readonly #limit: number;
  #bytes = 0;
  /** Names that were not kept since there was no room. */
  dropped = 0;

  constructor(limits: NameLimits, seed: number) {
    this.#lookups = new LookedUpNames(limits.lookups, seed);
    this.#limit = limits.bytes;
  }

  /** Names looked up that were dropped before their time. */
  get evictedLookups(): number {
    return this.#lookups.evicted;
  }

  of(slot: number): FlowNames | undefined {
    return this.#names.get(slot);
  }

  /** Gives a new flow the name that its source (four lanes) looked up for its destination; tells whether there is one. */
  open(slot: number, family: number, source: Uint32Array, destination: Uint32Array, now: number): boolean {
    if (this.#lookups.size === 0) return false;
    const dns = this.#lookups.find(source, family, destination, now);
    return dns !== undefined && this.#keep(slot, { dns });
  }

  /** Forgets a flow. */
  close(slot: number): void {
    const names = this.#names.get(slot);
    if (names !== undefined) {
      this.#bytes -= cost(names);
      this.#names.delete(slot);
    }
    this.#begun.delete(slot);
  }

  /** Learns from a DNS response, which its client (the packet's destination) has asked for. */
  learn(packet: Packet, bytes: Uint8Array, now: number): void {
    const read = packet.protocol === Protocol.Tcp ? readDnsSegment : readDnsAnswer;
    const answer = read(bytes, packet.payloadStart, packet.payloadEnd);
    if (answer === undefined) return;
    const expires = now + Math.min(Math.max(answer.ttl * 1000, leastTtlMs), mostTtlMs);
    this.#client.set(packet.destination);
    // A client has another address in the other family, which this answer does not tell.
    for (const address of answer.addresses)
      if (address.family === packet.family)
        this.#lookups.add(this.#client, address, answer.name, now, expires);
  }

  /** Looks for names in a TCP payload of the source; returns whether the next one is worth a look. */
  look(slot: number, packet: Packet, bytes: Uint8Array): boolean {
    if (packet.protocol !== Protocol.Tcp) return false;
    const begun = this.#begun.get(slot);
    if (begun !== undefined) return this.#continueHello(slot, begun, packet, bytes);
    const { payloadStart: start, payloadEnd: end } = packet;
    const hello = readClientHello(bytes, start, end);
    if (hello !== undefined) {
      const isWhole =
        end - start >= hello.length || (hello.serverName !== undefined && hello.alpn !== undefined);
      // Payload that was cut off by the capture does not come any more.
      if (!isWhole && packet.payloadLength === end - start) {
        this.#beginHello(slot, packet, bytes);
        return true;
      }
      this.#nameTls(slot, hello.serverName, hello.alpn);
      return false;
    }
    const host = readHttpHost(bytes, start, end);
    if (host === undefined) return true;
    this.#keep(slot, { ...this.#names.get(slot), http: host });
    return false;
  }

  /** Takes what there is of a ClientHello whose end has not come. */
  finish(slot: number): void {
    const begun = this.#begun.get(slot);
    if (begun !== undefined) this.#endHello(slot, begun);
  }

  #beginHello(slot: number, packet: Packet, bytes: Uint8Array): void {
    if (this.#begun.size >= maxBegun) {
      const [oldest] = this.#begun;
      if (oldest !== undefined) this.#endHello(oldest[0], oldest[1]);
    }
    const begun: BegunHello = { bytes: new Uint8Array(longestHello), length: 0, next: 0 };
    append(begun, packet, bytes);
    this.#begun.set(slot, begun);
  }

  #continueHello(slot: number, begun: BegunHello, packet: Packet, bytes: Uint8Array): boolean {
    if (packet.tcpSequence !== begun.next) {
      // What was sent again is passed over; after a gap, what is there is all there will be.
      if (((begun.next - packet.tcpSequence) | 0) > 0) return true;
      this.#endHello(slot, begun);
      return false;
    }
    append(begun, packet, bytes);
    const hello = readClientHello(begun.bytes, 0, begun.length);
    const isWhole = hello === undefined || begun.length >= Math.min(hello.length, longestHello);
    if (!isWhole && packet.payloadLength === packet.payloadEnd - packet.payloadStart) return true;
    this.#endHello(slot, begun);
    return false;
  }

  #endHello(slot: number, begun: BegunHello): void {
    this.#begun.delete(slot);
    const hello = readClientHello(begun.bytes, 0, begun.length);
    this.#nameTls(slot, hello?.serverName, hello?.alpn);
  }

  #nameTls(slot: number, tls: string | undefined, alpn: string | undefined): void {
    if (tls === undefined && alpn === undefined) return;
    this.#keep(slot, {
      ...this.#names.get(slot),
      ...(tls !== undefined && { tls }),
      ...(alpn !== undefined && { alpn }),
    });
  }

  #keep(slot: number, names: FlowNames): boolean {
    const before = this.#names.get(slot);
    const bytes = this.#bytes + cost(names) - (before === undefined ? 0 : cost(before));
    if (bytes > this.#limit) {
      this.dropped++;
      return false;
    }
    this.#bytes = bytes;
    this.#names.set(slot, names);
    return true;
  }
}

function append(begun: BegunHello, packet: Packet, bytes: Uint8Array): void {
  const { payloadStart, payloadEnd } = packet;
  const room = Math.min(payloadEnd - payloadStart, longestHello - begun.length);
  begun.bytes.set(bytes.subarray(payloadStart, payloadStart + room), begun.length);
  begun.length += room;
  begun.next = (packet.tcpSequence + packet.payloadLength) >>> 0;
}

function cost({ dns = '', tls = '', alpn = '', http = '' }: FlowNames): number {
  return entryBytes + dns.length + tls.length + alpn.length + http.length;
}

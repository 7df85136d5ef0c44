import { ChainedIndex, finish, mix } from '../chained-index.ts';
import type { Packet } from './packet.ts';

export interface FragmentTableOptions {
  /** First fragments that are remembered. Default 4096, which are 500 KiB. */
  readonly capacity?: number;
  /** Seconds of packet time for which one is. Default 30, as Linux keeps them. */
  readonly seconds?: number;
  /** Any number; one that others do not know keeps them from making all fragments fall into one chain. Default 0. */
  readonly seed?: number;
}

/** What has been counted. */
export interface FragmentCounters {
  /** First fragments. */
  first: number;
  /** Later fragments whose ports were found, and those whose first fragment was not seen, or too long ago. */
  found: number;
  unknown: number;
  /** First fragments that were forgotten before their time, for others. */
  evicted: number;
  /** Later fragments that overwrite a part of what came before (RFC 1858, RFC 5722), other than by being the same again. */
  overlapping: number;
  /** Fragments that came again: captured twice, or sent twice. */
  repeated: number;
  /** Fragments that hide the flags of TCP: first ones without them, and such as would overwrite them (RFC 1858 §3, §4). */
  tiny: number;
}

/** 32-bit words of a key: both addresses, identification, protocol with family, scope. */
const keyWords = 11;
/** Places in a datagram that are remembered of each, to find overlaps. */
const places = 12;

/**
 * First fragments and what they say of ports, for the fragments that come later: by addresses, identification and protocol (RFC 791 §3.2),
 * for IPv6 without the protocol (RFC 8200 §4.5), within VLAN and tunnel. Of fixed size: the oldest goes first, except for those that
 * were asked for since (a clock). Nothing is allocated after construction.
 */
export class FragmentTable {
  readonly counters: FragmentCounters = {
    first: 0,
    found: 0,
    unknown: 0,
    evicted: 0,
    overlapping: 0,
    repeated: 0,
    tiny: 0,
  };
  readonly #capacity: number;
  readonly #seconds: number;
  readonly #seed: number;
  readonly #index: ChainedIndex;
  readonly #keys: Uint32Array;
  readonly #key = new Uint32Array(keyWords);
  readonly #hashes: Int32Array;
  /** When the first fragment came; NaN where the slot is free. */
  readonly #times: Float64Array;
  readonly #asked: Uint8Array;
  readonly #ports: Uint32Array;
  /** Protocol, type and code, 8 bits each; all bits of `icmp` set where there is no type. */
  readonly #protocols: Uint8Array;
  readonly #icmp: Int32Array;
  readonly #icmpIds: Uint16Array;
  /** Begin and end of fragments in units of 8 bytes. */
  readonly #places: Uint16Array;
  readonly #placeCounts: Uint8Array;
  #hand = 0;

  constructor({ capacity = 4096, seconds = 30, seed = 0 }: FragmentTableOptions = {}) {
    this.#capacity = Math.max(1, capacity);
    this.#seconds = seconds;
    this.#seed = seed;
    this.#index = new ChainedIndex(this.#capacity);
    this.#keys = new Uint32Array(this.#capacity * keyWords);
    this.#hashes = new Int32Array(this.#capacity);
    this.#times = new Float64Array(this.#capacity).fill(Number.NaN);
    this.#asked = new Uint8Array(this.#capacity);
    this.#ports = new Uint32Array(this.#capacity);
    this.#protocols = new Uint8Array(this.#capacity);
    this.#icmp = new Int32Array(this.#capacity);
    this.#icmpIds = new Uint16Array(this.#capacity);
    this.#places = new Uint16Array(this.#capacity * places * 2);
    this.#placeCounts = new Uint8Array(this.#capacity);
  }

  /** Datagrams that are remembered, those out of their time among them. */
  get size(): number {
    return this.#index.size;
  }

  /** Bytes held. */
  get bytes(): number {
    const columns = [
      ...[this.#keys, this.#hashes, this.#times, this.#asked, this.#ports],
      ...[this.#protocols, this.#icmp, this.#icmpIds, this.#places, this.#placeCounts],
    ];
    return this.#index.bytes + columns.reduce((sum, { byteLength }) => sum + byteLength, 0);
  }

  /**
   * Remembers a first fragment of `length` bytes, `transportLength` of which are of the transport, which has been read. `protocol` is what
   * all fragments say.
   */
  first(packet: Packet, protocol: number, length: number, transportLength: number): void {
    this.counters.first++;
    if (packet.protocol === 6 && transportLength < 14) this.counters.tiny++;
    const hash = this.#makeKey(packet, protocol);
    const now = packet.seconds + packet.nanoseconds / 1e9;
    let slot = this.#find(hash);
    const end = (length + 7) >>> 3;
    const ports = ((packet.sourcePort << 16) | packet.destinationPort) >>> 0;
    if (
      slot >= 0 &&
      this.#isFresh(slot, now) &&
      this.#ports[slot] === ports &&
      this.#places[slot * places * 2 + 1] === end
    ) {
      this.counters.repeated++;
      return;
    }
    if (slot < 0) {
      slot = this.#take(now);
      this.#keys.set(this.#key, slot * keyWords);
      this.#hashes[slot] = hash;
      this.#index.insert(hash, slot);
    }
    this.#times[slot] = now;
    this.#asked[slot] = 0;
    this.#ports[slot] = ports;
    this.#protocols[slot] = packet.protocol;
    this.#icmp[slot] = packet.icmpType < 0 ? -1 : (packet.icmpType << 8) | packet.icmpCode;
    this.#icmpIds[slot] = packet.icmpId;
    this.#places[slot * places * 2] = 0;
    this.#places[slot * places * 2 + 1] = end;
    this.#placeCounts[slot] = 1;
  }

  /** Fills in what the first fragment said of a later one of `length` bytes; leaves it as it is when that was not seen. */
  later(packet: Packet, protocol: number, length: number): void {
    const hash = this.#makeKey(packet, protocol);
    const slot = this.#find(hash);
    if (packet.fragmentOffset === 8 && packet.protocol === 6) this.counters.tiny++;
    if (slot < 0 || !this.#isFresh(slot, packet.seconds + packet.nanoseconds / 1e9)) {
      this.counters.unknown++;
      return;
    }
    this.counters.found++;
    this.#asked[slot] = 1;
    const ports = this.#ports[slot]!;
    packet.sourcePort = ports >>> 16;
    packet.destinationPort = ports & 0xffff;
    packet.protocol = this.#protocols[slot]!;
    const icmp = this.#icmp[slot]!;
    packet.icmpType = icmp >> 8;
    packet.icmpCode = icmp < 0 ? 0 : icmp & 0xff;
    packet.icmpId = this.#icmpIds[slot]!;
    const begin = packet.fragmentOffset >>> 3;
    this.#place(slot, begin, begin + ((length + 7) >>> 3));
  }

  /** Writes down where a fragment lies, and counts when others lie there too. */
  #place(slot: number, begin: number, end: number): void {
    const base = slot * places * 2;
    const count = this.#placeCounts[slot]!;
    let overlaps = false;
    for (let i = 0; i < count; i++) {
      const otherBegin = this.#places[base + 2 * i]!;
      const otherEnd = this.#places[base + 2 * i + 1]!;
      if (begin === otherBegin && end === otherEnd) {
        this.counters.repeated++;
        return;
      }
      if (begin < otherEnd && otherBegin < end) overlaps = true;
    }
    if (overlaps) this.counters.overlapping++;
    if (count < places) {
      this.#places[base + 2 * count] = begin;
      this.#places[base + 2 * count + 1] = end;
      this.#placeCounts[slot] = count + 1;
    } else if (this.#places[base + 2 * count - 1] === begin) {
      // No room: what comes in order makes the last one longer, the rest is not looked at.
      this.#places[base + 2 * count - 1] = end;
    }
  }

  #makeKey(packet: Packet, protocol: number): number {
    const key = this.#key;
    key[0] = packet.source[0]!;
    key[1] = packet.source[1]!;
    key[2] = packet.source[2]!;
    key[3] = packet.source[3]!;
    key[4] = packet.destination[0]!;
    key[5] = packet.destination[1]!;
    key[6] = packet.destination[2]!;
    key[7] = packet.destination[3]!;
    key[8] = packet.fragmentId;
    key[9] = packet.family === 6 ? 0x600 : 0x400 | protocol;
    const vlan = packet.vlanCount > 0 ? packet.vlans[packet.vlanCount - 1]! : 0;
    key[10] = mix(vlan, packet.tunnelId);
    let hash = this.#seed | 0;
    for (let i = 0; i < keyWords; i++) hash = mix(hash, key[i]!);
    return finish(hash);
  }

  #find(hash: number): number {
    for (let slot = this.#index.first(hash); slot >= 0; slot = this.#index.after(slot))
      if (this.#hashes[slot] === hash && this.#isKey(slot)) return slot;
    return -1;
  }

  #isKey(slot: number): boolean {
    const base = slot * keyWords;
    for (let i = 0; i < keyWords; i++) if (this.#keys[base + i] !== this.#key[i]) return false;
    return true;
  }

  /** Captures go back in time now and then; what is far from now either way is another datagram. */
  #isFresh(slot: number, now: number): boolean {
    return Math.abs(now - this.#times[slot]!) <= this.#seconds;
  }

  /** Returns a slot that is free, after taking out who was in it. */
  #take(now: number): number {
    for (let tries = 0; ; tries++) {
      const slot = this.#hand;
      this.#hand = slot + 1 === this.#capacity ? 0 : slot + 1;
      if (Number.isNaN(this.#times[slot])) return slot;
      const fresh = this.#isFresh(slot, now);
      if (fresh && this.#asked[slot] === 1 && tries < 16) {
        this.#asked[slot] = 0;
        continue;
      }
      if (fresh) this.counters.evicted++;
      this.#index.remove(this.#hashes[slot]!, slot);
      return slot;
    }
  }
}

import { ChainedIndex, finish, mix } from './chained-index.ts';
import type { Process } from './flow.ts';
import { SlotLists } from './slot-lists.ts';

const Free = 0;
const Listening = 1;

/** How many listeners of one address and port are looked at to find an owner; more would be ambiguous anyway. */
const maxCandidates = 16;

/** Where a socket listens: lanes are read from `lanes` at `offset`, as in a kernel batch. */
export interface LocalEnd {
  readonly family: number;
  readonly lanes: Uint32Array;
  readonly offset: number;
  readonly port: number;
}

const unspecified = new Uint32Array(4);

/**
 * Who listens where, over all network namespaces. A listener of the start-up picture has no socket address (0, 0);
 * when such a one closes it is found by address and port. When the table is full the oldest listener is dropped.
 */
export class ListenerTable {
  readonly #lists: SlotLists;
  readonly #byEnd: ChainedIndex;
  readonly #bySocket: ChainedIndex;
  readonly #family: Uint8Array;
  readonly #lanes: Uint32Array;
  readonly #port: Uint16Array;
  readonly #socket: Uint32Array;
  readonly #process: (Process | undefined)[];
  readonly #seed: number;
  #evicted = 0;

  constructor(capacity: number, seed: number) {
    this.#lists = new SlotLists(capacity, 2);
    this.#byEnd = new ChainedIndex(capacity);
    this.#bySocket = new ChainedIndex(capacity);
    this.#family = new Uint8Array(capacity);
    this.#lanes = new Uint32Array(capacity * 4);
    this.#port = new Uint16Array(capacity);
    this.#socket = new Uint32Array(capacity * 2);
    this.#process = new Array<Process | undefined>(capacity).fill(undefined);
    this.#seed = seed;
  }

  /** Number of listeners. */
  get size(): number {
    return this.#lists.count(Listening);
  }

  /** Listeners dropped because the table was full. */
  get evicted(): number {
    return this.#evicted;
  }

  /** A socket began to listen. `high` and `low` are its kernel address, 0 and 0 when that is unknown. */
  add(end: LocalEnd, high: number, low: number, process: Process | undefined): void {
    const known = this.#findSocket(high, low);
    if (known >= 0) this.#release(known);
    if (this.#lists.head(Free) < 0) {
      this.#release(this.#lists.head(Listening));
      this.#evicted++;
    }
    const slot = this.#lists.head(Free);
    this.#lists.move(slot, Listening);
    this.#family[slot] = end.family;
    for (let lane = 0; lane < 4; lane++) this.#lanes[slot * 4 + lane] = end.lanes[end.offset + lane]!;
    this.#port[slot] = end.port;
    this.#socket[slot * 2] = high;
    this.#socket[slot * 2 + 1] = low;
    this.#process[slot] = process;
    this.#byEnd.insert(this.#hashEnd(end.family, end.lanes, end.offset, end.port), slot);
    if (high !== 0 || low !== 0) this.#bySocket.insert(this.#hashSocket(high, low), slot);
  }

  /** A socket ceased to listen. */
  remove(end: LocalEnd, high: number, low: number): void {
    let slot = this.#findSocket(high, low);
    if (slot < 0) slot = this.#findWithoutSocket(end);
    if (slot >= 0) this.#release(slot);
  }

  /**
   * Who owns connections accepted at `end`, or undefined when nobody is known or it cannot be told: an exact address
   * wins over a wildcard (`::` accepts IPv4 too); of several namespaces the one with inode `netns` is meant when that
   * is known; processes of one name in one namespace (SO_REUSEPORT workers) are the same owner.
   */
  owner(end: LocalEnd, netns: number | undefined): Process | undefined {
    const processes = this.#candidates(end);
    const near = netns === undefined ? processes : processes.filter((process) => process?.netns === netns);
    const first = near[0];
    if (first === undefined) return undefined;
    const same = near.every((other) => other?.comm === first.comm && other.netns === first.netns);
    return same ? first : undefined;
  }

  #candidates(end: LocalEnd): (Process | undefined)[] {
    const exact = this.#at(end.family, end.lanes, end.offset, end.port);
    if (exact.length > 0) return exact;
    const wildcards = this.#at(end.family, unspecified, 0, end.port);
    return end.family === 4 ? wildcards.concat(this.#at(6, unspecified, 0, end.port)) : wildcards;
  }

  #at(family: number, lanes: Uint32Array, offset: number, port: number): (Process | undefined)[] {
    const found: (Process | undefined)[] = [];
    const hash = this.#hashEnd(family, lanes, offset, port);
    for (let slot = this.#byEnd.first(hash); slot >= 0; slot = this.#byEnd.after(slot)) {
      if (this.#isAt(slot, family, lanes, offset, port)) found.push(this.#process[slot]);
      if (found.length === maxCandidates) break;
    }
    return found;
  }

  #findWithoutSocket({ family, lanes, offset, port }: LocalEnd): number {
    const hash = this.#hashEnd(family, lanes, offset, port);
    for (let slot = this.#byEnd.first(hash); slot >= 0; slot = this.#byEnd.after(slot)) {
      const unknown = this.#socket[slot * 2] === 0 && this.#socket[slot * 2 + 1] === 0;
      if (unknown && this.#isAt(slot, family, lanes, offset, port)) return slot;
    }
    return -1;
  }

  #findSocket(high: number, low: number): number {
    if (high === 0 && low === 0) return -1;
    let slot = this.#bySocket.first(this.#hashSocket(high, low));
    while (slot >= 0 && (this.#socket[slot * 2] !== high || this.#socket[slot * 2 + 1] !== low)) {
      slot = this.#bySocket.after(slot);
    }
    return slot;
  }

  #release(slot: number): void {
    const hash = this.#hashEnd(this.#family[slot]!, this.#lanes, slot * 4, this.#port[slot]!);
    this.#byEnd.remove(hash, slot);
    this.#bySocket.remove(this.#hashSocket(this.#socket[slot * 2]!, this.#socket[slot * 2 + 1]!), slot);
    this.#process[slot] = undefined;
    this.#lists.move(slot, Free);
  }

  #isAt(slot: number, family: number, lanes: Uint32Array, offset: number, port: number): boolean {
    if (this.#port[slot] !== port || this.#family[slot] !== family) return false;
    for (let lane = 0; lane < 4; lane++) {
      if (this.#lanes[slot * 4 + lane] !== lanes[offset + lane]) return false;
    }
    return true;
  }

  #hashEnd(family: number, lanes: Uint32Array, offset: number, port: number): number {
    let hash = mix(this.#seed, (family << 16) | port);
    for (let lane = 0; lane < 4; lane++) hash = mix(hash, lanes[offset + lane]!);
    return finish(hash);
  }

  #hashSocket(high: number, low: number): number {
    return finish(mix(mix(this.#seed, high), low));
  }
}

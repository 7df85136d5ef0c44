import type { Address } from '../../net/address.ts';
import { ChainedIndex, finish, mix } from '../chained-index.ts';
import { SlotLists } from '../slot-lists.ts';

const list = { free: 0, known: 1 } as const;

/**
 * Names that clients have looked up: (client, address) → name, of fixed number. The one that was looked up longest ago goes first
 * when there is no room; one whose time is over is not found any more.
 */
export class LookedUpNames {
  readonly #index: ChainedIndex;
  readonly #lists: SlotLists;
  /** Eight lanes each: client, address. */
  readonly #lanes: Uint32Array;
  readonly #family: Uint8Array;
  readonly #hash: Int32Array;
  readonly #expires: Float64Array;
  readonly #name: (string | undefined)[];
  readonly #seed: number;
  /** Names dropped before their time was over. */
  evicted = 0;

  constructor(capacity: number, seed: number) {
    this.#index = new ChainedIndex(capacity);
    this.#lists = new SlotLists(capacity, 2);
    this.#lanes = new Uint32Array(capacity * 8);
    this.#family = new Uint8Array(capacity);
    this.#hash = new Int32Array(capacity);
    this.#expires = new Float64Array(capacity);
    this.#name = new Array<string | undefined>(capacity).fill(undefined);
    this.#seed = seed;
  }

  get size(): number {
    return this.#index.size;
  }

  /** Notes that `client` (four lanes, of the family of `address` or not at all) has got `name` for `address`, until `expires` (ms). */
  add(client: Uint32Array, address: Address, name: string, now: number, expires: number): void {
    const { family, a, b, c, d } = address;
    const hash = this.#hashOf(client, family, a, b, c, d);
    let slot = this.#find(hash, client, family, a, b, c, d);
    if (slot < 0) {
      slot = this.#lists.head(list.free);
      if (slot < 0) {
        slot = this.#lists.head(list.known);
        if (slot < 0) return;
        if (this.#expires[slot]! > now) this.evicted++;
        this.#index.remove(this.#hash[slot]!, slot);
      }
      this.#index.insert(hash, slot);
      this.#hash[slot] = hash;
      this.#family[slot] = family;
      this.#lanes.set(client, slot * 8);
      this.#lanes[slot * 8 + 4] = a;
      this.#lanes[slot * 8 + 5] = b;
      this.#lanes[slot * 8 + 6] = c;
      this.#lanes[slot * 8 + 7] = d;
    }
    this.#name[slot] = name;
    this.#expires[slot] = expires;
    this.#lists.move(slot, list.known);
  }

  /** The name that `client` has looked up for `address` (four lanes each), if it still counts at `now`. */
  find(client: Uint32Array, family: number, address: Uint32Array, now: number): string | undefined {
    const [a, b, c, d] = [address[0]!, address[1]!, address[2]!, address[3]!];
    const slot = this.#find(this.#hashOf(client, family, a, b, c, d), client, family, a, b, c, d);
    return slot < 0 || this.#expires[slot]! <= now ? undefined : this.#name[slot];
  }

  #find(hash: number, client: Uint32Array, family: number, a: number, b: number, c: number, d: number) {
    const lanes = this.#lanes;
    let slot = this.#index.first(hash);
    for (; slot >= 0; slot = this.#index.after(slot)) {
      const at = slot * 8;
      if (
        lanes[at + 7] === d &&
        lanes[at + 3] === client[3] &&
        this.#family[slot] === family &&
        lanes[at + 6] === c &&
        lanes[at + 5] === b &&
        lanes[at + 4] === a &&
        lanes[at + 2] === client[2] &&
        lanes[at + 1] === client[1] &&
        lanes[at] === client[0]
      )
        break;
    }
    return slot;
  }

  #hashOf(client: Uint32Array, family: number, a: number, b: number, c: number, d: number): number {
    let hash = mix(mix(this.#seed ^ family, d), client[3]!);
    if (family === 6) {
      hash = mix(mix(mix(hash, a), b), c);
      hash = mix(mix(mix(hash, client[0]!), client[1]!), client[2]!);
    }
    return finish(hash);
  }
}

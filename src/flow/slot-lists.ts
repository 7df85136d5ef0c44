/**
 * Every slot of a table of fixed size is in exactly one of a few doubly linked lists, oldest first. List 0 is the list
 * of free slots. Moving a slot costs O(1) and allocates nothing.
 */
export class SlotLists {
  readonly #list: Uint8Array;
  readonly #next: Int32Array;
  readonly #previous: Int32Array;
  readonly #heads: Int32Array;
  readonly #tails: Int32Array;
  readonly #counts: Int32Array;

  /** All `capacity` slots begin in list 0. */
  constructor(capacity: number, lists: number) {
    this.#list = new Uint8Array(capacity);
    this.#next = Int32Array.from({ length: capacity }, (_, slot) => (slot + 1 < capacity ? slot + 1 : -1));
    this.#previous = Int32Array.from({ length: capacity }, (_, slot) => slot - 1);
    this.#heads = new Int32Array(lists).fill(-1);
    this.#tails = new Int32Array(lists).fill(-1);
    this.#counts = new Int32Array(lists);
    this.#heads[0] = capacity > 0 ? 0 : -1;
    this.#tails[0] = capacity - 1;
    this.#counts[0] = capacity;
  }

  /** The list that `slot` is in. */
  of(slot: number): number {
    return this.#list[slot]!;
  }

  /** The oldest slot of `list`, or -1. */
  head(list: number): number {
    return this.#heads[list]!;
  }

  /** The newest slot of `list`, or -1. */
  tail(list: number): number {
    return this.#tails[list]!;
  }

  /** Number of slots in `list`. */
  count(list: number): number {
    return this.#counts[list]!;
  }

  /** Takes `slot` out of its list and puts it at the end of `list`. */
  move(slot: number, list: number): void {
    const from = this.#list[slot]!;
    const next = this.#next[slot]!;
    const previous = this.#previous[slot]!;
    if (previous < 0) this.#heads[from] = next;
    else this.#next[previous] = next;
    if (next < 0) this.#tails[from] = previous;
    else this.#previous[next] = previous;
    this.#counts[from]!--;

    const tail = this.#tails[list]!;
    if (tail < 0) this.#heads[list] = slot;
    else this.#next[tail] = slot;
    this.#previous[slot] = tail;
    this.#next[slot] = -1;
    this.#tails[list] = slot;
    this.#counts[list]!++;
    this.#list[slot] = list;
  }

  /** Bytes held. */
  get bytes(): number {
    return this.#list.byteLength + this.#next.byteLength * 2;
  }
}

/**
 * Doubly linked lists over the slots of a table, oldest first; a slot is in one of them or in none. Adding and taking out cost O(1)
 * and allocate nothing. Memory is not touched before a slot is used, so a large table that is nearly empty costs little.
 */
export class LinkedSlots {
  /** Places 0 to `lists` - 1 are the lists' own: each list is a ring through its place. */
  readonly #next: Int32Array;
  readonly #previous: Int32Array;
  readonly #lists: number;

  constructor(capacity: number, lists: number) {
    this.#next = new Int32Array(lists + capacity);
    this.#previous = new Int32Array(lists + capacity);
    this.#lists = lists;
    for (let list = 0; list < lists; list++) this.#next[list] = this.#previous[list] = list;
  }

  /** The oldest slot of `list`, or -1. */
  head(list: number): number {
    const place = this.#next[list]!;
    return place === list ? -1 : place - this.#lists;
  }

  /** The youngest slot of `list`, or -1. */
  tail(list: number): number {
    const place = this.#previous[list]!;
    return place === list ? -1 : place - this.#lists;
  }

  /** Puts a slot that is in no list at the end of `list`. */
  append(list: number, slot: number): void {
    const place = slot + this.#lists;
    const last = this.#previous[list]!;
    this.#next[last] = place;
    this.#previous[place] = last;
    this.#next[place] = list;
    this.#previous[list] = place;
  }

  /** Takes a slot out of the list that it is in. */
  remove(slot: number): void {
    const place = slot + this.#lists;
    const next = this.#next[place]!;
    const previous = this.#previous[place]!;
    this.#next[previous] = next;
    this.#previous[next] = previous;
  }

  /** Bytes reserved. */
  get bytes(): number {
    return this.#next.byteLength * 2;
  }
}

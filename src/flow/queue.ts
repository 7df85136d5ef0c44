/** A place in a {@link Queue}. */
export interface Place<T> {
  readonly value: T;
  readonly queue: Queue<T>;
  before: Place<T> | undefined;
  after: Place<T> | undefined;
}

/**
 * A queue from the middle of which one may step out: entering, leaving and asking for the first cost the same however many there are and
 * have been. (The first of a `Set` is found only behind all that were deleted before it.)
 */
export class Queue<T> {
  #first: Place<T> | undefined;
  #last: Place<T> | undefined;
  #size = 0;

  get first(): Place<T> | undefined {
    return this.#first;
  }

  get size(): number {
    return this.#size;
  }

  /** Puts it at the end. */
  enter(value: T): Place<T> {
    const place: Place<T> = { value, queue: this, before: this.#last, after: undefined };
    if (this.#last === undefined) this.#first = place;
    else this.#last.after = place;
    this.#last = place;
    this.#size++;
    return place;
  }

  /** Takes it out; it must be in this queue. */
  leave({ before, after }: Place<T>): void {
    if (before === undefined) this.#first = after;
    else before.after = after;
    if (after === undefined) this.#last = before;
    else after.before = before;
    this.#size--;
  }
}

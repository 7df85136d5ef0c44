import type { FlowJson } from '../../../src/flow/json.ts';

/** A place in the table whose flow is replaced as the conversation goes on. */
interface Slot {
  flow: FlowJson;
}

/**
 * The flows that the page holds: in order of opening, one entry per id, never more than `capacity`. When full,
 * the oldest goes and is counted.
 */
export class FlowBuffer {
  readonly capacity: number;
  #slots: Slot[] = [];
  #byId = new Map<string, Slot>();
  #evicted = 0;

  constructor(capacity: number) {
    this.capacity = capacity;
  }

  /** Number of flows held. */
  get size(): number {
    return this.#slots.length;
  }

  /** Flows dropped so far because the buffer was full. */
  get evicted(): number {
    return this.#evicted;
  }

  has(id: string): boolean {
    return this.#byId.has(id);
  }

  get(id: string): FlowJson | undefined {
    return this.#byId.get(id)?.flow;
  }

  /** Adds `flow`, or replaces the one with its id in place. Returns true when it was not held before. */
  put(flow: FlowJson): boolean {
    const known = this.#byId.get(flow.id);
    if (known) {
      known.flow = flow;
      return false;
    }
    const slot = { flow };
    this.#byId.set(flow.id, slot);
    this.#insert(slot);
    if (this.#slots.length > this.capacity) this.#evictOldest();
    return true;
  }

  /** Returns the flows newest first. */
  newestFirst(): FlowJson[] {
    const flows = new Array<FlowJson>(this.#slots.length);
    for (let index = 0, last = flows.length - 1; index <= last; index++) {
      flows[last - index] = this.#slots[index]!.flow;
    }
    return flows;
  }

  clear(): void {
    this.#slots = [];
    this.#byId.clear();
  }

  #insert(slot: Slot): void {
    const opened = slot.flow.openedAt;
    const last = this.#slots.at(-1);
    if (!last || last.flow.openedAt <= opened) {
      this.#slots.push(slot);
      return;
    }
    let low = 0;
    let high = this.#slots.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#slots[middle]!.flow.openedAt <= opened) low = middle + 1;
      else high = middle;
    }
    this.#slots.splice(low, 0, slot);
  }

  #evictOldest(): void {
    const oldest = this.#slots.shift();
    if (oldest) this.#byId.delete(oldest.flow.id);
    this.#evicted++;
  }
}

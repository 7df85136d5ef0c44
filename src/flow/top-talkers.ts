import { type Address, formatAddress } from '../net/address.ts';

/** What was counted of flows. */
export interface Amount {
  flows: number;
  packets: number;
  bytes: number;
}

/** Adds `more` to `amount`. */
export function addTo(amount: Amount, more: Amount): void {
  amount.flows += more.flows;
  amount.packets += more.packets;
  amount.bytes += more.bytes;
}

/** One address, and what it sent and received. */
export interface Talker extends Amount {
  readonly address: string;
  readonly name?: string;
}

interface Entry extends Amount {
  name: string | undefined;
}

/**
 * Finds the addresses with the most bytes among any number in bounded memory: twice as many as `capacity` are counted at once, then the
 * smaller half is let go. An address is counted too low by at most {@link missing} bytes.
 */
export class TopTalkers {
  readonly #capacity: number;
  #entries = new Map<string, Entry>();
  #missing = 0;
  #dropped = 0;

  constructor(capacity = 32_768) {
    this.#capacity = capacity;
  }

  /** How many bytes may be missing from any address that is told, or be those of one that is not. */
  get missing(): number {
    return this.#missing;
  }

  /** Addresses let go. */
  get dropped(): number {
    return this.#dropped;
  }

  add(address: Address, name: string | undefined, more: Amount): void {
    const key = formatAddress(address);
    let entry = this.#entries.get(key);
    if (entry === undefined) {
      if (this.#entries.size >= 2 * this.#capacity) this.#letGo();
      entry = { flows: 0, packets: 0, bytes: 0, name: undefined };
      this.#entries.set(key, entry);
    }
    addTo(entry, more);
    entry.name = name ?? entry.name;
  }

  /** The first `count` by bytes, then by flows, then by text. */
  top(count: number): Talker[] {
    return [...this.#entries]
      .sort(([x, one], [y, other]) => order(one, other) || (x < y ? -1 : 1))
      .slice(0, count)
      .map(([address, { name, flows, packets, bytes }]) => ({
        address,
        ...(name !== undefined && { name }),
        flows,
        packets,
        bytes,
      }));
  }

  #letGo(): void {
    const sorted = [...this.#entries].sort(([, one], [, other]) => order(one, other));
    this.#missing += sorted[this.#capacity]?.[1].bytes ?? 0;
    this.#dropped += sorted.length - this.#capacity;
    this.#entries = new Map(sorted.slice(0, this.#capacity));
  }
}

function order(one: Amount, other: Amount): number {
  return other.bytes - one.bytes || other.flows - one.flows;
}

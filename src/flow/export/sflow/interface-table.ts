import type { AgentState } from './agent-table.ts';
import { u32, u64 } from './xdr.ts';

/** Generic interface counters as an agent told them last (sFlow version 5, `if_counters`; RFC 2233). Running totals. */
export interface InterfaceCounters {
  /** Canonical text of the agent's address, and its sub-agent. */
  readonly agent: string;
  readonly subAgent: number;
  readonly index: number;
  /** IANAifType. */
  readonly type: number;
  /** Bits per second. */
  readonly speed: number;
  /** 0 unknown, 1 full duplex, 2 half duplex, 3 in, 4 out. */
  readonly direction: number;
  readonly adminUp: boolean;
  readonly operUp: boolean;
  readonly input: DirectionCounters & { readonly unknownProtocols: number };
  readonly output: DirectionCounters;
  readonly promiscuous: boolean;
  /** When the datagram arrived, milliseconds since the epoch. */
  readonly at: number;
}

/** One direction of an interface. What the agent does not know it tells as 2^32 - 1 (or 2^53, of octets). */
export interface DirectionCounters {
  readonly octets: number;
  readonly unicast: number;
  readonly multicast: number;
  readonly broadcast: number;
  readonly discards: number;
  readonly errors: number;
}

/** Bytes of `if_counters`. */
export const interfaceCountersLength = 88;

/** The counters that each interface told last; bounded: the one that has been silent longest goes first. */
export class InterfaceTable {
  readonly #max: number;
  readonly #interfaces = new Map<string, InterfaceCounters>();
  evicted = 0;

  constructor(max: number) {
    this.#max = max;
  }

  get size(): number {
    return this.#interfaces.size;
  }

  all(): readonly InterfaceCounters[] {
    return [...this.#interfaces.values()];
  }

  /** Takes the record that begins at a place; the caller knows that all of it is there. */
  take({ name, subAgent }: AgentState, bytes: Uint8Array, at: number, arrival: number): void {
    const index = u32(bytes, at);
    const key = `${name} ${subAgent} ${index}`;
    if (!this.#interfaces.delete(key) && this.#interfaces.size >= this.#max) {
      this.#interfaces.delete(this.#interfaces.keys().next().value as string);
      this.evicted++;
    }
    const status = u32(bytes, at + 20);
    this.#interfaces.set(key, {
      agent: name,
      subAgent,
      index,
      type: u32(bytes, at + 4),
      speed: u64(bytes, at + 8),
      direction: u32(bytes, at + 16),
      adminUp: (status & 1) !== 0,
      operUp: (status & 2) !== 0,
      input: { ...directionAt(bytes, at + 24), unknownProtocols: u32(bytes, at + 52) },
      output: directionAt(bytes, at + 56),
      promiscuous: u32(bytes, at + 84) === 1,
      at: arrival,
    });
  }
}

function directionAt(bytes: Uint8Array, at: number): DirectionCounters {
  return {
    octets: u64(bytes, at),
    unicast: u32(bytes, at + 8),
    multicast: u32(bytes, at + 12),
    broadcast: u32(bytes, at + 16),
    discards: u32(bytes, at + 20),
    errors: u32(bytes, at + 24),
  };
}

import type { TupleColumns } from './flow-table.ts';
import { State } from './flow-table.ts';

/** Linux error numbers (include/uapi/asm-generic/errno.h) that say how an attempt to connect ended. */
const fates: ReadonlyMap<number, number> = new Map([
  [110, State.TimedOut], // ETIMEDOUT
  [13, State.Unreachable], // EACCES: ICMPv6 administratively prohibited, reject route
  [92, State.Unreachable], // ENOPROTOOPT: ICMP protocol unreachable
  [101, State.Unreachable], // ENETUNREACH
  // ECONNREFUSED is an RST or an ICMP port unreachable. An RST is known by its own record, so this is the ICMP.
  [111, State.Unreachable],
  [112, State.Unreachable], // EHOSTDOWN
  [113, State.Unreachable], // EHOSTUNREACH
]);

/** The state that a socket error means for an attempt to connect, or undefined when it says nothing of the network. */
export function fateOf(errno: number): number | undefined {
  return fates.get(errno);
}

const capacity = 16;
/** Both records are written by one call in the kernel. */
const windowMs = 5;

/**
 * The last socket errors that no closed socket was waiting for. Kernels before 6.10 report the error before the socket
 * closes, newer ones after it (tcp_done_with_error); a connecting socket's port is known only when it closes.
 */
export class RecentErrors implements TupleColumns {
  readonly family = new Uint8Array(capacity);
  readonly sourceAddress = new Uint32Array(capacity * 4);
  readonly destinationAddress = new Uint32Array(capacity * 4);
  readonly sourcePort = new Uint16Array(capacity);
  readonly destinationPort = new Uint16Array(capacity);
  readonly #errno = new Int32Array(capacity);
  readonly #time = new Float64Array(capacity).fill(Number.NEGATIVE_INFINITY);
  #next = 0;

  remember(tuple: TupleColumns, at: number, errno: number, time: number): void {
    const slot = this.#next;
    this.#next = (slot + 1) % capacity;
    this.family[slot] = tuple.family[at]!;
    for (let lane = 0; lane < 4; lane++) {
      this.sourceAddress[slot * 4 + lane] = tuple.sourceAddress[at * 4 + lane]!;
      this.destinationAddress[slot * 4 + lane] = tuple.destinationAddress[at * 4 + lane]!;
    }
    this.sourcePort[slot] = tuple.sourcePort[at]!;
    this.destinationPort[slot] = tuple.destinationPort[at]!;
    this.#errno[slot] = errno;
    this.#time[slot] = time;
  }

  /** The error of this tuple just before `time`, or 0; it is forgotten thereby. */
  take(tuple: TupleColumns, at: number, time: number): number {
    for (let slot = 0; slot < capacity; slot++) {
      if (time - this.#time[slot]! > windowMs || !this.#is(slot, tuple, at)) continue;
      this.#time[slot] = Number.NEGATIVE_INFINITY;
      return this.#errno[slot]!;
    }
    return 0;
  }

  #is(slot: number, tuple: TupleColumns, at: number): boolean {
    if (this.sourcePort[slot] !== tuple.sourcePort[at]) return false;
    if (this.destinationPort[slot] !== tuple.destinationPort[at]) return false;
    for (let lane = 0; lane < 4; lane++) {
      if (this.sourceAddress[slot * 4 + lane] !== tuple.sourceAddress[at * 4 + lane]) return false;
      if (this.destinationAddress[slot * 4 + lane] !== tuple.destinationAddress[at * 4 + lane]) return false;
    }
    return this.family[slot] === tuple.family[at];
  }
}

import type { Address, Family } from '../net/address.ts';
import { Protocol } from '../net/protocol.ts';
import { ChainedIndex, finish, mix } from './chained-index.ts';
import type { End, Flow, FlowState, Process } from './flow.ts';
import { SlotLists } from './slot-lists.ts';

/** The lists that flows are in. Each but `Established` and `Unanswered` is in order of deadline. */
export const FlowList = {
  Free: 0,
  /** Not handed on yet: a moment's wait for the other view of the same connection, or for the reason of its end. */
  Held: 1,
  /** Handed on as attempted; waiting for an answer. */
  Attempted: 2,
  /** No answer within the grace time; still trying. */
  Unanswered: 3,
  Established: 4,
  /** Over; kept for a moment so that late packets of it are recognised. */
  Ended: 5,
} as const;

/** The end of a connection that a socket is. */
export const Role = { Source: 0, Destination: 1 } as const;

/** Bits of {@link FlowTable.flags}. The bits of the destination are those of the source shifted by one. */
export const Flag = {
  SeenSource: 1,
  SeenDestination: 2,
  OpenSource: 4,
  OpenDestination: 8,
  Reached: 16,
  Preexisting: 32,
  /** The peer, or something in its name, answered with RST. */
  ResetReceived: 64,
  /** Closed before any answer; whether an error report follows is not known yet. */
  AwaitsReason: 128,
  /** The state as it is now has been handed on as decided. */
  Announced: 256,
  /** Both ports are known, so the flow can be found by its tuple. */
  Indexed: 512,
} as const;

/** Flow states by number. */
export const State = {
  Attempted: 0,
  Unanswered: 1,
  Established: 2,
  Refused: 3,
  TimedOut: 4,
  Unreachable: 5,
  Aborted: 6,
  Closed: 7,
} as const;

const stateNames: readonly FlowState[] = [
  'attempted',
  'unanswered',
  'established',
  'refused',
  'timed-out',
  'unreachable',
  'aborted',
  'closed',
];

/** Columns of end addresses and ports to read a tuple from: both ends of record or flow `at`. */
export interface TupleColumns {
  readonly family: Uint8Array;
  readonly sourceAddress: Uint32Array;
  readonly destinationAddress: Uint32Array;
  readonly sourcePort: Uint16Array;
  readonly destinationPort: Uint16Array;
}

/**
 * Flows of fixed number, one column per field, found by tuple and by socket. Nothing is allocated per flow but its id
 * and references to processes; a {@link Flow} object is built only by {@link FlowTable.flow}.
 */
export class FlowTable implements TupleColumns {
  readonly lists: SlotLists;
  readonly family: Uint8Array;
  readonly sourceAddress: Uint32Array;
  readonly destinationAddress: Uint32Array;
  readonly sourcePort: Uint16Array;
  readonly destinationPort: Uint16Array;
  readonly state: Uint8Array;
  readonly flags: Uint16Array;
  /** Kernel monotonic milliseconds, like all times here; NaN when not known. */
  readonly openedAt: Float64Array;
  readonly establishedAt: Float64Array;
  readonly closedAt: Float64Array;
  readonly deadline: Float64Array;
  readonly id: (string | undefined)[];
  /** Two entries per flow: source, destination. */
  readonly process: (Process | undefined)[];
  /** Kernel addresses of the two sockets, four lanes per flow; 0 when not known. */
  readonly #socket: Uint32Array;
  readonly #byTuple: ChainedIndex;
  readonly #bySocket: ChainedIndex;
  readonly #seed: number;

  constructor(capacity: number, seed: number) {
    this.lists = new SlotLists(capacity, 6);
    this.family = new Uint8Array(capacity);
    this.sourceAddress = new Uint32Array(capacity * 4);
    this.destinationAddress = new Uint32Array(capacity * 4);
    this.sourcePort = new Uint16Array(capacity);
    this.destinationPort = new Uint16Array(capacity);
    this.state = new Uint8Array(capacity);
    this.flags = new Uint16Array(capacity);
    this.openedAt = new Float64Array(capacity);
    this.establishedAt = new Float64Array(capacity);
    this.closedAt = new Float64Array(capacity);
    this.deadline = new Float64Array(capacity);
    this.id = new Array<string | undefined>(capacity).fill(undefined);
    this.process = new Array<Process | undefined>(capacity * 2).fill(undefined);
    this.#socket = new Uint32Array(capacity * 4);
    this.#byTuple = new ChainedIndex(capacity);
    this.#bySocket = new ChainedIndex(capacity * 2);
    this.#seed = seed;
  }

  /** Flows that are not over. */
  get active(): number {
    const { lists } = this;
    return (
      lists.count(FlowList.Held) +
      lists.count(FlowList.Attempted) +
      lists.count(FlowList.Unanswered) +
      lists.count(FlowList.Established)
    );
  }

  /** Sockets whose kernel address is known. */
  get sockets(): number {
    return this.#bySocket.size;
  }

  has(slot: number, flag: number): boolean {
    return (this.flags[slot]! & flag) !== 0;
  }

  set(slot: number, flag: number): void {
    this.flags[slot]! |= flag;
  }

  clear(slot: number, flag: number): void {
    this.flags[slot]! &= ~flag;
  }

  /**
   * Takes a free slot for the tuple of row `at` (addresses only, when its source port is 0) and returns it. The caller
   * has made sure that there is one, and moves it out of the list of free slots.
   */
  allocate(from: TupleColumns, at: number, openedAt: number): number {
    const slot = this.lists.head(FlowList.Free);
    this.family[slot] = from.family[at]!;
    for (let lane = 0; lane < 4; lane++) {
      this.sourceAddress[slot * 4 + lane] = from.sourceAddress[at * 4 + lane]!;
      this.destinationAddress[slot * 4 + lane] = from.destinationAddress[at * 4 + lane]!;
    }
    this.sourcePort[slot] = 0;
    this.destinationPort[slot] = from.destinationPort[at]!;
    this.state[slot] = State.Attempted;
    this.flags[slot] = 0;
    this.openedAt[slot] = openedAt;
    this.establishedAt[slot] = Number.NaN;
    this.closedAt[slot] = Number.NaN;
    if (from.sourcePort[at] !== 0) this.learnPort(slot, from.sourcePort[at]!);
    return slot;
  }

  /** The source port has become known: from now on the flow is found by its tuple. */
  learnPort(slot: number, port: number): void {
    this.sourcePort[slot] = port;
    this.#byTuple.insert(this.#hashTuple(this, slot), slot);
    this.set(slot, Flag.Indexed);
  }

  /** Gives the slot back. */
  release(slot: number): void {
    if (this.has(slot, Flag.Indexed)) this.#byTuple.remove(this.#hashTuple(this, slot), slot);
    this.detach(slot * 2 + Role.Source);
    this.detach(slot * 2 + Role.Destination);
    this.id[slot] = undefined;
    this.process[slot * 2] = undefined;
    this.process[slot * 2 + 1] = undefined;
    this.lists.move(slot, FlowList.Free);
  }

  /** The newest flow with the tuple of row `at`, or -1. */
  findTuple(columns: TupleColumns, at: number): number {
    let slot = this.#byTuple.first(this.#hashTuple(columns, at));
    while (slot >= 0 && !this.#sameTuple(slot, columns, at)) slot = this.#byTuple.after(slot);
    return slot;
  }

  /** The end (slot · 2 + role) whose socket has this kernel address, or -1. */
  findSocket(high: number, low: number): number {
    let end = this.#bySocket.first(this.#hashSocket(high, low));
    while (end >= 0 && (this.#socket[end * 2] !== high || this.#socket[end * 2 + 1] !== low)) {
      end = this.#bySocket.after(end);
    }
    return end;
  }

  /** Notes the kernel address of the socket that is this end. */
  attach(end: number, high: number, low: number): void {
    this.detach(end);
    this.#socket[end * 2] = high;
    this.#socket[end * 2 + 1] = low;
    this.#bySocket.insert(this.#hashSocket(high, low), end);
  }

  /** Forgets the kernel address of this end; does nothing when none is known. */
  detach(end: number): void {
    const high = this.#socket[end * 2]!;
    const low = this.#socket[end * 2 + 1]!;
    if (high === 0 && low === 0) return;
    this.#bySocket.remove(this.#hashSocket(high, low), end);
    this.#socket[end * 2] = 0;
    this.#socket[end * 2 + 1] = 0;
  }

  /** Whether the kernel address of this end is known. */
  attached(end: number): boolean {
    return this.#socket[end * 2] !== 0 || this.#socket[end * 2 + 1] !== 0;
  }

  /** Makes `to` the owner of what is known of end `from`: open or seen, socket, process. */
  moveEnd(from: number, to: number): void {
    const bits = (this.flags[from >> 1]! >> (from & 1)) & (Flag.SeenSource | Flag.OpenSource);
    this.flags[to >> 1]! |= bits << (to & 1);
    this.process[to] = this.process[from];
    const high = this.#socket[from * 2]!;
    const low = this.#socket[from * 2 + 1]!;
    this.detach(from);
    if (high !== 0 || low !== 0) this.attach(to, high, low);
  }

  /** The flow as it is now; `offset` turns kernel time into epoch time. */
  flow(slot: number, id: string, offset: number): Flow {
    const establishedAt = this.establishedAt[slot]!;
    const closedAt = this.closedAt[slot]!;
    const destination = this.has(slot, Flag.SeenDestination);
    return {
      id,
      protocol: Protocol.Tcp,
      source: this.#end(slot, Role.Source, this.sourceAddress, this.sourcePort),
      destination: this.#end(slot, Role.Destination, this.destinationAddress, this.destinationPort),
      state: stateNames[this.state[slot]!]!,
      seenBy: !destination ? 'source' : this.has(slot, Flag.SeenSource) ? 'both' : 'destination',
      openedAt: this.openedAt[slot]! + offset,
      ...(Number.isNaN(establishedAt) ? {} : { establishedAt: establishedAt + offset }),
      ...(Number.isNaN(closedAt) ? {} : { closedAt: closedAt + offset }),
      reachedDestination: this.has(slot, Flag.Reached),
      preexisting: this.has(slot, Flag.Preexisting),
    };
  }

  #end(slot: number, role: number, lanes: Uint32Array, ports: Uint16Array): End {
    const process = this.process[slot * 2 + role];
    const address: Address = {
      family: this.family[slot] as Family,
      a: lanes[slot * 4]!,
      b: lanes[slot * 4 + 1]!,
      c: lanes[slot * 4 + 2]!,
      d: lanes[slot * 4 + 3]!,
    };
    return { address, port: ports[slot]!, ...(process && { process }) };
  }

  #sameTuple(slot: number, columns: TupleColumns, at: number): boolean {
    return (
      this.sourcePort[slot] === columns.sourcePort[at] &&
      this.destinationPort[slot] === columns.destinationPort[at] &&
      this.family[slot] === columns.family[at] &&
      sameLanes(this.sourceAddress, slot * 4, columns.sourceAddress, at * 4) &&
      sameLanes(this.destinationAddress, slot * 4, columns.destinationAddress, at * 4)
    );
  }

  #hashTuple(columns: TupleColumns, at: number): number {
    let hash = mix(this.#seed, (columns.sourcePort[at]! << 16) | columns.destinationPort[at]!);
    if (columns.family[at] === 4) {
      hash = mix(mix(hash, columns.sourceAddress[at * 4 + 3]!), columns.destinationAddress[at * 4 + 3]!);
    } else {
      for (let lane = at * 4; lane < at * 4 + 4; lane++) {
        hash = mix(mix(hash, columns.sourceAddress[lane]!), columns.destinationAddress[lane]!);
      }
    }
    return finish(hash);
  }

  #hashSocket(high: number, low: number): number {
    return finish(mix(mix(this.#seed, high), low));
  }
}

function sameLanes(x: Uint32Array, i: number, y: Uint32Array, j: number): boolean {
  return x[i + 3] === y[j + 3] && x[i + 2] === y[j + 2] && x[i + 1] === y[j + 1] && x[i] === y[j];
}

import type { Flow, FlowChange } from './flow.ts';
import { Flag, FlowList, type FlowTable, State } from './flow-table.ts';

/** Takes a flow that is handed on. */
export type Emit = (flow: Flow, change: FlowChange) => void;

/** How long things are waited for, in milliseconds of event time. */
export interface Delays {
  /**
   * How long a flow is held back for the other end's view of the same connection, and a socket that closed without
   * an answer for its error report. Both follow within microseconds; the wait must outlast a gap between two batches.
   */
  readonly holdMs: number;
  /** After this long without an answer an attempt is `unanswered`. */
  readonly unansweredAfterMs: number;
  /**
   * A socket closed by its owner without an answer counts as `unanswered` when it had waited this long, and as
   * `aborted` otherwise. Port scanners give up on filtered ports after 50 to 100 ms (nmap's least probe timeout).
   */
  readonly abortedBeforeMs: number;
  /** How long a flow that is over is remembered, so that late packets of it are not taken for a new one. */
  readonly lingerMs: number;
}

const deadlineLists = [FlowList.Held, FlowList.Attempted, FlowList.Ended];

/** Decides when flows are handed on, when they are forgotten, and which one gives way when the table is full. */
export class FlowSchedule {
  readonly table: FlowTable;
  readonly #delays: Delays;
  readonly #newId: () => string;
  readonly #epochOffset: () => number;
  /** No list has anything to do before this time. */
  #nextDeadline = Number.POSITIVE_INFINITY;
  #evicted = 0;
  emit: Emit = () => {};

  constructor(table: FlowTable, delays: Delays, newId: () => string, epochOffset: () => number) {
    this.table = table;
    this.#delays = delays;
    this.#newId = newId;
    this.#epochOffset = epochOffset;
  }

  /** Flows dropped before their fate or their end was known, because the table was full. */
  get evicted(): number {
    return this.#evicted;
  }

  /** Holds the flow back for a moment from `now`. */
  hold(slot: number, now: number): void {
    this.#enter(slot, FlowList.Held, now + this.#delays.holdMs);
  }

  /** The fate of the flow is known for good: hands it on as decided. */
  decide(slot: number, now: number): void {
    this.table.set(slot, Flag.Announced);
    this.#hand(slot, 'decided');
    if (this.table.state[slot] === State.Established) this.table.lists.move(slot, FlowList.Established);
    else this.#linger(slot, now);
  }

  /** The last known end of the flow has closed. */
  finish(slot: number, now: number): void {
    const { table } = this;
    if (!table.has(slot, Flag.Announced)) this.#hand(slot, 'decided');
    table.state[slot] = State.Closed;
    table.closedAt[slot] = now;
    this.#hand(slot, 'closed');
    this.#linger(slot, now);
  }

  /** The socket closed without an answer and no reason has come: says so. */
  giveUp(slot: number, now: number): void {
    const { table } = this;
    table.clear(slot, Flag.AwaitsReason);
    if (table.state[slot] === State.Unanswered) {
      this.#hand(slot, 'closed');
      this.#linger(slot, now);
      return;
    }
    const waited = table.closedAt[slot]! - table.openedAt[slot]!;
    table.state[slot] = waited >= this.#delays.abortedBeforeMs ? State.Unanswered : State.Aborted;
    this.decide(slot, now);
  }

  /** Hands on and forgets what is due at `now`. */
  expire(now: number): void {
    if (now < this.#nextDeadline) return;
    const { table } = this;
    for (let slot = this.#due(FlowList.Held, now); slot >= 0; slot = this.#due(FlowList.Held, now)) {
      this.#release(slot, now);
    }
    for (
      let slot = this.#due(FlowList.Attempted, now);
      slot >= 0;
      slot = this.#due(FlowList.Attempted, now)
    ) {
      table.state[slot] = State.Unanswered;
      this.#hand(slot, 'decided');
      table.lists.move(slot, FlowList.Unanswered);
    }
    for (let slot = this.#due(FlowList.Ended, now); slot >= 0; slot = this.#due(FlowList.Ended, now)) {
      table.release(slot);
    }
    this.#nextDeadline = Number.POSITIVE_INFINITY;
    for (const list of deadlineLists) {
      const head = table.lists.head(list);
      if (head >= 0) this.#nextDeadline = Math.min(this.#nextDeadline, table.deadline[head]!);
    }
  }

  /**
   * Frees one slot. First what is over, then the oldest attempt without an answer; established connections last. A
   * held flow whose fate is known is handed on before it goes, so nothing of it is lost and it is not counted.
   */
  makeRoom(now: number): void {
    const { table } = this;
    const { lists } = table;
    for (
      let slot = lists.head(FlowList.Held);
      slot >= 0 && this.#onlyFates();
      slot = lists.head(FlowList.Held)
    ) {
      if (this.#undecided(slot)) break;
      this.#release(slot, now);
    }
    for (const list of [
      FlowList.Ended,
      FlowList.Unanswered,
      FlowList.Attempted,
      FlowList.Held,
      FlowList.Established,
    ]) {
      const slot = lists.head(list);
      if (slot < 0) continue;
      if (list !== FlowList.Ended) this.#evicted++;
      table.release(slot);
      return;
    }
  }

  /** Whether held flows are the next to give way. */
  #onlyFates(): boolean {
    const { lists } = this.table;
    return (
      lists.head(FlowList.Ended) < 0 &&
      lists.head(FlowList.Unanswered) < 0 &&
      lists.head(FlowList.Attempted) < 0
    );
  }

  #undecided(slot: number): boolean {
    return this.table.state[slot] === State.Attempted && !this.table.has(slot, Flag.AwaitsReason);
  }

  /** The moment of a held flow is over. */
  #release(slot: number, now: number): void {
    const { table } = this;
    if (table.has(slot, Flag.AwaitsReason)) this.giveUp(slot, now);
    else if (table.state[slot] === State.Attempted) {
      this.#hand(slot, 'attempted');
      this.#enter(slot, FlowList.Attempted, table.openedAt[slot]! + this.#delays.unansweredAfterMs);
    } else this.decide(slot, now);
  }

  #linger(slot: number, now: number): void {
    this.#enter(slot, FlowList.Ended, now + this.#delays.lingerMs);
  }

  #enter(slot: number, list: number, deadline: number): void {
    this.table.deadline[slot] = deadline;
    this.table.lists.move(slot, list);
    if (deadline < this.#nextDeadline) this.#nextDeadline = deadline;
  }

  #due(list: number, now: number): number {
    const slot = this.table.lists.head(list);
    return slot >= 0 && this.table.deadline[slot]! <= now ? slot : -1;
  }

  #hand(slot: number, change: FlowChange): void {
    const { table } = this;
    const id = table.id[slot] ?? this.#newId();
    table.id[slot] = id;
    this.emit(table.flow(slot, id, this.#epochOffset()), change);
  }
}

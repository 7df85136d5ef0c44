import type { EndReason, Flow, FlowChange, FlowState } from '../flow.ts';
import { ConntrackTable, EntryFlag, EntryList } from './conntrack-table.ts';
import { type ConntrackEntry, EntryKind, Status } from './entry.ts';
import { endReasonOf, fateOf, isEstablished, isOver } from './fate.ts';

/** Takes a flow that is handed on. */
export type Emit = (flow: Flow, change: FlowChange) => void;

/** Sizes, delays and the things that a pure room is given from outside. */
export interface ConntrackFlowsOptions {
  readonly maxEntries: number;
  /** A new id, unique within the store. */
  readonly newId: () => string;
  /** Secret start value of the hashes, so that nobody can choose tuples that collide. */
  readonly hashSeed?: number;
  /** Milliseconds to add to the kernel's wall clock to get to the time line of `now`; none unless given. */
  readonly kernelOffset?: () => number;
  /** How long a conversation is held back for its answer, which mostly follows at once. Default 100. */
  readonly holdMs?: number;
  /** After this long without an answer it is `unanswered`. Default 1500, as in the tracker of sockets. */
  readonly unansweredAfterMs?: number;
  /** A part of a conversation is told after this long, and the next part begins; 0 for never. Default 60,000. */
  readonly activeMs?: number;
}

/** How full the table is, and what it had to drop. */
export interface ConntrackFlowsStats {
  readonly entries: number;
  readonly capacity: number;
  /** Flows since the start. */
  readonly total: number;
  /** Told as ended for want of room although they go on. */
  readonly evicted: number;
  /** Ended unseen: a dump of the kernel's table no longer had them. Their last counts are those of the dump before. */
  readonly vanished: number;
  /** Entries that a dump had and no event had told of, since the first dump. */
  readonly found: number;
  /** Whole dumps. */
  readonly dumps: number;
}

/** An entry that is made this long after one of the same number and tuple began is another one. */
const sameEntryMs = 1000;

/**
 * Turns events and dumps of the kernel's connection tracking into flows. Source and destination are the ends of the original tuple,
 * `translated` is what NAT made of them, `sent` and `received` are the kernel's own counters (absent where it does not count), with bytes
 * from the IP header on.
 *
 * What is handed on, and when:
 * - `attempted`: still without an answer after `holdMs`.
 * - `decided`: established (TCP and SCTP after the handshake, others with the first answer), refused, timed-out, aborted, or unanswered;
 *   TCP that was unanswered may be decided a second time.
 * - `closed`: the kernel has removed the entry of an established or unanswered conversation. Of TCP `closedAt` is when it came to TIME_WAIT
 *   or CLOSE, which may be minutes earlier. With the end reason `no-room` it goes on, but is no longer followed.
 * - `part`: it goes on, and a dump found that packets were counted since the last part, `activeMs` ago or more; or nobody follows it from
 *   here on. Each part has counters of its own, and begins where the last one ended.
 *
 * The kernel tells counters with the end of an entry and in dumps alone, and by default sends no events for entries that it made while
 * nobody listened (nf_conntrack_events=2): what is there at the start is followed by dumps.
 */
export class ConntrackFlows {
  readonly #table: ConntrackTable;
  readonly #newId: () => string;
  readonly #kernelOffset: () => number;
  readonly #holdMs: number;
  readonly #unansweredAfterMs: number;
  readonly #activeMs: number;
  /** Number of the dump that is under way or was the last. */
  #generation = 0;
  #dumping = false;
  #startedAt = Number.NaN;
  #nextDeadline = Number.POSITIVE_INFINITY;
  #total = 0;
  #evicted = 0;
  #vanished = 0;
  #found = 0;
  #dumps = 0;
  #now = 0;
  #emit: Emit = () => {};

  constructor(options: ConntrackFlowsOptions) {
    this.#table = new ConntrackTable(options.maxEntries, options.hashSeed ?? 0);
    this.#newId = options.newId;
    this.#kernelOffset = options.kernelOffset ?? (() => 0);
    this.#holdMs = options.holdMs ?? 100;
    this.#unansweredAfterMs = options.unansweredAfterMs ?? 1500;
    this.#activeMs = options.activeMs ?? 60_000;
  }

  /** A dump is asked for: from now on entries are marked as they are heard of. `now` here and below: ms since the epoch. */
  beginDump(now: number): void {
    if (Number.isNaN(this.#startedAt)) this.#startedAt = now;
    this.#generation++;
    this.#dumping = true;
  }

  /** The dump is complete. Entries that neither it nor an event since has told of are gone: they are closed. Returns how many. */
  endDump(now: number, emit: Emit): number {
    if (!this.#dumping) return 0;
    this.#at(now, emit);
    this.#dumping = false;
    this.#dumps++;
    const table = this.#table;
    const before = this.#vanished;
    for (let slot = 0; slot < table.capacity; slot++) {
      if (table.lists.of(slot) === EntryList.Free || table.generation[slot] === this.#generation) continue;
      this.#vanished++;
      this.#close(slot, now, undefined);
    }
    return this.#vanished - before;
  }

  /** The dump did not come to its end: nothing follows from what it did not tell. */
  abandonDump(): void {
    this.#dumping = false;
  }

  /** Nobody follows from here on: of all that goes on, what was counted since the last part is told as one more. */
  tellRest(now: number, emit: Emit): void {
    this.#at(now, emit);
    const table = this.#table;
    for (let slot = 0; slot < table.capacity; slot++) {
      if (table.lists.of(slot) !== EntryList.Free && table.hasTraffic(slot)) this.#endPart(slot);
    }
  }

  /** Takes over one message; what becomes known by it is handed on at once. */
  push(entry: ConntrackEntry, now: number, emit: Emit): void {
    this.#at(now, emit);
    const at = entry.eventAt >= 0 ? entry.eventAt + this.#kernelOffset() : now;
    let slot = this.#table.find(entry);
    if (slot >= 0 && this.#isAnother(slot, entry, at)) {
      // Same place in memory, same tuple: the end of the one before was lost.
      this.#vanished++;
      this.#close(slot, at, undefined);
      slot = -1;
    }
    if (slot < 0) slot = this.#create(entry, at);
    this.#update(slot, entry, at);
    if (entry.kind === EntryKind.Destroy) this.#destroyed(slot, entry, at);
    else this.#progress(slot, entry.kind, at);
  }

  /** Lets time pass while no messages come; to be called a few times a second. */
  tick(now: number, emit: Emit): void {
    this.#at(now, emit);
    if (now < this.#nextDeadline) return;
    const { lists } = this.#table;
    for (let slot = this.#due(EntryList.Held); slot >= 0; slot = this.#due(EntryList.Held)) {
      this.#tell(slot, 'attempted', 'attempted');
      this.#wait(slot, EntryList.Attempted, this.#table.openedAt[slot]! + this.#unansweredAfterMs);
    }
    for (let slot = this.#due(EntryList.Attempted); slot >= 0; slot = this.#due(EntryList.Attempted)) {
      lists.move(slot, EntryList.Unanswered);
      // With an answer, a handshake that is not completed: the answer was there, so it stays an attempt.
      if ((this.#table.status[slot]! & Status.SeenReply) === 0) {
        this.#table.set(slot, EntryFlag.Decided);
        this.#tell(slot, 'decided', 'unanswered');
      }
    }
    this.#nextDeadline = Number.POSITIVE_INFINITY;
    for (const list of [EntryList.Held, EntryList.Attempted]) {
      const slot = lists.head(list);
      if (slot >= 0) this.#nextDeadline = Math.min(this.#nextDeadline, this.#table.deadline[slot]!);
    }
  }

  stats(): ConntrackFlowsStats {
    return {
      entries: this.#table.size,
      capacity: this.#table.capacity,
      total: this.#total,
      evicted: this.#evicted,
      vanished: this.#vanished,
      found: this.#found,
      dumps: this.#dumps,
    };
  }

  /** All flows that are not over, as they are now. */
  *flows(): Generator<Flow> {
    const table = this.#table;
    for (let slot = 0; slot < table.capacity; slot++) {
      if (table.lists.of(slot) === EntryList.Free) continue;
      yield table.flow(slot, this.#idOf(slot), this.#stateOf(slot), Number.NaN, false);
    }
  }

  #at(now: number, emit: Emit): void {
    this.#now = now;
    this.#emit = emit;
  }

  /** Whether the message is of a later entry than the one that has its number and tuple. */
  #isAnother(slot: number, entry: ConntrackEntry, at: number): boolean {
    const openedAt = this.#table.openedAt[slot]!;
    // The bit is never taken away from an entry that lives.
    const { SeenReply } = Status;
    if (
      (this.#table.status[slot]! & SeenReply) !== 0 &&
      entry.status >= 0 &&
      (entry.status & SeenReply) === 0
    )
      return true;
    if (entry.start >= 0) return entry.start + this.#kernelOffset() - openedAt > sameEntryMs;
    return entry.kind === EntryKind.New && at - openedAt > sameEntryMs;
  }

  #create(entry: ConntrackEntry, at: number): number {
    const table = this.#table;
    if (table.lists.head(EntryList.Free) < 0) this.#makeRoom();
    const start = entry.start >= 0 ? entry.start + this.#kernelOffset() : Number.NaN;
    const slot = table.allocate(entry, Number.isNaN(start) ? at : start);
    if (entry.kind === EntryKind.Dump && this.#dumps > 0) this.#found++;
    if (this.#existedBefore(entry, start)) table.set(slot, EntryFlag.Preexisting);
    this.#total++;
    this.#wait(slot, EntryList.Held, this.#now + this.#holdMs);
    return slot;
  }

  /** Whether it was there before the first dump was asked for. */
  #existedBefore(entry: ConntrackEntry, start: number): boolean {
    if (!Number.isNaN(start)) return start < this.#startedAt;
    // Picked up in the middle of a conversation (nf_conntrack_tcp_loose).
    if (entry.kind === EntryKind.New) return entry.tcpState >= 3 && entry.tcpState <= 8;
    return entry.kind !== EntryKind.Dump || this.#dumps === 0;
  }

  #update(slot: number, entry: ConntrackEntry, at: number): void {
    const table = this.#table;
    const event = entry.kind === EntryKind.New || entry.kind === EntryKind.Update;
    const moved = table.update(slot, entry);
    table.generation[slot] = this.#generation;
    const start = entry.start + this.#kernelOffset();
    if (entry.start >= 0 && start < table.openedAt[slot]!) table.openedAt[slot] = start;
    if (event) {
      // An event is made while a packet is looked at, and the time to live is what that packet has set it to.
      this.#lastAt(slot, at);
      if (entry.timeout >= 0 && (table.status[slot]! & Status.Offload) === 0) {
        table.refresh[slot] = entry.timeout;
        table.set(slot, EntryFlag.Refresh);
      }
    } else this.#estimateLast(slot, entry, moved, at);
    if (!isOver(table.tcpState[slot]!)) table.endedAt[slot] = Number.NaN;
    else if (event && Number.isNaN(table.endedAt[slot]!)) table.endedAt[slot] = at;
  }

  /** When the last packet came, of which no event tells: by the time that the entry still has to live, or else by the counters. */
  #estimateLast(slot: number, entry: ConntrackEntry, moved: boolean, at: number): void {
    const table = this.#table;
    const end = entry.stop >= 0 ? entry.stop + this.#kernelOffset() : at;
    const idle = table.refresh[slot]! - Math.max(0, entry.timeout);
    const offloaded = (table.status[slot]! & Status.Offload) !== 0;
    if (table.has(slot, EntryFlag.Refresh) && !offloaded && idle >= 0) this.#lastAt(slot, end - idle * 1000);
    else if (moved && entry.kind === EntryKind.Dump) this.#lastAt(slot, at);
  }

  #lastAt(slot: number, at: number): void {
    if (at > this.#table.lastAt[slot]!) this.#table.lastAt[slot] = at;
  }

  /** The entry lives: tells what has become known of it. */
  #progress(slot: number, kind: number, at: number): void {
    const table = this.#table;
    if (table.has(slot, EntryFlag.Established)) {
      table.lists.move(slot, EntryList.Established);
      if (kind === EntryKind.Dump) this.#tellPart(slot);
    } else if (this.#isEstablished(slot)) {
      if (kind !== EntryKind.Dump && !table.has(slot, EntryFlag.Preexisting)) table.establishedAt[slot] = at;
      this.#decideEstablished(slot);
      table.lists.move(slot, EntryList.Established);
    } else if (kind === EntryKind.Dump) this.#tellPart(slot);
  }

  #tellPart(slot: number): void {
    const table = this.#table;
    if (this.#activeMs === 0 || this.#now - table.partAt[slot]! < this.#activeMs) return;
    if (table.has(slot, EntryFlag.Decided) && table.hasTraffic(slot)) this.#endPart(slot);
  }

  #endPart(slot: number): void {
    this.#tell(slot, 'part', this.#stateOf(slot), Number.NaN, 'active');
    this.#table.beginPart(slot, this.#now);
  }

  #destroyed(slot: number, entry: ConntrackEntry, at: number): void {
    const { protocol, tcpState, sctpState } = this.#table;
    const stop = entry.stop >= 0 ? entry.stop + this.#kernelOffset() : at;
    const reason = endReasonOf(protocol[slot]!, tcpState[slot]!, sctpState[slot]!, entry.timeout);
    this.#close(slot, stop, reason);
  }

  /** The entry is gone at `at`, or was found to be. */
  #close(slot: number, at: number, reason: EndReason | undefined): void {
    const table = this.#table;
    const endedAt = table.endedAt[slot]!;
    const closedAt = Math.max(table.openedAt[slot]!, Number.isNaN(endedAt) ? at : Math.min(at, endedAt));
    if (table.lastAt[slot]! > closedAt) table.lastAt[slot] = closedAt;
    if (!table.has(slot, EntryFlag.Established) && this.#isEstablished(slot)) this.#decideEstablished(slot);
    if (table.has(slot, EntryFlag.Established)) this.#tell(slot, 'closed', 'closed', closedAt, reason);
    else {
      const fate = fateOf(
        table.protocol[slot]!,
        table.status[slot]!,
        table.tcpState[slot]!,
        table.replyPackets(slot),
      );
      const again = fate === 'unanswered' && table.has(slot, EntryFlag.Decided);
      this.#tell(slot, again ? 'closed' : 'decided', fate, closedAt, reason);
    }
    table.release(slot);
  }

  #decideEstablished(slot: number): void {
    this.#table.set(slot, EntryFlag.Established | EntryFlag.Decided);
    this.#tell(slot, 'decided', 'established');
  }

  /** Frees one slot: that of the oldest attempt without an answer, or of the connection that was longest not heard of. */
  #makeRoom(): void {
    const { lists } = this.#table;
    for (const list of [EntryList.Unanswered, EntryList.Attempted, EntryList.Held, EntryList.Established]) {
      const slot = lists.head(list);
      if (slot < 0) continue;
      this.#evicted++;
      this.#tell(slot, 'closed', this.#stateOf(slot), Number.NaN, 'no-room');
      this.#table.release(slot);
      return;
    }
  }

  #isEstablished(slot: number): boolean {
    const { protocol, status, tcpState, sctpState } = this.#table;
    return isEstablished(protocol[slot]!, status[slot]!, tcpState[slot]!, sctpState[slot]!);
  }

  #stateOf(slot: number): FlowState {
    if (this.#table.has(slot, EntryFlag.Established)) return 'established';
    return this.#table.has(slot, EntryFlag.Decided) ? 'unanswered' : 'attempted';
  }

  #wait(slot: number, list: number, deadline: number): void {
    this.#table.deadline[slot] = deadline;
    this.#table.lists.move(slot, list);
    if (deadline < this.#nextDeadline) this.#nextDeadline = deadline;
  }

  #due(list: number): number {
    const slot = this.#table.lists.head(list);
    return slot >= 0 && this.#table.deadline[slot]! <= this.#now ? slot : -1;
  }

  #idOf(slot: number): string {
    this.#table.id[slot] ??= this.#newId();
    return this.#table.id[slot]!;
  }

  #tell(
    slot: number,
    change: FlowChange,
    state: FlowState,
    closedAt = Number.NaN,
    endReason?: EndReason,
  ): void {
    const flow = this.#table.flow(slot, this.#idOf(slot), state, closedAt, endReason === 'active');
    this.#emit(endReason === undefined ? flow : { ...flow, endReason }, change);
  }
}

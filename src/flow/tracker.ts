import { type Address, isLoopback } from '../net/address.ts';
import type { Process } from './flow.ts';
import { type Delays, type Emit, FlowSchedule } from './flow-schedule.ts';
import { Flag, FlowList, FlowTable, Role, State, type TupleColumns } from './flow-table.ts';
import { type KernelBatch, KernelRecord, type SensorBatch, type Snapshot, TcpState } from './kernel-batch.ts';
import { ListenerTable, type LocalEnd } from './listener-table.ts';
import { fateOf, RecentErrors } from './recent-errors.ts';
import { readSnapshot } from './snapshot.ts';
import { TaskTable } from './task-table.ts';

/** Sizes, delays and the things that a pure room is given from outside. */
export interface TrackerOptions extends Partial<Delays> {
  readonly maxFlows: number;
  /** Sockets whose kernel address is remembered; two per flow at most. */
  readonly maxSockets: number;
  readonly maxListeners: number;
  readonly maxTasks: number;
  /** A new id, unique within the store. */
  readonly newId: () => string;
  /** Milliseconds to add to kernel monotonic time to get epoch time. */
  readonly epochOffset: () => number;
  /** Secret start value of the hashes, so that nobody can choose tuples that collide. */
  readonly hashSeed?: number;
}

/** How full the tracker is, and what it had to drop. */
export interface TrackerStats {
  /** Flows that are not over. */
  readonly active: number;
  /** Flows since the start. */
  readonly total: number;
  /** Flows dropped before their fate or their end was known, because the table was full. */
  readonly evicted: number;
  readonly sockets: number;
  readonly listeners: number;
  readonly evictedListeners: number;
  readonly tasks: number;
  readonly evictedTasks: number;
  /** Resets sent for packets that did not open a connection. */
  readonly strayResets: number;
}

/**
 * Least local port from which Linux and most others take the source ports of their own connections
 * (net.ipv4.ip_local_port_range begins at 32768). A reset sent from there to a lower port answers a stray reply.
 */
const firstEphemeralPort = 32768;

/** sk_rst_reason (include/net/rstreason.h): not specified (kernels before 6.10), no socket. */
const maxNoSocketReason = 1;

/**
 * Turns kernel records in time order into flows (inet(7), tcp(7); tracepoints of include/trace/events/{sock,tcp}.h).
 *
 * What is handed on, and when:
 * - `attempted`: an attempt is still without an answer after `holdMs`. Its source port is 0 unless it was bound, since
 *   the kernel names the port only with the answer.
 * - `decided`: established, refused, unreachable, timed-out, aborted, or unanswered. A fate seen from one end only waits
 *   for `holdMs`, so that two ends on one machine become one flow. An `unanswered` flow that is still trying may be
 *   decided a second time, with the state that it came to.
 * - `closed`: an established flow has ended at both known ends, or an unanswered one was given up.
 *
 * Time goes by the records and by {@link ConnectionTracker.tick}; the latter is to be called a few times a second.
 */
export class ConnectionTracker {
  readonly #table: FlowTable;
  readonly #schedule: FlowSchedule;
  readonly #listeners: ListenerTable;
  readonly #tasks: TaskTable;
  readonly #errors = new RecentErrors();
  readonly #maxSockets: number;
  #now = Number.NEGATIVE_INFINITY;
  /** Before this time a record may tell of a socket that the snapshot has told of already. */
  #snapshotTime = Number.NEGATIVE_INFINITY;
  #total = 0;
  #strayResets = 0;
  #batch!: KernelBatch;
  /** The batch read as flows that its local ends opened, and as flows that its remote ends opened. */
  #outgoing!: TupleColumns;
  #incoming!: TupleColumns;

  constructor(options: TrackerOptions) {
    const seed = options.hashSeed ?? 0;
    this.#table = new FlowTable(options.maxFlows, seed);
    this.#schedule = new FlowSchedule(
      this.#table,
      {
        holdMs: options.holdMs ?? 50,
        unansweredAfterMs: options.unansweredAfterMs ?? 1500,
        abortedBeforeMs: options.abortedBeforeMs ?? 40,
        lingerMs: options.lingerMs ?? 1000,
      },
      options.newId,
      options.epochOffset,
    );
    this.#listeners = new ListenerTable(options.maxListeners, seed);
    this.#tasks = new TaskTable(options.maxTasks);
    this.#maxSockets = options.maxSockets;
  }

  /** Takes over the sockets that exist already; connections are handed on as decided and marked preexisting. */
  snapshot(snapshot: Snapshot, emit: Emit): void {
    this.#schedule.emit = emit;
    this.#now = Math.max(this.#now, snapshot.time);
    this.#snapshotTime = snapshot.time;
    const { listeners, connections } = readSnapshot(snapshot);
    for (const { end, process } of listeners) this.#listeners.add(end, 0, 0, process);
    const created: number[] = [];
    for (const { tuple, role, answered, process } of connections) {
      let slot = this.#table.findTuple(tuple, 0);
      if (slot < 0 || this.#isOver(slot)) {
        slot = this.#create(tuple, 0, snapshot.time);
        created.push(slot);
        this.#table.set(slot, Flag.Preexisting);
        if (answered) this.#table.state[slot] = State.Established;
      } else if (this.#table.has(slot, Flag.OpenSource << role)) continue;
      this.#open(slot, role);
      this.#table.process[slot * 2 + role] = process;
    }
    for (const slot of created) {
      const held = this.#table.lists.of(slot) === FlowList.Held;
      if (held && this.#table.state[slot] === State.Established) this.#schedule.decide(slot, snapshot.time);
    }
  }

  /** Takes over one batch; what becomes known by it is handed on at once. */
  push(batch: SensorBatch, emit: Emit): void {
    this.#schedule.emit = emit;
    for (const { tid, process } of batch.tasks) this.#tasks.set(tid, process);
    const { kernel } = batch;
    this.#batch = kernel;
    this.#outgoing = {
      family: kernel.family,
      sourceAddress: kernel.localAddress,
      destinationAddress: kernel.remoteAddress,
      sourcePort: kernel.localPort,
      destinationPort: kernel.remotePort,
    };
    this.#incoming = {
      family: kernel.family,
      sourceAddress: kernel.remoteAddress,
      destinationAddress: kernel.localAddress,
      sourcePort: kernel.remotePort,
      destinationPort: kernel.localPort,
    };
    for (let i = 0; i < kernel.count; i++) {
      if (kernel.time[i]! > this.#now) this.#now = kernel.time[i]!;
      this.#schedule.expire(this.#now);
      this.#record(i, kernel.kind[i]!);
    }
  }

  /** Lets time pass while no records come: hands on what was held, and what stays without an answer. */
  tick(nowMonotonicMs: number, emit: Emit): void {
    this.#schedule.emit = emit;
    if (nowMonotonicMs > this.#now) this.#now = nowMonotonicMs;
    this.#schedule.expire(this.#now);
  }

  stats(): TrackerStats {
    return {
      active: this.#table.active,
      total: this.#total,
      evicted: this.#schedule.evicted,
      sockets: this.#table.sockets,
      listeners: this.#listeners.size,
      evictedListeners: this.#listeners.evicted,
      tasks: this.#tasks.size,
      evictedTasks: this.#tasks.evicted,
      strayResets: this.#strayResets,
    };
  }

  #record(i: number, kind: number): void {
    const { pid, detail } = this.#batch;
    if (kind === KernelRecord.SocketState) this.#socketState(i);
    else if (kind === KernelRecord.ResetSent) this.#resetSent(i);
    else if (kind === KernelRecord.ResetReceived) this.#resetReceived(i);
    else if (kind === KernelRecord.SocketError) this.#socketError(i);
    else if (kind === KernelRecord.Fork) this.#tasks.forked(pid[i]!, detail[i]!);
    else if (kind === KernelRecord.Exec) this.#tasks.executed(pid[i]!);
    else if (kind === KernelRecord.Exit) this.#tasks.exited(pid[i]!);
  }

  #socketState(i: number): void {
    const from = this.#batch.oldState[i]!;
    const to = this.#batch.newState[i]!;
    const high = this.#batch.socket[i * 2]!;
    const low = this.#batch.socket[i * 2 + 1]!;
    if (to === TcpState.Listen) {
      if (from === TcpState.Close) {
        this.#forget(high, low);
        this.#listeners.add(this.#localEnd(i), high, low, this.#tasks.get(this.#batch.pid[i]!));
      }
    } else if (from === TcpState.Listen) {
      // A socket that leaves LISTEN for SYN_RECV is the new one of an accepted connection, not the listener.
      if (to === TcpState.Close) this.#listeners.remove(this.#localEnd(i), high, low);
      else this.#forget(high, low);
    } else if (from === TcpState.Close && to === TcpState.SynSent) {
      this.#forget(high, low);
      this.#opened(i, high, low, this.#tasks.get(this.#batch.pid[i]!));
    } else {
      const end = this.#table.findSocket(high, low);
      if (end >= 0) this.#changed(i, end, to);
      else if (from === TcpState.SynReceived && to === TcpState.Established) this.#accepted(i, high, low);
      else if (from === TcpState.SynSent && to === TcpState.Established) {
        // Its beginning was lost, or lies before the sensor's start.
        const slot = this.#opened(i, high, low, undefined);
        this.#answered(this.#learnPort(slot, i));
      } else if (from !== TcpState.SynSent && from !== TcpState.SynReceived) this.#adopt(i, high, low, to);
    }
  }

  /** A local socket began to connect. */
  #opened(i: number, high: number, low: number, process: Process | undefined): number {
    const known = this.#batch.localPort[i] === 0 ? -1 : this.#table.findTuple(this.#outgoing, i);
    let slot = this.#create(this.#outgoing, i, this.#batch.time[i]!);
    if (known >= 0 && this.#isSameAttempt(slot, known)) slot = this.#join(slot, known);
    this.#open(slot, Role.Source);
    this.#table.attach(slot * 2 + Role.Source, high, low);
    this.#table.process[slot * 2 + Role.Source] = process;
    return slot;
  }

  /** A local socket came out of a listener's queue of half-open connections. */
  #accepted(i: number, high: number, low: number): void {
    const table = this.#table;
    const known = table.findTuple(this.#incoming, i);
    const joins = known >= 0 && !this.#isOver(known) && this.#vacant(known, Role.Destination);
    if (joins && table.sockets >= this.#maxSockets) this.#makeRoom();
    const kept = joins && table.lists.of(known) !== FlowList.Free;
    const slot = kept ? known : this.#create(this.#incoming, i, this.#batch.time[i]!);
    this.#open(slot, Role.Destination);
    table.attach(slot * 2 + Role.Destination, high, low);
    table.process[slot * 2 + Role.Destination] ??= this.#listeners.owner(
      this.#localEnd(i),
      this.#namespaceOf(slot, i),
    );
    this.#answered(slot);
  }

  /** The network namespace of the accepting end, where the connecting end tells it: loopback stays within one. */
  #namespaceOf(slot: number, i: number): number | undefined {
    const { localAddress: lanes, family } = this.#batch;
    const local: Address = {
      family: family[i] === 4 ? 4 : 6,
      a: lanes[i * 4]!,
      b: lanes[i * 4 + 1]!,
      c: lanes[i * 4 + 2]!,
      d: lanes[i * 4 + 3]!,
    };
    return isLoopback(local) ? this.#table.process[slot * 2 + Role.Source]?.netns : undefined;
  }

  /** A socket that is known changed its state. */
  #changed(i: number, end: number, to: number): void {
    let slot = end >> 1;
    const undecided = (end & 1) === Role.Source && this.#isUndecided(slot);
    if (to === TcpState.Close) {
      if (undecided) this.#unanswered(this.#learnPort(slot, i), i);
      else this.#ended(end);
    } else if (undecided && (to === TcpState.Established || to === TcpState.SynReceived)) {
      slot = this.#learnPort(slot, i);
      if (to === TcpState.SynReceived) this.#crossed(slot, i);
      else if (this.#isUndecided(slot)) this.#answered(slot);
    }
  }

  /** SYN_SENT → SYN_RECV: both ends opened at once (RFC 9293 §3.5), or one connected to itself. */
  #crossed(slot: number, i: number): void {
    const other = this.#table.findTuple(this.#incoming, i);
    if (other < 0 || this.#isOver(other)) return;
    const table = this.#table;
    if (other === slot) {
      table.process[slot * 2 + Role.Destination] = table.process[slot * 2 + Role.Source];
    } else {
      if (!this.#vacant(other, Role.Destination)) return;
      table.moveEnd(slot * 2 + Role.Source, other * 2 + Role.Destination);
      this.#drop(slot);
    }
    table.set(other, Flag.Reached | Flag.SeenDestination);
  }

  /** The handshake is complete, as far as one end can tell. */
  #answered(slot: number): void {
    const table = this.#table;
    if (this.#isUndecided(slot)) {
      table.state[slot] = State.Established;
      table.establishedAt[slot] = this.#now;
      table.clear(slot, Flag.Announced);
      if (!this.#seenByBoth(slot)) {
        this.#schedule.hold(slot, this.#now);
        return;
      }
    }
    if (!table.has(slot, Flag.Announced) && this.#seenByBoth(slot)) this.#schedule.decide(slot, this.#now);
  }

  /** A connecting socket closed before it was connected. */
  #unanswered(slot: number, i: number): void {
    const table = this.#table;
    table.closedAt[slot] = this.#now;
    table.clear(slot, Flag.OpenSource);
    table.detach(slot * 2 + Role.Source);
    if (table.has(slot, Flag.ResetReceived)) {
      table.state[slot] = State.Refused;
      this.#schedule.decide(slot, this.#now);
      return;
    }
    table.set(slot, Flag.AwaitsReason);
    const fate = fateOf(this.#errors.take(this.#outgoing, i, this.#now));
    if (fate === undefined) this.#schedule.hold(slot, this.#now);
    else this.#failed(slot, fate);
  }

  #failed(slot: number, fate: number): void {
    this.#table.clear(slot, Flag.AwaitsReason);
    this.#table.state[slot] = fate;
    this.#schedule.decide(slot, this.#now);
  }

  #ended(end: number): void {
    const table = this.#table;
    const slot = end >> 1;
    table.detach(end);
    table.clear(slot, Flag.OpenSource << (end & 1));
    if (table.has(slot, Flag.OpenSource | Flag.OpenDestination)) return;
    if (!this.#isOver(slot)) this.#schedule.finish(slot, this.#now);
  }

  /** A socket of unknown address: perhaps one end of a flow that the snapshot told of. */
  #adopt(i: number, high: number, low: number, to: number): void {
    for (const role of [Role.Source, Role.Destination]) {
      const slot = this.#table.findTuple(role === Role.Source ? this.#outgoing : this.#incoming, i);
      const end = slot * 2 + role;
      if (slot < 0 || !this.#table.has(slot, Flag.OpenSource << role) || this.#table.attached(end)) continue;
      if (to === TcpState.Close) this.#ended(end);
      else if (this.#table.sockets < this.#maxSockets) this.#table.attach(end, high, low);
      return;
    }
  }

  /** The kernel has given this address to a new socket: the end of the old one was lost. */
  #forget(high: number, low: number): void {
    const end = this.#table.findSocket(high, low);
    if (end < 0) return;
    const slot = end >> 1;
    if ((end & 1) === Role.Destination || !this.#isUndecided(slot)) {
      this.#ended(end);
      return;
    }
    this.#table.closedAt[slot] = this.#now;
    this.#table.clear(slot, Flag.OpenSource);
    this.#table.detach(end);
    this.#schedule.giveUp(slot, this.#now);
  }

  #resetReceived(i: number): void {
    const { socket } = this.#batch;
    const end = this.#table.findSocket(socket[i * 2]!, socket[i * 2 + 1]!);
    if (end < 0 || (end & 1) !== Role.Source || !this.#isUndecided(end >> 1)) return;
    this.#table.set(this.#learnPort(end >> 1, i), Flag.ResetReceived);
  }

  #socketError(i: number): void {
    const errno = this.#batch.detail[i]!;
    const fate = fateOf(errno);
    if (fate === undefined || this.#batch.remotePort[i] === 0) return;
    const slot = this.#table.findTuple(this.#outgoing, i);
    if (slot >= 0 && this.#table.has(slot, Flag.AwaitsReason)) this.#failed(slot, fate);
    else if (slot < 0 || this.#isUndecided(slot)) this.#errors.remember(this.#outgoing, i, errno, this.#now);
  }

  /**
   * This kernel answered a packet for which it has no socket. A SYN for a closed port: somebody's attempt. Anything
   * else (a late packet, a SYN-ACK that answers a forged or raw SYN) is not.
   */
  #resetSent(i: number): void {
    const { socket, detail, localPort, remotePort } = this.#batch;
    if (socket[i * 2] !== 0 || socket[i * 2 + 1] !== 0 || detail[i]! > maxNoSocketReason) return;
    const table = this.#table;
    const known = table.findTuple(this.#incoming, i);
    if (known >= 0) {
      if (this.#isUndecided(known)) table.set(known, Flag.Reached | Flag.SeenDestination);
      else if (table.state[known] !== State.Refused) this.#strayResets++;
      return;
    }
    const reply = localPort[i]! >= firstEphemeralPort && remotePort[i]! < firstEphemeralPort;
    if (reply || table.findTuple(this.#outgoing, i) >= 0) {
      this.#strayResets++;
      return;
    }
    const slot = this.#create(this.#incoming, i, this.#batch.time[i]!);
    table.set(slot, Flag.Reached | Flag.SeenDestination);
    table.state[slot] = State.Refused;
    table.closedAt[slot] = this.#now;
  }

  /**
   * A connecting socket's port is known now. Returns its flow: when the other end's view of the same connection was
   * there first, the two have become one.
   */
  #learnPort(slot: number, i: number): number {
    const table = this.#table;
    if (table.has(slot, Flag.Indexed) || this.#batch.localPort[i] === 0) return slot;
    const known = table.findTuple(this.#outgoing, i);
    table.learnPort(slot, this.#batch.localPort[i]!);
    return known >= 0 && this.#isSameAttempt(slot, known) ? this.#join(slot, known) : slot;
  }

  /** Whether `known`, of the same tuple, is the other end's view of what `slot` began: it cannot be older. */
  #isSameAttempt(slot: number, known: number): boolean {
    return this.#vacant(known, Role.Source) && this.#table.openedAt[known]! >= this.#table.openedAt[slot]!;
  }

  /** Makes one flow of a connecting socket's and the other end's; the one that has been handed on stays. */
  #join(slot: number, known: number): number {
    const table = this.#table;
    if (table.id[known] !== undefined) {
      if (table.id[slot] !== undefined) return slot;
      table.moveEnd(slot * 2 + Role.Source, known * 2 + Role.Source);
      table.openedAt[known] = Math.min(table.openedAt[known]!, table.openedAt[slot]!);
      this.#drop(slot);
      return known;
    }
    table.moveEnd(known * 2 + Role.Destination, slot * 2 + Role.Destination);
    table.flags[slot]! |= table.flags[known]! & (Flag.Reached | Flag.Preexisting);
    this.#drop(known);
    return slot;
  }

  /** Whether that end of the flow may be the socket that a record tells of: not taken by another one. */
  #vacant(slot: number, role: number): boolean {
    const table = this.#table;
    if (!table.has(slot, Flag.SeenSource << role)) return true;
    const fromSnapshot = table.has(slot, Flag.OpenSource << role) && !table.attached(slot * 2 + role);
    return fromSnapshot && this.#now <= this.#snapshotTime;
  }

  #create(tuple: TupleColumns, at: number, openedAt: number): number {
    const table = this.#table;
    if (table.lists.head(FlowList.Free) < 0 || table.sockets >= this.#maxSockets) this.#makeRoom();
    const slot = table.allocate(tuple, at, openedAt);
    this.#schedule.hold(slot, this.#now);
    this.#total++;
    return slot;
  }

  #makeRoom(): void {
    const table = this.#table;
    while (table.lists.head(FlowList.Free) < 0 || table.sockets >= this.#maxSockets) {
      this.#schedule.makeRoom(this.#now);
    }
  }

  #drop(slot: number): void {
    this.#table.release(slot);
    this.#total--;
  }

  #open(slot: number, role: number): void {
    this.#table.set(slot, (Flag.OpenSource | Flag.SeenSource) << role);
    if (role === Role.Destination) this.#table.set(slot, Flag.Reached);
  }

  #seenByBoth(slot: number): boolean {
    return this.#table.has(slot, Flag.SeenSource) && this.#table.has(slot, Flag.SeenDestination);
  }

  /** Whether no answer to the attempt is known. */
  #isUndecided(slot: number): boolean {
    const state = this.#table.state[slot]!;
    return (state === State.Attempted || state === State.Unanswered) && !this.#isOver(slot);
  }

  #isOver(slot: number): boolean {
    return this.#table.lists.of(slot) === FlowList.Ended;
  }

  #localEnd(i: number): LocalEnd {
    const { family, localAddress, localPort } = this.#batch;
    return { family: family[i]!, lanes: localAddress, offset: i * 4, port: localPort[i]! };
  }
}

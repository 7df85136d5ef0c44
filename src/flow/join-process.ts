import { type Address, unmapAddress } from '../net/address.ts';
import { Protocol } from '../net/protocol.ts';
import type { End, Flow, FlowChange, Traffic } from './flow.ts';
import { type Place, Queue } from './queue.ts';

/** Takes a flow that is handed on. */
export type Emit = (flow: Flow, change: FlowChange) => void;

/** Sizes and delays. */
export interface FlowJoinerOptions {
  /** Conversations that are remembered at once. */
  readonly maxFlows: number;
  /** How long a flow of the network is held back for the socket's. Must outlast what the sockets' own tracker holds back. Default 300. */
  readonly holdMs?: number;
  /** How long, after its sockets have closed, a conversation waits for its last counts: longer than TIME_WAIT. Default 150,000. */
  readonly lingerMs?: number;
  /** How long, after its sockets have closed, one waits of which the network has told nothing. Default 5,000. */
  readonly lateMs?: number;
}

/** What the joiner has and did. */
export interface FlowJoinerStats {
  /** Conversations that are remembered, and for how many there is room. */
  readonly flows: number;
  readonly capacity: number;
  /** Conversations that both sides told of. */
  readonly joined: number;
  /** Of these, by how many the network's flow had been handed on already. */
  readonly joinedLate: number;
  /** Over without the other side: of sockets alone, of the network alone. */
  readonly socketAlone: number;
  readonly networkAlone: number;
  /** Sockets closed, and the last counts did not come in time. */
  readonly uncounted: number;
  /** Forgotten for want of room. */
  readonly evicted: number;
}

interface Pending {
  readonly flow: Flow;
  readonly change: FlowChange;
}

/** A conversation as either side tells of it. */
interface Pair {
  /** That of what was handed on first. */
  id: string;
  /** What the sockets' tracker said last, and what the network did: of the entry that lives, or lived last. */
  socket: Flow | undefined;
  network: Flow | undefined;
  /** The network's entry is gone. */
  isOver: boolean;
  /** The end was told without counts. */
  awaitsCounts: boolean;
  /** What was counted and not told, and how many parts were told that the network does not number, or the other way round. */
  uncounted: Pick<Flow, 'sent' | 'received'>;
  partsBefore: number;
  /** What the network said last is a part that was told: its counts are no news. */
  isPartTold: boolean;
  /** What is held back. */
  held: Pending[] | undefined;
  /** Places in the indices. */
  readonly keys: string[];
  loose:
    | { readonly index: Map<string, Queue<Pair>>; readonly key: string; readonly place: Place<Pair> }
    | undefined;
  /** Among all, by age. */
  place: Place<Pair> | undefined;
  /** Among those that wait for the same, and until when. */
  waiting: Place<Pair> | undefined;
  deadline: number;
}

/** Two attempts whose beginnings are this far apart are not the same one. */
const sameAttemptMs = 2000;
/** So many attempts to the same end are looked at for the one that is meant. */
const looks = 8;
const noId = '';

/**
 * Joins what sockets tell of a conversation (who: `ConnectionTracker`) with what the network tells of it (how much, and what NAT made of
 * it: `ConntrackFlows`), so that it is one flow. They are the same when protocol and ends agree, each end either as it was or as
 * NAT has made it. An attempt whose own port the socket does not tell yet is the oldest one from there to there of about the same time.
 *
 * - **Id**: that of what is handed on first. What sockets tell goes on at once. What the network tells of TCP is held back for `holdMs`
 *   for the socket; then it goes on under its own id, which stays if the socket turns up later (and `decided` is told once more, with the
 *   process). Protocols other than TCP, which sockets do not tell of, pass through.
 * - **One side alone**: the flow is as that side tells it.
 * - **Both**: ends are those before NAT, `translated` what became of them; state, its times, `seenBy` and processes are the sockets';
 *   counters, `lastAt` and parts are the network's. `attempted` and `decided` are told when the socket says so, and not again for the network.
 * - **Closed**: told when the sockets are closed, without counts, and told again as `counted` under the same id and part when the
 *   network's entry goes, which for TCP is two minutes later: then counts are complete. Parts that the network tells until then are kept for that. Where that comes first, it is kept for the
 *   socket's end, which then has them.
 * - **Two sockets with NAT between them**, both on this machine, know different ends and are two flows: the counts are with the one that was
 *   met first.
 * - **Late**: what comes after `lingerMs` (or `lateMs`, where the other side was silent until then) is a flow of its own.
 *
 * When there is no room, the conversation that was met first is forgotten; what was held back of it is handed on. Times are those
 * of the flows; `now` is on the same time line.
 */
export class FlowJoiner {
  readonly #maxFlows: number;
  readonly #holdMs: number;
  readonly #lingerMs: number;
  readonly #lateMs: number;
  readonly #pairs = new Queue<Pair>();
  readonly #bySocket = new Map<string, Pair>();
  readonly #byNetwork = new Map<string, Pair>();
  readonly #byEnds = new Map<string, Pair>();
  /** Attempts without one of their sides, by their ends but the source's port; oldest first. */
  readonly #looseSockets = new Map<string, Queue<Pair>>();
  readonly #looseNetwork = new Map<string, Queue<Pair>>();
  readonly #held = new Queue<Pair>();
  readonly #lingering = new Queue<Pair>();
  readonly #late = new Queue<Pair>();
  #joined = 0;
  #joinedLate = 0;
  #socketAlone = 0;
  #networkAlone = 0;
  #uncounted = 0;
  #evicted = 0;

  constructor(options: FlowJoinerOptions) {
    this.#maxFlows = options.maxFlows;
    this.#holdMs = options.holdMs ?? 300;
    this.#lingerMs = options.lingerMs ?? 150_000;
    this.#lateMs = options.lateMs ?? 5000;
  }

  /** Takes a flow that the sockets' tracker hands on. */
  socket(flow: Flow, change: FlowChange, now: number, emit: Emit): void {
    this.tick(now, emit);
    let pair = this.#bySocket.get(flow.id);
    if (pair === undefined) {
      pair = this.#networkOf(flow);
      if (pair === undefined) pair = this.#create(flow.id, emit);
      else this.#meet(pair, flow.id);
      this.#bySocket.set(flow.id, pair);
    }
    pair.socket = flow;
    if (pair.network === undefined) this.#indexSocket(pair, flow);
    const isOver = flow.closedAt !== undefined;
    pair.awaitsCounts = isOver && pair.network !== undefined && !pair.isOver;
    emit(pair.awaitsCounts ? withoutCounts(joined(pair)) : joined(pair), change);
    if (!isOver) return;
    if (pair.network === undefined) this.#wait(pair, this.#late, now + this.#lateMs);
    else if (pair.isOver) this.#forget(pair);
    else this.#wait(pair, this.#lingering, now + this.#lingerMs);
  }

  /** Takes a flow that the network's side hands on. */
  network(flow: Flow, change: FlowChange, now: number, emit: Emit): void {
    this.tick(now, emit);
    if (flow.protocol !== Protocol.Tcp) {
      emit(flow, change);
      return;
    }
    let pair = this.#byNetwork.get(flow.id);
    if (pair === undefined) {
      pair = this.#socketOf(flow);
      if (pair === undefined) {
        pair = this.#create(noId, emit);
        pair.held = [];
        this.#wait(pair, this.#held, now + this.#holdMs);
        this.#indexNetwork(pair, flow);
      } else {
        this.#joined++;
        this.#unloose(pair);
        this.#unindex(pair);
        if (pair.network !== undefined) this.#foundAgain(pair, pair.network);
        if (pair.socket?.closedAt !== undefined) {
          pair.awaitsCounts = true;
          this.#wait(pair, this.#lingering, now + this.#lingerMs);
        }
      }
      this.#byNetwork.set(flow.id, pair);
    }
    pair.network = continued(pair, flow);
    pair.isPartTold = false;
    if (pair.socket !== undefined && pair.keys.length === 0) this.#indexNetwork(pair, flow);
    const isLast = change === 'closed' || (change !== 'part' && flow.closedAt !== undefined);
    if (isLast) pair.isOver = true;
    if (pair.held !== undefined) pair.held.push({ flow, change });
    else if (pair.socket === undefined) {
      emit({ ...flow, id: pair.id }, change);
      if (isLast) {
        this.#networkAlone++;
        this.#forget(pair);
      }
    } else if (!isLast) {
      if (change !== 'part') return;
      if (pair.socket.closedAt !== undefined) {
        keepForEnd(pair, pair.network);
        return;
      }
      emit(joined(pair), 'part');
      pair.isPartTold = true;
      pair.uncounted = {};
    } else if (pair.socket.closedAt !== undefined) {
      emit(joined(pair), 'counted');
      this.#forget(pair);
    }
  }

  /** Lets time pass: hands on what was held back, and forgets what nobody tells of any more. To be called a few times a second. */
  tick(now: number, emit: Emit): void {
    for (let pair = due(this.#held, now); pair; pair = due(this.#held, now)) this.#release(pair, emit);
    for (let pair = due(this.#lingering, now); pair; pair = due(this.#lingering, now)) {
      this.#uncounted++;
      // What there is of counts is all that will come.
      if (pair.awaitsCounts) emit(joined(pair), 'counted');
      this.#forget(pair);
    }
    for (let pair = due(this.#late, now); pair; pair = due(this.#late, now)) {
      this.#socketAlone++;
      this.#forget(pair);
    }
  }

  /** Whether the flow of this id has been told as closed, and `counted` will follow for certain. */
  awaitsCounts(id: string): boolean {
    return (this.#bySocket.get(id) ?? this.#byNetwork.get(id))?.awaitsCounts ?? false;
  }

  stats(): FlowJoinerStats {
    return {
      flows: this.#pairs.size,
      capacity: this.#maxFlows,
      joined: this.#joined,
      joinedLate: this.#joinedLate,
      socketAlone: this.#socketAlone,
      networkAlone: this.#networkAlone,
      uncounted: this.#uncounted,
      evicted: this.#evicted,
    };
  }

  /** The conversation of which only the network has told, and which this socket's is. */
  #networkOf(flow: Flow): Pair | undefined {
    if (flow.source.port !== 0) {
      const pair = this.#byEnds.get(endsKey(flow.protocol, flow.source, flow.destination));
      return pair?.socket === undefined ? pair : undefined;
    }
    return oldest(this.#looseNetwork.get(looseKey(flow)), (pair) => pair.network, flow.openedAt);
  }

  /** The conversation of which a socket has told and no living entry of the network, and which this one's is. */
  #socketOf(flow: Flow): Pair | undefined {
    for (const key of keysOf(flow)) {
      const pair = this.#byEnds.get(key);
      if (pair?.socket === undefined) continue;
      // A second entry for a socket is one that the kernel picked up midway: it had forgotten the first.
      if (pair.network === undefined || (pair.isOver && flow.preexisting)) return pair;
    }
    return oldest(this.#looseSockets.get(looseKey(flow)), (pair) => pair.socket, flow.openedAt);
  }

  /** A socket has turned up for what the network has told of. */
  #meet(pair: Pair, socketId: string): void {
    this.#joined++;
    this.#unloose(pair);
    if (pair.held === undefined) this.#joinedLate++;
    else {
      pair.held = undefined;
      pair.id = socketId;
      this.#stopWaiting(pair);
    }
  }

  /** The network's entry went, the socket did not, and now there is another entry. */
  #foundAgain(pair: Pair, { id, part = 1, ...counts }: Flow): void {
    this.#byNetwork.delete(id);
    pair.isOver = false;
    pair.uncounted = countsOf(counts);
    pair.partsBefore = part - 1;
  }

  #create(id: string, emit: Emit): Pair {
    const first = this.#pairs.first?.value;
    if (first !== undefined && this.#pairs.size >= this.#maxFlows) {
      this.#evicted++;
      if (first.held !== undefined) this.#release(first, emit);
      else if (first.awaitsCounts) emit(joined(first), 'counted');
      this.#forget(first);
    }
    const pair: Pair = {
      id,
      socket: undefined,
      network: undefined,
      isOver: false,
      awaitsCounts: false,
      uncounted: {},
      partsBefore: 0,
      isPartTold: false,
      held: undefined,
      keys: [],
      loose: undefined,
      place: undefined,
      waiting: undefined,
      deadline: 0,
    };
    pair.place = this.#pairs.enter(pair);
    return pair;
  }

  /** Nobody came: the network's flow goes on alone. */
  #release(pair: Pair, emit: Emit): void {
    const { held = [] } = pair;
    this.#stopWaiting(pair);
    pair.held = undefined;
    pair.id = pair.network!.id;
    for (const { flow, change } of held) emit(flow, change);
    if (pair.isOver) {
      this.#networkAlone++;
      this.#forget(pair);
    }
  }

  #forget(pair: Pair): void {
    if (pair.place === undefined) return;
    this.#pairs.leave(pair.place);
    pair.place = undefined;
    this.#stopWaiting(pair);
    this.#unloose(pair);
    this.#unindex(pair);
    if (pair.socket !== undefined) this.#bySocket.delete(pair.socket.id);
    if (pair.network !== undefined) this.#byNetwork.delete(pair.network.id);
  }

  #indexSocket(pair: Pair, flow: Flow): void {
    if (flow.source.port === 0) {
      if (pair.loose === undefined) this.#loosen(pair, this.#looseSockets, looseKey(flow));
      return;
    }
    this.#unloose(pair);
    if (pair.keys.length === 0) this.#index(pair, [endsKey(flow.protocol, flow.source, flow.destination)]);
  }

  #indexNetwork(pair: Pair, flow: Flow): void {
    this.#index(pair, keysOf(flow));
    if (pair.socket === undefined) this.#loosen(pair, this.#looseNetwork, looseKey(flow));
  }

  #index(pair: Pair, keys: readonly string[]): void {
    for (const key of keys) {
      pair.keys.push(key);
      this.#byEnds.set(key, pair);
    }
  }

  #unindex(pair: Pair): void {
    // A later conversation of the same ends may have taken the place.
    for (const key of pair.keys) if (this.#byEnds.get(key) === pair) this.#byEnds.delete(key);
    pair.keys.length = 0;
  }

  #loosen(pair: Pair, index: Map<string, Queue<Pair>>, key: string): void {
    let queue = index.get(key);
    if (queue === undefined) {
      queue = new Queue();
      index.set(key, queue);
    }
    pair.loose = { index, key, place: queue.enter(pair) };
  }

  #unloose(pair: Pair): void {
    if (pair.loose === undefined) return;
    const { index, key, place } = pair.loose;
    place.queue.leave(place);
    if (place.queue.size === 0) index.delete(key);
    pair.loose = undefined;
  }

  #wait(pair: Pair, queue: Queue<Pair>, deadline: number): void {
    this.#stopWaiting(pair);
    pair.waiting = queue.enter(pair);
    pair.deadline = deadline;
  }

  #stopWaiting(pair: Pair): void {
    pair.waiting?.queue.leave(pair.waiting);
    pair.waiting = undefined;
  }
}

/** The first that has waited long enough. */
function due(queue: Queue<Pair>, now: number): Pair | undefined {
  const pair = queue.first?.value;
  return pair !== undefined && pair.deadline <= now ? pair : undefined;
}

/** The first of a few whose beginning is about that time. */
function oldest(
  pairs: Queue<Pair> | undefined,
  side: (pair: Pair) => Flow | undefined,
  openedAt: number,
): Pair | undefined {
  let place = pairs?.first;
  for (let looked = 0; place !== undefined && looked < looks; looked++, place = place.after) {
    const flow = side(place.value);
    if (flow !== undefined && Math.abs(flow.openedAt - openedAt) <= sameAttemptMs) return place.value;
  }
  return undefined;
}

/** What both sides say together. */
function joined({ id, socket, network, isPartTold }: Pair): Flow {
  if (socket === undefined) return { ...network!, id };
  if (network === undefined) return { ...socket, id };
  const { process: client } = socket.source;
  const { process: server } = socket.destination;
  // What was counted is told already, when the last that the network said was a part.
  const isOpenPart = isPartTold && socket.closedAt !== undefined;
  const part = isOpenPart ? network.part! + 1 : network.part;
  const isFirst = part === undefined || part === 1;
  const openedAt = isFirst
    ? Math.min(socket.openedAt, network.openedAt)
    : isOpenPart
      ? network.lastAt!
      : network.openedAt;
  return {
    ...socket,
    id,
    source: { ...network.source, ...(client && { process: client }) },
    destination: { ...network.destination, ...(server && { process: server }) },
    openedAt,
    reachedDestination: socket.reachedDestination || network.reachedDestination,
    ...(network.lastAt !== undefined && { lastAt: network.lastAt }),
    ...(!isOpenPart && network.sent && { sent: network.sent }),
    ...(!isOpenPart && network.received && { received: network.received }),
    ...(network.translated && { translated: network.translated }),
    ...(network.communityId !== undefined && { communityId: network.communityId }),
    ...(!isOpenPart && network.endReason && { endReason: network.endReason }),
    ...(part !== undefined && { part }),
  };
}

/** The flow as its sockets end it, when the network still counts. */
function withoutCounts({ sent: _sent, received: _received, ...flow }: Flow): Flow {
  return { ...flow, awaitsCounts: true };
}

/** The end was told, without counts; the part that the network ends now and what comes yet are its last part together. */
function keepForEnd(pair: Pair, { endReason: _active, part: number, ...flow }: Flow): void {
  pair.network = { ...flow, ...(number !== undefined && number > 1 && { part: number }) };
  pair.uncounted = countsOf(flow);
  pair.partsBefore--;
}

/** What the network says now, with what was counted before and not told: it had lost the conversation, or tells parts of what is closed. */
function continued({ uncounted, partsBefore, network }: Pair, { part: own, ...flow }: Flow): Flow {
  const sent = sum(uncounted.sent, flow.sent);
  const received = sum(uncounted.received, flow.received);
  const part = own === undefined && partsBefore === 0 ? undefined : (own ?? 1) + partsBefore;
  return {
    ...flow,
    // All of what is told as one part begins with the first of it.
    ...(partsBefore < 0 && network && { openedAt: network.openedAt }),
    ...(sent && { sent }),
    ...(received && { received }),
    ...(part !== undefined && (partsBefore >= 0 || part > 1) && { part }),
  };
}

function countsOf({ sent, received }: Pick<Flow, 'sent' | 'received'>): Pick<Flow, 'sent' | 'received'> {
  return { ...(sent && { sent }), ...(received && { received }) };
}

function sum(before: Traffic | undefined, now: Traffic | undefined): Traffic | undefined {
  if (before === undefined || now === undefined) return now ?? before;
  return { packets: before.packets + now.packets, bytes: before.bytes + now.bytes };
}

/** Both ends as they were and as NAT made them, in all ways that somebody may see them. */
function keysOf({ protocol, source, destination, translated }: Flow): string[] {
  const keys = [endsKey(protocol, source, destination)];
  const from = translated?.source;
  const to = translated?.destination;
  if (from) keys.push(endsKey(protocol, from, destination));
  if (to) keys.push(endsKey(protocol, source, to));
  if (from && to) keys.push(endsKey(protocol, from, to));
  return keys;
}

function endsKey(
  protocol: number,
  source: Pick<End, 'address' | 'port'>,
  destination: Pick<End, 'address' | 'port'>,
): string {
  return `${protocol} ${lanes(source.address)} ${source.port} ${lanes(destination.address)} ${destination.port}`;
}

function looseKey({ protocol, source, destination }: Flow): string {
  return endsKey(protocol, { address: source.address, port: 0 }, destination);
}

function lanes(address: Address): string {
  // A socket of both families tells IPv4 addresses as mapped ones.
  const { family, a, b, c, d } = unmapAddress(address);
  return family === 4 ? String(d) : `${a}:${b}:${c}:${d}`;
}

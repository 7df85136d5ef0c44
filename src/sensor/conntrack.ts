import { randomInt, randomUUID } from 'node:crypto';
import { ConntrackFlows } from '../flow/conntrack/conntrack-flows.ts';
import { ConntrackDecoder, type ConntrackSink, dumpRequest } from '../flow/conntrack/decoder.ts';
import { type ConntrackEntry, EntryKind } from '../flow/conntrack/entry.ts';
import type { Flow, FlowChange } from '../flow/flow.ts';
import { countOver } from '../flow/steps.ts';
import { conntrackGroups } from './conntrack/groups.ts';
import { NetlinkError, NetlinkSocket, Received } from './conntrack/netlink-socket.ts';
import { probeConntrack, whyNot } from './conntrack/probe.ts';
import { lostAt, readConntrackSettings } from './conntrack/settings.ts';
import type { FlowSink, FlowSource, FlowSourceCounters, RunningFlowSource, SeenFlow } from './flow-source.ts';
import { Errno } from './native/errno.ts';

/** How the kernel's connection tracking is followed. */
export interface ConntrackOptions {
  /** Receive buffer that the kernel is asked for; it counts some 1 KiB for each event that waits. Default 8 MiB. */
  readonly bufferBytes?: number;
  /** How often the whole table is read, for counts of what goes on and for ends that no event told of. Default 60,000. */
  readonly dumpEveryMs?: number;
  /** Entries that are followed at once. Default 65,536. */
  readonly maxEntries?: number;
  /** See `ConntrackFlows`. */
  readonly holdMs?: number;
  readonly unansweredAfterMs?: number;
  readonly activeMs?: number;
  /** The agent's time line: milliseconds since the epoch. Default `Date.now`. */
  readonly now?: () => number;
  /** Default `randomUUID`. */
  readonly newId?: () => string;
}

/** A running conntrack source. */
export interface RunningConntrack extends RunningFlowSource {
  /** All flows that are not over, as they are now. */
  flows(): Iterable<Flow>;
}

/** The socket is looked at this often while messages come, and while none come. Milliseconds. */
const [busyMs, idleMs] = [10, 100];
/** After this long other work of the thread has its turn. Milliseconds. */
const turnMs = 10;
/** After a loss the table is read again not before this, and not before ten times as long as the last time took. Milliseconds. */
const resyncMs = 1000;
/** A dump of which nothing has come for so long has failed; after this long the next one is tried. Milliseconds. */
const stalledMs = 30_000;
/** At the end the table is waited for so long. Milliseconds. */
const lastMs = 2000;
/** Errors that have gone the next time. */
const passing: ReadonlySet<number> = new Set([Errno.EAGAIN, Errno.EINTR, Errno.ENOMEM, Errno.ENOBUFS]);
/** Losses are told of once in this time. Milliseconds. */
const noticeMs = 60_000;

class ConntrackSource implements RunningConntrack, ConntrackSink {
  readonly #sink: FlowSink;
  readonly #socket: NetlinkSocket;
  readonly #inode: number;
  readonly #decoder = new ConntrackDecoder(this);
  readonly #flows: ConntrackFlows;
  readonly #now: () => number;
  readonly #dumpEveryMs: number;
  readonly #bufferBytes: number;
  readonly #kinds = [0, 0, 0, 0];
  #batch: SeenFlow[] = [];
  #told = 0;
  #changes = 0;
  #overruns = 0;
  #lost = 0;
  #sequence = 0;
  /** Times below are of the monotonic clock. */
  #dumping = false;
  #dumpBegan = 0;
  #dumpTook = 0;
  #heardAt = 0;
  #dumpDue = 0;
  #toldLoss = Number.NEGATIVE_INFINITY;
  /** Events were lost since a dump was asked for; and before the one that is under way. */
  #isLossy = false;
  #isResync = false;
  #foundBefore = 0;
  #restarts = 0;
  #delay = busyMs;
  #timer: NodeJS.Timeout | undefined;
  #turning: Promise<void> = Promise.resolve();
  #stopping: Promise<void> | undefined;
  #closed = false;

  constructor(sink: FlowSink, socket: NetlinkSocket, options: ConntrackOptions) {
    this.#sink = sink;
    this.#socket = socket;
    this.#inode = socket.inode;
    const now = options.now ?? Date.now;
    this.#now = now;
    this.#dumpEveryMs = options.dumpEveryMs ?? 60_000;
    const asked = options.bufferBytes ?? 8 * 2 ** 20;
    this.#bufferBytes = socket.askBuffer(asked);
    const { holdMs, unansweredAfterMs, activeMs } = options;
    this.#flows = new ConntrackFlows({
      maxEntries: options.maxEntries ?? 65_536,
      newId: options.newId ?? randomUUID,
      hashSeed: randomInt(2 ** 32),
      // The kernel stamps entries by the wall clock, which may be set; the time line is not.
      ...(options.now !== undefined && { kernelOffset: () => now() - Date.now() }),
      ...(holdMs !== undefined && { holdMs }),
      ...(unansweredAfterMs !== undefined && { unansweredAfterMs }),
      ...(activeMs !== undefined && { activeMs }),
    });
    if (this.#bufferBytes < asked)
      sink.notice?.(
        `conntrack: the kernel gave a receive buffer of ${this.#bufferBytes} bytes instead of ${asked}; net.core.rmem_max limits it without CAP_NET_ADMIN.`,
      );
    this.#schedule(0);
  }

  *flows(): Iterable<Flow> {
    yield* this.#flows.flows();
  }

  async counters(): Promise<FlowSourceCounters> {
    this.#readLost();
    const stats = this.#flows.stats();
    const decoded = this.#decoder.counters();
    const [made = 0, updated = 0, destroyed = 0, dumped = 0] = this.#kinds;
    return {
      flows: this.#told,
      lost: { events: this.#lost },
      dropped: {
        ...decoded.dropped,
        stranger: this.#socket.strangers,
        truncated: this.#socket.truncated,
      },
      details: {
        ...stats,
        changes: this.#changes,
        messages: decoded.messages,
        new: made,
        update: updated,
        destroy: destroyed,
        dumped,
        control: decoded.control,
        others: decoded.others,
        overruns: this.#overruns,
        restarts: this.#restarts,
        bufferBytes: this.#bufferBytes,
      },
    };
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  entry(entry: ConntrackEntry): void {
    this.#kinds[entry.kind]!++;
    if (entry.kind === EntryKind.Dump) this.#heardAt = performance.now();
    this.#flows.push(entry, this.#now(), this.#emit);
  }

  dumped(sequence: number, interrupted: boolean): void {
    if (!this.#dumping || sequence !== this.#sequence) return;
    const now = performance.now();
    this.#dumping = false;
    this.#dumpTook = now - this.#dumpBegan;
    if (interrupted) {
      this.#restarts++;
      this.#flows.abandonDump();
      this.#dumpDue = Math.min(this.#dumpDue, this.#resyncAt(now));
      return;
    }
    const gone = this.#flows.endDump(this.#now(), this.#emit);
    const { found } = this.#flows.stats();
    if (this.#isResync && gone + found > this.#foundBefore)
      this.#sink.notice?.(
        `conntrack: the table was read again after a loss: ${gone} conversations had ended unseen, ${found - this.#foundBefore} had begun.`,
      );
    this.#isResync = false;
    this.#foundBefore = found;
  }

  refused(sequence: number, errno: number): void {
    // Busy: one is under way, the end of which will be told.
    if (!this.#dumping || sequence !== this.#sequence || errno === 0 || errno === Errno.EBUSY) return;
    this.#abandon(`the kernel refused to give its table (error ${errno})`);
  }

  overrun(): void {
    this.#overruns++;
    const now = performance.now();
    this.#isLossy = true;
    this.#dumpDue = Math.min(this.#dumpDue, this.#resyncAt(now));
    if (now - this.#toldLoss < noticeMs) return;
    this.#toldLoss = now;
    this.#readLost();
    this.#sink.notice?.(
      `conntrack: the kernel had no room for events (${this.#lost} lost so far); the whole table is read again. A larger buffer helps.`,
    );
  }

  readonly #emit = (flow: Flow, change: FlowChange): void => void this.#batch.push({ flow, change });

  #resyncAt(now: number): number {
    return Math.max(now, this.#dumpBegan + Math.max(resyncMs, 10 * this.#dumpTook));
  }

  #abandon(why: string): void {
    this.#dumping = false;
    this.#restarts++;
    this.#dumpDue = Math.min(this.#dumpDue, performance.now() + stalledMs);
    this.#flows.abandonDump();
    this.#sink.notice?.(`conntrack: ${why}; it is asked again later.`);
  }

  #schedule(delay: number): void {
    this.#timer = setTimeout(() => {
      this.#turning = this.#turn().catch((error: Error) => this.#fail(error));
    }, delay);
  }

  async #turn(): Promise<void> {
    const more = this.#read();
    const isAsked = this.#dump();
    await this.#deliver();
    if (this.#stopping !== undefined) return;
    this.#delay = more === 0 ? Math.min(idleMs, this.#delay * 2) : busyMs;
    this.#schedule(isAsked || more === Number.POSITIVE_INFINITY ? 0 : this.#delay);
  }

  /** Asks for the table when it is time. Returns whether it did. */
  #dump(): boolean {
    const now = performance.now();
    if (this.#dumping) {
      if (now - Math.max(this.#heardAt, this.#dumpBegan) > stalledMs) this.#abandon('a dump stopped');
      return false;
    }
    if (now < this.#dumpDue) return false;
    this.#dumping = true;
    this.#dumpBegan = now;
    this.#dumpDue = now + this.#dumpEveryMs;
    this.#sequence = (this.#sequence + 1) >>> 0;
    this.#isResync ||= this.#isLossy;
    this.#isLossy = false;
    this.#flows.beginDump(this.#now());
    try {
      this.#socket.send(dumpRequest(this.#sequence));
    } catch (error) {
      if (!(error instanceof NetlinkError) || !passing.has(error.errno)) throw error;
      this.#abandon(`the kernel did not take the request for its table (${error.message})`);
    }
    return true;
  }

  /** Reads what waits. Returns how many messages, infinity when there is more. */
  #read(): number {
    const { bytes } = this.#socket;
    const until = performance.now() + turnMs;
    let count = 0;
    for (;;) {
      const received = this.#socket.receive((start, end) => {
        count++;
        this.#decoder.decode(bytes, start, end);
      });
      if (received === Received.Nothing) break;
      if (received === Received.Overrun) this.overrun();
      if (performance.now() > until) {
        count = Number.POSITIVE_INFINITY;
        break;
      }
    }
    this.#flows.tick(this.#now(), this.#emit);
    return count;
  }

  async #deliver(): Promise<void> {
    const batch = this.#batch;
    if (batch.length === 0) return;
    this.#batch = [];
    this.#told += countOver(batch);
    this.#changes += batch.length;
    await this.#sink.flows(batch);
  }

  async #stop(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#turning;
    try {
      await this.#readLast();
      this.#flows.tellRest(this.#now(), this.#emit);
      await this.#deliver();
    } finally {
      this.#close();
    }
  }

  /** Reads the table once more, as far as it comes in time: events do not tell what was counted. */
  async #readLast(): Promise<void> {
    const until = performance.now() + lastMs;
    this.#read();
    // What one that is under way told first is older.
    await this.#dumpEnded(until);
    this.#dumpDue = 0;
    if (this.#dump()) await this.#dumpEnded(until);
  }

  async #dumpEnded(until: number): Promise<void> {
    while (this.#dumping && performance.now() < until) {
      if (this.#read() === 0) await new Promise((resolve) => setTimeout(resolve, 1));
      await this.#deliver();
    }
  }

  #fail(error: Error): void {
    if (this.#stopping !== undefined) return;
    this.#stopping = Promise.resolve();
    clearTimeout(this.#timer);
    this.#close();
    this.#sink.failed(error);
  }

  #close(): void {
    this.#readLost();
    this.#socket.close();
    this.#closed = true;
  }

  #readLost(): void {
    // Afterwards another socket may have its inode.
    if (!this.#closed) this.#lost = lostAt(this.#inode) ?? this.#lost;
  }
}

const doc = `Follows the kernel's table of connections (conntrack): every conversation that the packet filter of this network namespace
tracks, forwarded ones and those of this machine's own programs, of all IP protocols, with the addresses before and after NAT, packets and
bytes each way, and how far TCP came.

It reads the table at the start and once a minute, and events in between. Events that the kernel had no room for are counted, and the table
is then read again, so that nothing stays in the list that is gone.

Not seen: packets that no rule tracks (\`notrack\`, or a namespace without any rule that asks for connection tracking), flags of TCP
segments, why a connection failed when ICMP said so, other network namespaces than that of the process. Packets that a network card
forwards by itself are counted when the driver says so.

Needs root or CAP_NET_ADMIN, and the module nf_conntrack_netlink. Packets and bytes need \`net.netfilter.nf_conntrack_acct=1\`, exact times
\`net.netfilter.nf_conntrack_timestamp=1\`; Picket does not set them. While it listens, the kernel keeps a few more bytes for each new entry.`;

/**
 * Starts to follow the connection tracking of the process's network namespace. Throws an Error with a message for the user when the
 * machine does not let it.
 */
export function startConntrack(sink: FlowSink, options: ConntrackOptions = {}): RunningConntrack {
  let socket: NetlinkSocket;
  try {
    // Events are not asked to be reliable (NETLINK_BROADCAST_ERROR): the kernel would drop packets when we are slow.
    socket = new NetlinkSocket(conntrackGroups);
  } catch (error) {
    throw new Error(whyNot(error as Error), { cause: error });
  }
  try {
    return new ConntrackSource(sink, socket, options);
  } catch (error) {
    socket.close();
    throw error;
  }
}

/** Conversations from the kernel's connection tracking. */
export const conntrack: FlowSource<ConntrackOptions> = {
  id: 'conntrack',
  title: "Conversations from the kernel's connection tracking",
  since: '0.2.0',
  doc,
  probe: async () => probeConntrack(),
  open: async (sink, options) => {
    const running = startConntrack(sink, options);
    if (readConntrackSettings().counts === false)
      sink.notice?.('conntrack: no packets and bytes, since net.netfilter.nf_conntrack_acct is 0.');
    return running;
  },
};

import { IpfixWriter, type IpfixWriterCounters } from '../../flow/export/ipfix-writer.ts';
import type { Flow } from '../../flow/flow.ts';
import { backoff, defaultBackoff } from '../backoff.ts';
import { systemTimers, type Timers } from '../timers.ts';
import { openTcp, openUdp, type Session } from './session.ts';

/** Where flows go to. */
export interface IpfixExporterOptions {
  readonly host: string;
  /** Default 4739, as registered for IPFIX. */
  readonly port?: number;
  /** Default `udp`. TCP loses nothing while the connection lasts, and waits for a slow receiver. */
  readonly transport?: 'udp' | 'tcp';
  /** Observation domain id; default 1. */
  readonly domain?: number;
  /** Both directions in one record (RFC 5103). Default true. */
  readonly biflow?: boolean;
  /** Bytes of a message at most; default 1400. */
  readonly maxMessage?: number;
  /** Over UDP templates are told again so often; default each 20 messages and 60 s. */
  readonly templatesEvery?: { readonly messages?: number; readonly seconds?: number };
  /** Flows that wait for the receiver at most; default 8192. What comes then is lost, and counted. */
  readonly queue?: number;
  /** A message that is not full waits so long for more, ms; default 1000. */
  readonly lingerMs?: number;
}

/** What became of flows: `flows` = `writer.flows` + `writer.refused` + `lostInQueue` + `queued`. */
export interface IpfixExporterCounters {
  readonly flows: number;
  readonly queued: number;
  /** Flows for which there was no room. */
  readonly lostInQueue: number;
  /** Records that were written and did not go out: the connection broke, the kernel refused them. What a network loses nobody tells. */
  readonly lostRecords: number;
  readonly sentRecords: number;
  readonly sentMessages: number;
  readonly writer: IpfixWriterCounters;
  readonly isConnected: boolean;
  /** Why it is not, or what went wrong last, and when, ms since the epoch. */
  readonly problem: string | undefined;
  readonly problemAt: number | undefined;
}

/**
 * Sends flows to a collector as IPFIX, over UDP or TCP (RFC 7011 §10.3, §10.4). It connects again by itself, ever more seldom. A new connection
 * begins with its templates. Nothing waits without bound, and whatever is lost here is counted.
 */
export class IpfixExporter {
  readonly #options: IpfixExporterOptions;
  readonly #timers: Timers;
  readonly #most: number;
  readonly #queue: Flow[] = [];
  readonly #writer: IpfixWriter;
  #session: Session | undefined;
  #failures = 0;
  #problem: string | undefined;
  #problemAt: number | undefined;
  #remote: string | undefined;
  #isClosed = false;
  #flows = 0;
  #lostInQueue = 0;
  #lostRecords = 0;
  #sentRecords = 0;
  #sentMessages = 0;
  #cancelRetry: () => void = () => undefined;
  #cancelLinger: (() => void) | undefined;

  constructor(options: IpfixExporterOptions, timers: Timers = systemTimers) {
    this.#options = options;
    this.#timers = timers;
    this.#most = Math.max(1, options.queue ?? 8192);
    const { domain = 1, biflow = true, maxMessage = 1400, templatesEvery } = options;
    const isTcp = options.transport === 'tcp';
    this.#writer = new IpfixWriter(
      {
        ...{ domain, biflow, maxMessage },
        // On a connection templates hold as long as it does (RFC 7011 §8.3).
        ...(isTcp ? { templatesEvery: { messages: 0, seconds: 0 } } : templatesEvery && { templatesEvery }),
      },
      (message, records) => this.#send(message, records),
    );
    this.#connect();
  }

  /** Address of the receiver as it was found last. */
  get remote(): string | undefined {
    return this.#remote;
  }

  get counters(): IpfixExporterCounters {
    return {
      flows: this.#flows,
      queued: this.#queue.length,
      lostInQueue: this.#lostInQueue,
      lostRecords: this.#lostRecords,
      sentRecords: this.#sentRecords,
      sentMessages: this.#sentMessages,
      writer: this.#writer.counters,
      isConnected: this.#session?.isOpen ?? false,
      problem: this.#problem,
      problemAt: this.#problemAt,
    };
  }

  /** Takes a flow. Never waits and never throws. */
  add(flow: Flow): void {
    this.#flows++;
    if (this.#isClosed || this.#queue.length >= this.#most) {
      this.#lostInQueue++;
      return;
    }
    this.#queue.push(flow);
    this.#pump();
  }

  /** Sends what waits, as far as there is somebody to take it within `ms`, and ends. Idempotent. */
  async close(ms = 1000): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#cancelRetry();
    this.#cancelLinger?.();
    const session = this.#session;
    if (session !== undefined) {
      const until = this.#timers.now() + ms;
      while (this.#queue.length > 0 && this.#session === session && this.#timers.now() < until) {
        this.#pump();
        if (this.#queue.length > 0) await new Promise<void>((resolve) => this.#timers.after(10, resolve));
      }
      if (session.isOpen) this.#writer.flush(this.#timers.now());
      await session.end(Math.max(1, until - this.#timers.now()));
    }
    this.#lostInQueue += this.#queue.length;
    this.#queue.length = 0;
  }

  #connect(): void {
    const { host, port = 4739, transport = 'udp' } = this.#options;
    const session = (transport === 'tcp' ? openTcp : openUdp)(host, port, {
      opened: () => {
        this.#failures = 0;
        this.#remote = session.remote;
        this.#hasProblem(undefined);
        this.#pump();
      },
      ready: () => this.#pump(),
      problem: (text) => this.#hasProblem(text),
      closed: (text) => {
        if (this.#session !== session) return;
        this.#session = undefined;
        this.#abandon();
        if (this.#isClosed) return;
        this.#hasProblem(text);
        const pause = backoff(++this.#failures, this.#timers.random(), defaultBackoff);
        this.#cancelRetry = this.#timers.after(pause, () => this.#connect());
      },
    });
    this.#session = session;
  }

  #hasProblem(text: string | undefined): void {
    this.#problem = text;
    this.#problemAt = text === undefined ? undefined : this.#timers.now();
  }

  /** What was written for a connection that is gone: its records are of no use for the next one. */
  #abandon(): void {
    const unsent = this.#writer.newSession();
    this.#lostRecords += unsent;
  }

  #pump(): void {
    const session = this.#session;
    if (session === undefined) return;
    let taken = 0;
    while (taken < this.#queue.length && session.isOpen && session.hasRoom)
      this.#writer.add(this.#queue[taken++]!, this.#timers.now());
    if (taken === 0) return;
    this.#queue.splice(0, taken);
    this.#cancelLinger ??= this.#timers.after(this.#options.lingerMs ?? 1000, () => {
      this.#cancelLinger = undefined;
      if (this.#session?.isOpen === true) this.#writer.flush(this.#timers.now());
    });
  }

  #send(message: Uint8Array, records: number): void {
    const session = this.#session;
    if (session === undefined) {
      this.#lostRecords += records;
      return;
    }
    session.send(message, (isSent) => {
      if (isSent) {
        this.#sentRecords += records;
        this.#sentMessages++;
      } else this.#lostRecords += records;
    });
  }
}

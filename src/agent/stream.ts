import { randomBytes } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { MessageRing } from './message-ring.ts';

/** What goes out: `data` becomes one line of JSON. */
export interface StreamMessage {
  readonly type: 'flow' | 'alert' | 'incident' | 'status';
  readonly data: unknown;
}

/** Bounds of an {@link EventStream}. */
export interface EventStreamOptions {
  /** Messages kept for readers that are behind. Default 4,096. */
  readonly maxMessages?: number;
  /** Bytes of the messages kept. Default 2 MiB. */
  readonly maxBytes?: number;
  /** Readers at one time. Default 32. */
  readonly maxSubscribers?: number;
  /** ms between two comments that keep a quiet connection open. Default 15 s. */
  readonly heartbeatMs?: number;
  /** A reader that takes nothing for this long is disconnected, at the next heartbeat. ms, default 60 s. */
  readonly stallMs?: number;
}

/** Bytes that are put together into one write. */
const writeSize = 16 * 1024;

/** How long a browser waits before it connects again, ms. */
const retryMs = 2_000;

/**
 * Server-sent events (WHATWG HTML §9.2) for any number of readers, in bounded memory.
 *
 * There is one ring of recent messages, each serialised once, and a reader is no more than its place in it. A reader
 * that falls behind the ring's end has lost what was pushed out meanwhile: it is told how many messages that were by
 * a `dropped` event as soon as it reads again. A reader that comes back with `Last-Event-ID` goes on where it was; if that
 * is no longer known, `dropped` has the count null.
 */
export class EventStream {
  readonly #ring: MessageRing;
  readonly #maxSubscribers: number;
  readonly #heartbeatMs: number;
  readonly #stallMs: number;
  readonly #subscribers = new Set<Subscriber>();
  /** Tells this process's message numbers from those of the one before. */
  readonly #epoch = randomBytes(4).toString('hex');
  #dropped = 0;
  #pumping = false;
  #heartbeat: NodeJS.Timeout | undefined;

  constructor(options: EventStreamOptions = {}) {
    this.#ring = new MessageRing(options.maxMessages ?? 4_096, options.maxBytes ?? 2 * 1024 * 1024);
    this.#maxSubscribers = options.maxSubscribers ?? 32;
    this.#heartbeatMs = options.heartbeatMs ?? 15_000;
    this.#stallMs = options.stallMs ?? 60_000;
  }

  /** Readers connected now. */
  get subscribers(): number {
    return this.#subscribers.size;
  }

  /** Messages that some reader has lost so far; one that two readers lost counts twice. */
  get dropped(): number {
    let dropped = this.#dropped;
    for (const { next } of this.#subscribers) dropped += this.#ring.missed(next);
    return dropped;
  }

  /** Hands `message` to every reader, as fast as each of them reads. Throws a TypeError when its data is no JSON value. */
  publish(message: StreamMessage): void {
    const id = `${this.#epoch}-${this.#ring.end}`;
    this.#ring.push(`id: ${id}\nevent: ${message.type}\ndata: ${JSON.stringify(message.data)}\n\n`);
    if (this.#pumping || this.#subscribers.size === 0) return;
    this.#pumping = true;
    setImmediate(() => {
      this.#pumping = false;
      for (const subscriber of this.#subscribers) this.#pump(subscriber);
    });
  }

  /**
   * Answers a request with the stream, from now on or from after `lastEventId`. Writes to the response itself, since
   * only there is it known how much the reader has taken. Returns false, with nothing written, when there are already
   * as many readers as may be.
   */
  subscribe(response: ServerResponse, lastEventId?: string): boolean {
    if (this.#subscribers.size >= this.#maxSubscribers) return false;
    response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
    response.write(`retry: ${retryMs}\n\n`);
    const next = this.#placeAfter(lastEventId);
    if (next === undefined) response.write(droppedEvent(null));
    const subscriber: Subscriber = { response, next: next ?? this.#ring.end, blockedSince: undefined };
    this.#subscribers.add(subscriber);
    response.on('drain', () => {
      subscriber.blockedSince = undefined;
      this.#pump(subscriber);
    });
    response.on('close', () => this.#remove(subscriber));
    response.on('error', () => this.#remove(subscriber));
    this.#heartbeat ??= setInterval(() => this.#beat(), this.#heartbeatMs).unref();
    this.#pump(subscriber);
    return true;
  }

  /** Ends every reader's connection. */
  close(): void {
    for (const subscriber of [...this.#subscribers]) {
      subscriber.response.end();
      this.#remove(subscriber);
    }
  }

  /** The place after the message of that id; undefined when the id is not one of this process's. */
  #placeAfter(id: string | undefined): number | undefined {
    if (id === undefined || id === '') return this.#ring.end;
    const [epoch, number = ''] = id.split('-');
    const next = Number(number) + 1;
    if (epoch !== this.#epoch || !/^\d+$/.test(number) || next > this.#ring.end) return undefined;
    return next;
  }

  /** Writes until the reader has it all, or until its connection takes no more. */
  #pump(subscriber: Subscriber): void {
    const { response } = subscriber;
    if (subscriber.blockedSince !== undefined || response.destroyed) return;
    let accepted = true;
    const missed = this.#ring.missed(subscriber.next);
    if (missed > 0) {
      this.#dropped += missed;
      subscriber.next += missed;
      accepted = response.write(droppedEvent(missed));
    }
    while (accepted && subscriber.next < this.#ring.end) {
      const { copy, next } = this.#ring.read(subscriber.next, writeSize);
      subscriber.next = next;
      accepted = response.write(copy);
    }
    if (!accepted) subscriber.blockedSince = performance.now();
  }

  #beat(): void {
    const now = performance.now();
    for (const subscriber of this.#subscribers) {
      if (subscriber.blockedSince === undefined) {
        if (!subscriber.response.write(':\n\n')) subscriber.blockedSince = now;
      } else if (now - subscriber.blockedSince >= this.#stallMs) {
        // What waited for this reader is lost to it as well.
        this.#dropped += this.#ring.end - subscriber.next - this.#ring.missed(subscriber.next);
        this.#remove(subscriber);
        subscriber.response.destroy();
      }
    }
  }

  #remove(subscriber: Subscriber): void {
    if (!this.#subscribers.delete(subscriber)) return;
    this.#dropped += this.#ring.missed(subscriber.next);
    if (this.#subscribers.size > 0) return;
    clearInterval(this.#heartbeat);
    this.#heartbeat = undefined;
  }
}

/** A reader: its connection and the number of the message it gets next. */
interface Subscriber {
  readonly response: ServerResponse;
  next: number;
  /** When its connection last refused to take more, by the monotonic clock in ms; undefined while it takes. */
  blockedSince: number | undefined;
}

function droppedEvent(count: number | null): string {
  return `event: dropped\ndata: ${JSON.stringify({ count })}\n\n`;
}

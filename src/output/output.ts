import type { AlertOptions } from '../rules/format/alert.ts';
import type { AlertRecord } from './alert-record.ts';
import { type BackoffOptions, backoff, defaultBackoff } from './backoff.ts';
import { internalAlert } from './internal-alert.ts';
import type { Spool, SpoolItem, SpoolState } from './spool.ts';
import type { Timers } from './timers.ts';
import { BusyError, type OutputKind, RefusedError, type Transport } from './transport.ts';

/** How an output is. */
export interface OutputState extends SpoolState {
  readonly kind: OutputKind;
  /** Where to; without credentials. */
  readonly target: string;
  /** Alerts that the receiver took since start. */
  readonly delivered: number;
  /** Attempts that failed since start, those that were refused for good left out. */
  readonly retries: number;
  readonly lastError?: string;
  /** When the receiver failed first since it last took something, ms since the epoch. */
  readonly downSince?: number;
}

export interface OutputParts {
  readonly transport: Transport;
  readonly spool: Spool;
  readonly timers: Timers;
  /** For what the output has to say itself. */
  readonly hostname: string;
  readonly alerts: AlertOptions;
  readonly backoff?: BackoffOptions;
  /** ms that one attempt may take. */
  readonly timeout?: number;
}

/** ms between two syncs of the spool. */
const syncInterval = 1_000;

/**
 * One receiver of alerts: what it cannot take now waits in the spool and is tried again, in order, until it can. What was
 * lost on the way is announced at its place by a record of its own. Never throws.
 */
export class Output {
  readonly #parts: OutputParts;
  readonly #closing = new AbortController();
  /** Wakes the pause between two attempts. */
  #wake: (() => void) | undefined;
  #running: Promise<void> | undefined;
  #cancelSync: (() => void) | undefined;
  #delivered = 0;
  #retries = 0;
  #failures = 0;
  #lastError: string | undefined;
  #downSince: number | undefined;

  constructor(parts: OutputParts) {
    this.#parts = parts;
    this.#start();
  }

  /** Takes an alert. It is in the spool when this returns. */
  offer(record: AlertRecord): void {
    const { spool, timers } = this.#parts;
    spool.append(record);
    this.#cancelSync ??= timers.after(syncInterval, () => {
      this.#cancelSync = undefined;
      void spool.sync();
    });
    this.#start();
  }

  state(): OutputState {
    const { transport, spool } = this.#parts;
    return {
      ...spool.state(),
      kind: transport.kind,
      target: transport.target,
      delivered: this.#delivered,
      retries: this.#retries,
      ...(this.#lastError !== undefined && { lastError: this.#lastError }),
      ...(this.#downSince !== undefined && { downSince: this.#downSince }),
    };
  }

  /** Opens files and connections anew, and tries at once what waits for its next attempt. */
  reopen(): void {
    this.#parts.transport.reopen();
    this.#wake?.();
  }

  /** Waits until nothing waits any more, at most so many ms; returns whether so. */
  async drain(ms: number): Promise<boolean> {
    let isLate = false;
    const late = new Promise<void>((done) => {
      const cancel = this.#parts.timers.after(ms, () => {
        isLate = true;
        done();
      });
      void this.#idle(() => isLate).then(() => {
        cancel();
        done();
      });
    });
    await late;
    return this.#running === undefined;
  }

  async #idle(isGivenUp: () => boolean): Promise<void> {
    while (this.#running !== undefined && !isGivenUp()) await this.#running;
  }

  /** Ends attempts and lets go of everything; what waits stays in the spool. */
  async close(): Promise<void> {
    const { transport, spool } = this.#parts;
    this.#closing.abort(new Error('closed'));
    this.#cancelSync?.();
    this.#wake?.();
    await this.#running;
    try {
      await transport.close();
    } catch (error) {
      this.#lastError = (error as Error).message;
    }
    spool.close();
  }

  #start(): void {
    if (this.#running !== undefined || this.#closing.signal.aborted) return;
    if (this.#parts.spool.peek() === undefined) return;
    this.#running = this.#run().finally(() => {
      this.#running = undefined;
      // A record that came while the last one ended.
      this.#start();
    });
  }

  async #run(): Promise<void> {
    const { spool } = this.#parts;
    for (;;) {
      const item = spool.peek();
      if (item === undefined || this.#closing.signal.aborted) return;
      await this.#attempt(item);
    }
  }

  async #attempt(item: SpoolItem): Promise<void> {
    const { spool, timers } = this.#parts;
    const record = item.kind === 'record' ? item.record : this.#announcement(item.from, item.to);
    try {
      await this.#send(record);
      if (item.kind === 'record') this.#delivered++;
      this.#failures = 0;
      this.#downSince = undefined;
    } catch (error) {
      if (this.#closing.signal.aborted) return;
      const { message } = error as Error;
      this.#lastError = message;
      if (!(error instanceof RefusedError)) {
        this.#retries++;
        this.#failures++;
        this.#downSince ??= timers.now();
        const { backoff: options = defaultBackoff } = this.#parts;
        const pause = backoff(this.#failures, timers.random(), options);
        const asked = error instanceof BusyError ? Math.min(error.retryAfter, options.longest) : 0;
        await this.#sleep(Math.max(pause, asked));
        return;
      }
      spool.setAside({ at: timers.now(), reason: message, record });
    }
    spool.acknowledge(item.kind === 'record' ? item.sequence : item.to);
  }

  /** One attempt, ended by its timeout even if the transport is stuck. */
  async #send(record: AlertRecord): Promise<void> {
    const { transport, timers, timeout = 10_000 } = this.#parts;
    const late = new AbortController();
    const signal = AbortSignal.any([late.signal, this.#closing.signal]);
    const ended = new Promise<never>((_, reject) =>
      signal.addEventListener('abort', () => reject(signal.reason as Error)),
    );
    const cancel = timers.after(timeout, () => late.abort(new Error(`no answer within ${timeout} ms`)));
    try {
      await Promise.race([transport.send(record, signal), ended]);
    } finally {
      cancel();
    }
  }

  async #sleep(ms: number): Promise<void> {
    await new Promise<void>((done) => {
      const cancel = this.#parts.timers.after(ms, done);
      this.#wake = () => {
        cancel();
        done();
      };
    });
    this.#wake = undefined;
  }

  #announcement(from: number, to: number): AlertRecord {
    const { spool, transport, timers, hostname, alerts } = this.#parts;
    const count = to - from + 1;
    const what = count === 1 ? 'alert was' : 'alerts were';
    return internalAlert(
      {
        id: `${spool.id}-lost-${from}-${to}`,
        rule: 'Picket: alerts lost',
        priority: 'Critical',
        message: `${count} ${what} lost before this one: the spool of output ${transport.kind} was full or damaged`,
        fields: { 'picket.output': transport.kind, 'picket.lost': count },
        now: timers.now(),
        hostname,
      },
      alerts,
    );
  }
}

import { closeSync, constants, fstatSync, openSync, write } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { AlertRecord } from '../alert-record.ts';
import { lineOf, type Transport } from '../transport.ts';

const writeTo = promisify(write);
/** Between two attempts at a pipe that is full, ms. */
const fullMs = 20;

/**
 * Lines on a descriptor that is open already, 1 as a rule. Not by a stream: that gives up for good at the first error, and
 * on a pipe that nobody reads it would hold up the whole process.
 */
export class StdoutTransport implements Transport {
  readonly kind = 'stdout';
  readonly target = 'stdout';
  readonly #descriptor: number;
  readonly #isJson: boolean;
  /** The same pipe, opened once more so as not to wait for its reader: a write that waits would keep the process from ending. */
  #pipe: number | undefined;
  /** A write cannot be called back: a record that is tried again waits for the first attempt. */
  #current: { readonly id: string; rest: Buffer; running: Promise<void> | undefined } | undefined;

  constructor(descriptor: number, isJson: boolean) {
    this.#descriptor = descriptor;
    this.#isJson = isJson;
  }

  async send(record: AlertRecord, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    await this.#current?.running?.catch(() => {});
    if (this.#current?.id !== record.id) {
      const rest = Buffer.from(`${lineOf(record, this.#isJson)}\n`);
      this.#current = { id: record.id, rest, running: undefined };
    }
    const current = this.#current;
    const running = this.#write(current, signal);
    current.running = running;
    await running;
  }

  reopen(): void {}

  async close(): Promise<void> {
    const pipe = this.#pipe;
    if (pipe === undefined) return;
    await this.#current?.running?.catch(() => {});
    closeSync(pipe);
    this.#pipe = undefined;
  }

  async #write(current: { rest: Buffer }, signal: AbortSignal): Promise<void> {
    this.#pipe ??= opened(this.#descriptor);
    while (current.rest.length > 0) {
      const bytes = await writeSome(this.#pipe ?? this.#descriptor, current.rest);
      current.rest = current.rest.subarray(bytes);
      if (bytes === 0) await sleep(fullMs, undefined, { signal });
    }
  }
}

/** A pipe's own descriptor for writes that do not wait; undefined for what is no pipe, or has no reader now. */
function opened(descriptor: number): number | undefined {
  try {
    if (!fstatSync(descriptor).isFIFO()) return undefined;
    return openSync(`/proc/self/fd/${descriptor}`, constants.O_WRONLY | constants.O_NONBLOCK);
  } catch {
    return undefined;
  }
}

/** Returns how many bytes were written: 0 where a pipe is full. */
async function writeSome(descriptor: number, bytes: Buffer): Promise<number> {
  try {
    return (await writeTo(descriptor, bytes)).bytesWritten;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return 0;
    throw error;
  }
}

import { write } from 'node:fs';
import { promisify } from 'node:util';
import type { AlertRecord } from '../alert-record.ts';
import { lineOf, type Transport } from '../transport.ts';

const writeTo = promisify(write);

/**
 * Lines on a descriptor that is open already, 1 as a rule. Not by a stream: that gives up for good at the first error, and
 * on a pipe that nobody reads it would hold up the whole process.
 */
export class StdoutTransport implements Transport {
  readonly kind = 'stdout';
  readonly target = 'stdout';
  readonly #descriptor: number;
  readonly #isJson: boolean;
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
    const running = this.#write(current);
    current.running = running;
    await running;
  }

  reopen(): void {}

  async close(): Promise<void> {}

  async #write(current: { rest: Buffer }): Promise<void> {
    while (current.rest.length > 0) {
      const { bytesWritten } = await writeTo(this.#descriptor, current.rest);
      current.rest = current.rest.subarray(bytesWritten);
    }
  }
}

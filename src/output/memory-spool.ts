import type { AlertRecord } from './alert-record.ts';
import type { DeadLetter, Spool, SpoolItem, SpoolState } from './spool.ts';

/** A record with what it counts for. */
interface Held {
  readonly record: AlertRecord;
  readonly bytes: number;
}

/** A spool without a disk, for what need not outlive the process. */
export class MemorySpool implements Spool {
  readonly id: string;
  readonly #limit: number;
  readonly #held = new Map<number, Held>();
  #last = 0;
  #acknowledged = 0;
  #bytes = 0;
  #dropped = 0;
  #deadLettered = 0;
  #current: SpoolItem | undefined;

  /** `limit`: characters of text that it holds at most. */
  constructor(id: string, limit: number) {
    this.id = id;
    this.#limit = limit;
  }

  append(record: AlertRecord): void {
    const bytes = record.text.length + record.json.length;
    this.#held.set(++this.#last, { record, bytes });
    this.#bytes += bytes;
    for (const [sequence, held] of this.#held) {
      if (this.#bytes <= this.#limit) break;
      if (this.#current?.kind === 'record' && this.#current.sequence === sequence) continue;
      this.#held.delete(sequence);
      this.#bytes -= held.bytes;
      this.#dropped++;
    }
  }

  peek(): SpoolItem | undefined {
    this.#current ??= this.#next();
    return this.#current;
  }

  #next(): SpoolItem | undefined {
    const expected = this.#acknowledged + 1;
    if (expected > this.#last) return undefined;
    const [first] = this.#held;
    if (first === undefined) return { kind: 'gap', from: expected, to: this.#last };
    const [sequence, { record }] = first;
    return sequence === expected
      ? { kind: 'record', sequence, record }
      : { kind: 'gap', from: expected, to: sequence - 1 };
  }

  acknowledge(sequence: number): void {
    for (const [held, { bytes }] of this.#held) {
      if (held > sequence) break;
      this.#held.delete(held);
      this.#bytes -= bytes;
    }
    this.#acknowledged = Math.max(this.#acknowledged, sequence);
    this.#current = undefined;
  }

  setAside(_: DeadLetter): void {
    this.#deadLettered++;
  }

  state(): SpoolState {
    return {
      waiting: this.#held.size,
      waitingBytes: this.#bytes,
      dropped: this.#dropped,
      deadLettered: this.#deadLettered,
      diskErrors: 0,
    };
  }

  async sync(): Promise<void> {}

  close(): void {}
}

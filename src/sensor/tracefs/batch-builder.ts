import type { KernelBatch } from '../../flow/kernel-batch.ts';

const bytesPerRecord = 64;
const smallest = 64;

/** The most records of one batch: 1 MiB. */
export const largestBatch = 16_384;

/** The columns of a batch, to be written. */
export type Columns = { -readonly [K in Exclude<keyof KernelBatch, 'count'>]: KernelBatch[K] };

/** All columns as views of one allocation, so that a batch is one transferable. `capacity` is a multiple of 8. */
function allocate(capacity: number): Columns {
  const buffer = new ArrayBuffer(capacity * bytesPerRecord);
  let offset = 0;
  const take = (bytes: number): [ArrayBuffer, number] => {
    const at = offset;
    offset += bytes * capacity;
    return [buffer, at];
  };
  return {
    time: new Float64Array(...take(8), capacity),
    socket: new Uint32Array(...take(8), capacity * 2),
    localAddress: new Uint32Array(...take(16), capacity * 4),
    remoteAddress: new Uint32Array(...take(16), capacity * 4),
    pid: new Int32Array(...take(4), capacity),
    detail: new Int32Array(...take(4), capacity),
    localPort: new Uint16Array(...take(2), capacity),
    remotePort: new Uint16Array(...take(2), capacity),
    kind: new Uint8Array(...take(1), capacity),
    family: new Uint8Array(...take(1), capacity),
    oldState: new Uint8Array(...take(1), capacity),
    newState: new Uint8Array(...take(1), capacity),
  };
}

/** Collects records into columns: starts small, doubles up to a cap, and is handed on without a copy. */
export class BatchBuilder {
  readonly limit: number;
  #capacity = smallest;
  columns: Columns = allocate(smallest);
  count = 0;

  /** `limit` is the most records of one batch. */
  constructor(limit: number = largestBatch) {
    this.limit = limit;
  }

  get full(): boolean {
    return this.count >= this.limit;
  }

  /** Returns the index of a new record whose columns are all 0. Callers look at `full` first. */
  add(): number {
    if (this.count === this.#capacity) this.#grow();
    return this.count++;
  }

  /** Returns the collected records and starts anew; the caller owns the batch's one buffer. */
  take(): { readonly batch: KernelBatch; readonly buffer: ArrayBuffer } {
    const batch: KernelBatch = { ...this.columns, count: this.count };
    const buffer = this.columns.time.buffer as ArrayBuffer;
    // The next batch is likely to be about as large as this one.
    while (this.#capacity > smallest && this.#capacity > this.count * 2) this.#capacity /= 2;
    this.columns = allocate(this.#capacity);
    this.count = 0;
    return { batch, buffer };
  }

  #grow(): void {
    const old = this.columns;
    this.#capacity *= 2;
    const grown = allocate(this.#capacity);
    for (const name of Object.keys(old) as (keyof Columns)[]) grown[name].set(old[name]);
    this.columns = grown;
  }
}

import type { ExportRecord } from '../../flow/export/record.ts';
import { RecordRows } from '../../flow/export/record-rows.ts';
import type { RecordBatch } from './messages.ts';

/** Records of a batch at most. */
export const batchCapacity = 2048;

/** Builds batches of records to be posted. Buffers that come back are used again. */
export class BatchBuilder {
  #rows = new RecordRows(batchCapacity);
  readonly #spare: ArrayBuffer[] = [];
  #exporters: string[] = [];
  #exporterAt = new Uint16Array(batchCapacity);
  #names: [number, string | undefined, string | undefined][] = [];
  readonly #numbers = new Map<string, number>();
  #lastName = '';
  #lastNumber = 0;
  #count = 0;

  get count(): number {
    return this.#count;
  }

  get isFull(): boolean {
    return this.#count === batchCapacity;
  }

  add(record: ExportRecord): void {
    const row = this.#count++;
    this.#rows.write(row, record);
    this.#exporterAt[row] = this.#numberOf(record.exporter);
    if (record.inputName !== undefined || record.outputName !== undefined)
      this.#names.push([row, record.inputName, record.outputName]);
  }

  /** Takes back a buffer. */
  giveBack(buffer: ArrayBuffer): void {
    this.#spare.push(buffer);
  }

  /** Returns the batch, whose buffer goes to whoever gets it, and begins another one. */
  take(): RecordBatch {
    const batch = {
      count: this.#count,
      buffer: this.#rows.buffer,
      exporters: this.#exporters,
      exporterAt: this.#exporterAt.slice(0, this.#count),
      names: this.#names,
    };
    this.#rows = new RecordRows(batchCapacity, this.#spare.pop());
    this.#exporters = [];
    this.#names = [];
    this.#numbers.clear();
    this.#count = 0;
    this.#lastName = '';
    return batch;
  }

  #numberOf(exporter: string): number {
    if (exporter === this.#lastName && this.#exporters.length > 0) return this.#lastNumber;
    let number = this.#numbers.get(exporter);
    if (number === undefined) {
      number = this.#exporters.push(exporter) - 1;
      this.#numbers.set(exporter, number);
    }
    this.#lastName = exporter;
    this.#lastNumber = number;
    return number;
  }
}

/** Calls back with each record of a batch; it is the same object again and again, valid during the call. */
export function eachRecord(
  batch: RecordBatch,
  record: ExportRecord,
  take: (record: ExportRecord) => void,
): void {
  const rows = new RecordRows(batchCapacity, batch.buffer);
  for (const [row, input, output] of batch.names) rows.setNames(row, input, output);
  for (let row = 0; row < batch.count; row++) {
    rows.exporters[row] = batch.exporters[batch.exporterAt[row]!]!;
    rows.read(row, record);
    take(record);
  }
}

import type { ExportDecoder, ExportOptions } from './export-decoder.ts';
import type { RecordSink } from './record.ts';
import { SetDecoder } from './set-decoder.ts';
import type { TemplateField } from './template.ts';
import { restoreTemplates, snapshotOf, type TemplateSnapshot } from './template-snapshot.ts';

/** What the decoders of NetFlow version 9 and IPFIX share beside {@link SetDecoder}: what they know, and what they counted. */
export abstract class TemplatedDecoder implements ExportDecoder {
  protected readonly sets: SetDecoder;
  readonly #protocol: TemplateSnapshot['protocol'];
  readonly #fields: (definition: Uint8Array) => TemplateField[];

  /** `fields` makes the fields of a template from its definition. */
  constructor(
    protocol: TemplateSnapshot['protocol'],
    options: ExportOptions,
    fields: (definition: Uint8Array) => TemplateField[],
  ) {
    this.sets = new SetDecoder(protocol, options);
    this.#protocol = protocol;
    this.#fields = fields;
  }

  abstract decode(
    bytes: Uint8Array,
    exporter: string,
    arrival: number,
    sink: RecordSink,
    port?: number,
  ): void;

  /** What is known of templates, samplers and interfaces, for {@link restore} after a restart. */
  templates(): TemplateSnapshot {
    return snapshotOf(this.#protocol, this.sets);
  }

  /** Puts back what {@link templates} gave. Returns how many templates were; what does not fit is left out. */
  restore(snapshot: TemplateSnapshot, now: number): number {
    return restoreTemplates(this.#protocol, this.sets, snapshot, now, this.#fields);
  }

  *exporters() {
    for (const { address, lastAt, counters } of this.sets.table.all())
      yield { exporter: address, lastAt, counters };
  }

  get forgotten() {
    return { count: this.sets.table.evicted, counters: this.sets.table.retired };
  }

  stateBytes(): number {
    return this.sets.bytes;
  }
}

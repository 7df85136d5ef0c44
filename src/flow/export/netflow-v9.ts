import type { ExportDecoder, ExportOptions } from './export-decoder.ts';
import { u16, u32 } from './octets.ts';
import type { RecordSink } from './record.ts';
import { type SetContext, SetDecoder } from './set-decoder.ts';
import type { TemplateField } from './template.ts';
import { restoreTemplates, snapshotOf, type TemplateSnapshot } from './template-snapshot.ts';

const headerLength = 20;
const templateSet = 0;
const optionsSet = 1;
const firstData = 256;

/** Decodes NetFlow version 9 (RFC 3954). The source id is the domain; its sequence counts datagrams. */
export class NetflowV9Decoder implements ExportDecoder {
  readonly #sets: SetDecoder;

  constructor(options: ExportOptions = {}) {
    this.#sets = new SetDecoder('netflow-v9', options);
  }

  decode(bytes: Uint8Array, exporter: string, arrival: number, sink: RecordSink, port = 0): void {
    const { table } = this.#sets;
    const from = table.exporter(exporter, arrival);
    const { counters } = from;
    counters.datagrams++;
    counters.bytes += bytes.length;
    if (bytes.length < headerLength || u16(bytes, 0) !== 9) {
      counters.refused++;
      counters.drop(bytes.length < headerLength ? 'short-datagram' : 'version');
      return;
    }
    this.#sets.expire(arrival);
    const uptime = u32(bytes, 4);
    const domain = table.domain(from, u32(bytes, 16));
    const context = { domain, arrival, exportTime: u32(bytes, 8) * 1000, uptime, sink };
    // The header's count of records is not needed, and not trusted.
    for (let at = headerLength; bytes.length - at >= 4; ) {
      const id = u16(bytes, at);
      const length = u16(bytes, at + 2);
      if (length < 4) {
        counters.drop('set-length');
        break;
      }
      // Of a set that is cut off, what is there.
      if (length > bytes.length - at) counters.drop('set-length');
      const end = Math.min(at + length, bytes.length);
      if (id >= firstData) this.#sets.data(context, id, bytes, at + 4, end);
      else if (id === templateSet) this.#templates(context, bytes, at + 4, end);
      else if (id === optionsSet) this.#optionTemplates(context, bytes, at + 4, end);
      else counters.drop('set-id');
      at = end;
    }
    domain.sequence.take(port, u32(bytes, 12), uptime, 1, u16(bytes, 2), counters);
  }

  #templates(context: SetContext, bytes: Uint8Array, start: number, end: number): void {
    for (let at = start; end - at >= 4; ) {
      const id = u16(bytes, at);
      const size = u16(bytes, at + 2) * 4;
      at += 4;
      if (id === 0 && size === 0) return;
      if (id < firstData || size > end - at) {
        context.domain.exporter.counters.drop('template');
        return;
      }
      this.#sets.define(context, id, false, 0, bytes.subarray(at, at + size), fieldsOf);
      at += size;
    }
  }

  #optionTemplates(context: SetContext, bytes: Uint8Array, start: number, end: number): void {
    for (let at = start; end - at >= 6; ) {
      const id = u16(bytes, at);
      const scope = u16(bytes, at + 2);
      const size = scope + u16(bytes, at + 4);
      at += 6;
      if (id === 0 && size === 0) return;
      if (id < firstData || size > end - at || scope % 4 !== 0 || size % 4 !== 0) {
        context.domain.exporter.counters.drop('template');
        return;
      }
      this.#sets.define(context, id, true, scope / 4, bytes.subarray(at, at + size), fieldsOf);
      at += size;
    }
  }

  /** What is known of templates, samplers and interfaces, for {@link restore} after a restart. */
  templates(): TemplateSnapshot {
    return snapshotOf('netflow-v9', this.#sets);
  }

  /** Puts back what {@link templates} gave. Returns how many templates were; what does not fit is left out. */
  restore(snapshot: TemplateSnapshot, now: number): number {
    return restoreTemplates('netflow-v9', this.#sets, snapshot, now, fieldsOf);
  }

  *exporters() {
    for (const { address, lastAt, counters } of this.#sets.table.all())
      yield { exporter: address, lastAt, counters };
  }

  get forgotten() {
    return { count: this.#sets.table.evicted, counters: this.#sets.table.retired };
  }

  stateBytes(): number {
    return this.#sets.bytes;
  }
}

function fieldsOf(definition: Uint8Array): TemplateField[] {
  const fields: TemplateField[] = [];
  for (let at = 0; at + 4 <= definition.length; at += 4)
    fields.push({ element: u16(definition, at), enterprise: 0, length: u16(definition, at + 2) });
  return fields;
}

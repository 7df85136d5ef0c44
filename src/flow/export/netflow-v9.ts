import type { ExportOptions } from './export-decoder.ts';
import { u16, u32 } from './octets.ts';
import type { RecordSink } from './record.ts';
import { firstData, type SetContext } from './set-decoder.ts';
import type { TemplateField } from './template.ts';
import { TemplatedDecoder } from './templated-decoder.ts';

const headerLength = 20;
const templateSet = 0;
const optionsSet = 1;

/** Decodes NetFlow version 9 (RFC 3954). The source id is the domain; its sequence counts datagrams. */
export class NetflowV9Decoder extends TemplatedDecoder {
  constructor(options: ExportOptions = {}) {
    super('netflow-v9', options, fieldsOf);
  }

  decode(bytes: Uint8Array, exporter: string, arrival: number, sink: RecordSink, port = 0): void {
    const { table } = this.sets;
    const from = table.exporter(exporter, arrival);
    const { counters } = from;
    counters.datagrams++;
    counters.bytes += bytes.length;
    if (bytes.length < headerLength || u16(bytes, 0) !== 9) {
      counters.refused++;
      counters.drop(bytes.length < headerLength ? 'short-datagram' : 'version');
      return;
    }
    this.sets.expire(arrival);
    const uptime = u32(bytes, 4);
    const domain = table.domain(from, u32(bytes, 16));
    const context = { domain, arrival, exportTime: u32(bytes, 8) * 1000, uptime, sink };
    // The header's count of records is not needed, and not trusted.
    this.sets.sets(context, bytes, headerLength, bytes.length, (id, start, end) => {
      if (id === templateSet) this.#templates(context, bytes, start, end);
      else if (id === optionsSet) this.#optionTemplates(context, bytes, start, end);
      else return false;
      return true;
    });
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
      this.sets.define(context, id, false, 0, bytes.subarray(at, at + size), fieldsOf);
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
      this.sets.define(context, id, true, scope / 4, bytes.subarray(at, at + size), fieldsOf);
      at += size;
    }
  }
}

function fieldsOf(definition: Uint8Array): TemplateField[] {
  const fields: TemplateField[] = [];
  for (let at = 0; at + 4 <= definition.length; at += 4)
    fields.push({ element: u16(definition, at), enterprise: 0, length: u16(definition, at + 2) });
  return fields;
}

import type { ExportOptions } from './export-decoder.ts';
import { u16, u32 } from './octets.ts';
import type { RecordSink } from './record.ts';
import { firstData, type SetContext } from './set-decoder.ts';
import type { TemplateField } from './template.ts';
import { TemplatedDecoder } from './templated-decoder.ts';

const headerLength = 16;
const templateSet = 2;
const optionsSet = 3;
const enterpriseBit = 0x8000;

/** Decodes IPFIX (RFC 7011), one message in a datagram, with the reverse elements of RFC 5103. Its sequence counts records of data. */
export class IpfixDecoder extends TemplatedDecoder {
  constructor(options: ExportOptions = {}) {
    super('ipfix', options, fieldsOf);
  }

  decode(bytes: Uint8Array, exporter: string, arrival: number, sink: RecordSink, port = 0): void {
    const { table } = this.sets;
    const from = table.exporter(exporter, arrival);
    const { counters } = from;
    counters.datagrams++;
    counters.bytes += bytes.length;
    const length = bytes.length < headerLength ? 0 : u16(bytes, 2);
    if (length < headerLength || u16(bytes, 0) !== 10) {
      counters.refused++;
      counters.drop(
        bytes.length < headerLength ? 'short-datagram' : u16(bytes, 0) !== 10 ? 'version' : 'message-length',
      );
      return;
    }
    if (length !== bytes.length) counters.drop('message-length');
    const messageEnd = Math.min(length, bytes.length);
    this.sets.expire(arrival);
    const domain = table.domain(from, u32(bytes, 12));
    const context = { domain, arrival, exportTime: u32(bytes, 4) * 1000, uptime: -1, sink };
    const optionsBefore = counters.optionRecords;
    const records = this.sets.sets(context, bytes, headerLength, messageEnd, (id, start, end) => {
      if (id !== templateSet && id !== optionsSet) return false;
      this.#templates(context, id, bytes, start, end);
      return true;
    });
    const flows = records < 0 ? -1 : records - (counters.optionRecords - optionsBefore);
    domain.sequence.take(port, u32(bytes, 8), -1, records, flows, counters);
  }

  #templates(context: SetContext, set: number, bytes: Uint8Array, start: number, end: number): void {
    const isOptions = set === optionsSet;
    for (let at = start; end - at >= 4; ) {
      const id = u16(bytes, at);
      const count = u16(bytes, at + 2);
      at += 4;
      if (count === 0) {
        if (id === 0) return; // padding
        // RFC 7011 §8.1: without fields a template is withdrawn, under the id of the set all of its kind.
        if (id >= firstData) this.sets.withdraw(context, id, isOptions);
        else if (id === set) this.sets.withdraw(context, undefined, isOptions);
        else context.domain.exporter.counters.drop('template');
        continue;
      }
      let scopeCount = 0;
      if (isOptions && end - at >= 2) {
        scopeCount = u16(bytes, at);
        at += 2;
      }
      const fieldsEnd = endOfFields(bytes, at, end, count);
      if (id < firstData || fieldsEnd < 0 || scopeCount > count) {
        context.domain.exporter.counters.drop('template');
        return;
      }
      this.sets.define(context, id, isOptions, scopeCount, bytes.subarray(at, fieldsEnd), fieldsOf);
      at = fieldsEnd;
    }
  }
}

/** Where `count` field specifiers end that begin at `start`; -1 where that is after `end`. */
function endOfFields(bytes: Uint8Array, start: number, end: number, count: number): number {
  let at = start;
  for (let i = 0; i < count; i++) {
    if (end - at < 4) return -1;
    at += u16(bytes, at) >= enterpriseBit ? 8 : 4;
  }
  return at > end ? -1 : at;
}

function fieldsOf(definition: Uint8Array): TemplateField[] {
  const fields: TemplateField[] = [];
  for (let at = 0; at + 4 <= definition.length; at += 4) {
    const element = u16(definition, at);
    const length = u16(definition, at + 2);
    if (element < enterpriseBit) fields.push({ element, enterprise: 0, length });
    else {
      fields.push({ element: element - enterpriseBit, enterprise: u32(definition, at + 4), length });
      at += 4;
    }
  }
  return fields;
}

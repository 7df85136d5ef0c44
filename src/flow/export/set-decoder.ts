import { Frame } from '../capture/frame.ts';
import { Packet } from '../packet/packet.ts';
import { Slot } from './elements.ts';
import type { ExportOptions } from './export-decoder.ts';
import { type Domain, defaultExportLimits, ExporterTable } from './exporter-table.ts';
import { fillRecord, rateOfSlots } from './fill-record.ts';
import { HeldSets } from './held-sets.ts';
import { u16 } from './octets.ts';
import { type ExportProtocol, ExportRecord, type RecordSink, Told } from './record.ts';
import { RecordReader } from './record-reader.ts';
import { Template, type TemplateLayout } from './template.ts';

/** What a header says of all sets after it. */
export interface SetContext {
  domain: Domain;
  /** Milliseconds since the epoch. */
  arrival: number;
  exportTime: number;
  /** Milliseconds since the exporter started; -1 where the protocol does not tell it. */
  uptime: number;
  sink: RecordSink;
}

/** Approximate bytes of a template, of each of its fields, of a rate, of a name beside its letters. */
const templateBytes = 512;
const fieldBytes = 64;
const rateBytes = 64;
const nameBytes = 96;
const longestName = 64;

/** Ids below are those of templates. */
export const firstData = 256;

const ethernet = 1;
const rawIp = 101;

/** The part that NetFlow version 9 and IPFIX share: templates, and sets of data and of options that follow them. */
export class SetDecoder {
  readonly table: ExporterTable;
  readonly #isIpfix: boolean;
  readonly #held: HeldSets;
  readonly #packets: ExportOptions['packets'];
  readonly #frame = new Frame();
  readonly #sampled = new Packet();
  readonly #reader = new RecordReader();
  readonly #record = new ExportRecord();
  readonly #text = new TextDecoder();
  /** The template that record and reader were cleared for. */
  #current: Template | undefined;

  constructor(by: ExportProtocol, { limits = {}, samplingRate = () => undefined, packets }: ExportOptions) {
    const all = { ...defaultExportLimits, ...limits };
    this.#isIpfix = by === 'ipfix';
    this.#held = new HeldSets(all.heldBytes, all.heldMs);
    this.table = new ExporterTable(all, samplingRate, this.#isIpfix ? 'records' : 'datagrams', (domain) =>
      this.#held.forget(domain),
    );
    this.#packets = packets;
    this.#record.by = by;
  }

  /** Approximate bytes of all that is remembered. */
  get bytes(): number {
    return this.table.bytes + this.#held.bytes;
  }

  /** Drops sets that have waited too long. */
  expire(now: number): void {
    this.#held.expire(now);
  }

  /**
   * Learns a template. `fields` makes its fields from the definition; it is asked only when the template is new or has changed. Then decodes what
   * has waited for it.
   */
  define(
    context: SetContext,
    id: number,
    isOptions: boolean,
    scopeCount: number,
    definition: Uint8Array,
    fields: (definition: Uint8Array) => TemplateLayout['fields'],
  ): void {
    const { domain } = context;
    const { counters } = domain.exporter;
    const known = domain.templates.get(id);
    if (
      known !== undefined &&
      known.layout.isOptions === isOptions &&
      known.layout.scopeCount === scopeCount &&
      sameBytes(known.definition, definition)
    ) {
      known.toldAt = context.arrival;
      domain.templates.delete(id);
      domain.templates.set(id, known);
      return;
    }
    const layout = { id, isOptions, scopeCount, fields: fields(definition) };
    const template =
      layout.fields.length > this.table.limits.fields
        ? undefined
        : Template.of(layout, new Uint8Array(definition), this.#isIpfix);
    if (template === undefined) {
      counters.drop('template');
      return;
    }
    template.toldAt = context.arrival;
    if (known !== undefined) {
      counters.templatesRedefined++;
      this.#remove(domain, known);
    } else if (domain.templates.size >= this.table.limits.templates) {
      const [oldest] = domain.templates.values();
      this.#remove(domain, oldest!);
      counters.templatesEvicted++;
    }
    domain.templates.set(id, template);
    if (isOptions) counters.optionTemplates++;
    else counters.templates++;
    this.table.charge(domain, bytesOf(template));
    for (const set of this.#held.take(domain, id)) {
      const { arrival, exportTime, uptime } = set;
      this.#records({ ...context, arrival, exportTime, uptime }, template, set.bytes, 0, set.bytes.length);
      counters.heldDecoded++;
    }
  }

  /** Forgets a template, or all of flows (`id` undefined) or of options. */
  withdraw({ domain }: SetContext, id: number | undefined, isOptions: boolean): void {
    for (const template of id === undefined ? [...domain.templates.values()] : [domain.templates.get(id)]) {
      if (template === undefined || (id === undefined && template.layout.isOptions !== isOptions)) continue;
      this.#remove(domain, template);
      domain.exporter.counters.templatesWithdrawn++;
    }
  }

  #remove(domain: Domain, template: Template): void {
    domain.templates.delete(template.layout.id);
    this.table.charge(domain, -bytesOf(template));
  }

  /**
   * Reads the sets from `start` to `end`: those of data, and by `special` all others, which tells whether it knows the id. Returns how many records
   * the data has, -1 for unknown.
   */
  sets(
    context: SetContext,
    bytes: Uint8Array,
    start: number,
    end: number,
    special: (id: number, start: number, end: number) => boolean,
  ): number {
    const { counters } = context.domain.exporter;
    let records = 0;
    for (let at = start; end - at >= 4; ) {
      const id = u16(bytes, at);
      const size = u16(bytes, at + 2);
      if (size < 4) {
        counters.drop('set-length');
        break;
      }
      // Of a set that is cut off, what is there; how many records it had is not known then.
      if (size > end - at) {
        counters.drop('set-length');
        records = -1;
      }
      const setEnd = Math.min(at + size, end);
      if (id >= firstData) {
        const count = this.#data(context, id, bytes, at + 4, setEnd);
        records = count < 0 || records < 0 ? -1 : records + count;
      } else if (!special(id, at + 4, setEnd)) counters.drop('set-id');
      at = setEnd;
    }
    return records;
  }

  /** Decodes a set of data, or keeps it until its template comes. Returns how many records it has, -1 for unknown. */
  #data(context: SetContext, id: number, bytes: Uint8Array, start: number, end: number): number {
    const { domain } = context;
    const { counters } = domain.exporter;
    counters.dataSets++;
    const template = domain.templates.get(id);
    if (template !== undefined) return this.#records(context, template, bytes, start, end);
    const { arrival, exportTime, uptime } = context;
    this.#held.hold({
      domain,
      template: id,
      bytes: new Uint8Array(bytes.subarray(start, end)),
      arrival,
      exportTime,
      uptime,
    });
    return -1;
  }

  #records(context: SetContext, template: Template, bytes: Uint8Array, start: number, end: number): number {
    const { domain, exportTime, uptime, sink } = context;
    const { counters } = domain.exporter;
    const reader = this.#reader;
    const record = this.#record;
    const { recordLength, isFixed } = template;
    const { isOptions } = template.layout;
    const hasPacket = template.fills[Slot.Frame] === 1 || template.fills[Slot.IpPacket] === 1;
    if (this.#current !== template) {
      reader.clear();
      record.clear();
      this.#current = template;
    }
    record.exporter = domain.exporter.address;
    record.domain = domain.id;
    record.arrival = context.arrival;
    counters.dataSetsDecoded++;
    let count = 0;
    let at = start;
    // What is shorter than the shortest record is padding (RFC 7011 §3.3.1).
    while (end - at >= recordLength) {
      if (isFixed) {
        reader.readFixed(template, bytes, at);
        at += recordLength;
      } else {
        const next = reader.readVarying(template, bytes, at, end);
        if (next < 0) break;
        at = next;
      }
      count++;
      if (isOptions) {
        this.#option(domain, template, bytes);
        continue;
      }
      if (hasPacket) record.clear();
      if (fillRecord(record, template, reader, domain, exportTime, uptime)) counters.timesReversed++;
      if (hasPacket) this.#packet(template, bytes);
      if ((record.present & Told.Addresses) === 0) counters.recordsWithoutAddresses++;
      else {
        counters.records++;
        sink(record);
      }
    }
    if (isOptions) counters.optionRecords += count;
    if (end - at >= recordLength || count === 0) counters.drop('record-length');
    return count;
  }

  /** Reads the sampled packet of a record. Counters that the record has besides stay. */
  #packet(template: Template, bytes: Uint8Array): void {
    const record = this.#record;
    const { slots } = this.#reader;
    const isFrame = template.fills[Slot.Frame] === 1;
    const slot = isFrame ? Slot.Frame : Slot.IpPacket;
    const frame = this.#frame;
    frame.bytes = bytes;
    frame.start = slots[slot]!;
    // A section of fixed length may be filled up; element 410 says how much of it is the packet.
    const length = Math.min(slots[slot + 1]!, slots[Slot.SectionLength]! || slots[slot + 1]!);
    frame.end = frame.start + length;
    frame.wireLength = slots[Slot.FrameSize]! || length;
    frame.linkType = isFrame ? ethernet : rawIp;
    if (this.#packets === undefined || this.#packets.decode(frame, this.#sampled) !== 0) return;
    const { present, rawPackets, rawBytes, samplingRate } = record;
    record.takePacket(this.#sampled, samplingRate);
    const hasPackets = (present & Told.Packets) !== 0;
    const hasBytes = (present & Told.Bytes) !== 0;
    if (!hasPackets && !hasBytes) return;
    record.count(hasPackets ? rawPackets : 1, hasBytes ? rawBytes : record.rawBytes, 0, 0, samplingRate);
  }

  /** Takes what a record of options tells: rates, names of interfaces, when the exporter started. */
  #option(domain: Domain, template: Template, bytes: Uint8Array): void {
    const { slots } = this.#reader;
    const { fills } = template;
    const interfaceSlot =
      fills[Slot.Input] === 1 ? Slot.Input : fills[Slot.Output] === 1 ? Slot.Output : undefined;
    if (template.tellsRate) {
      const rate = rateOfSlots(slots);
      if (fills[Slot.SamplerId] === 1) this.rate(domain, 'sampler', slots[Slot.SamplerId]!, rate);
      else if (interfaceSlot !== undefined) this.rate(domain, 'interface', slots[interfaceSlot]!, rate);
      else domain.sampling.setDomain(rate);
    }
    if (fills[Slot.SystemInit] === 1) domain.systemInit = slots[Slot.SystemInit]!;
    if (interfaceSlot !== undefined) {
      const name =
        this.#textAt(template, Slot.InterfaceName, bytes) ||
        this.#textAt(template, Slot.InterfaceDescription, bytes);
      if (name !== '') this.name(domain, slots[interfaceSlot]!, name);
    }
  }

  /** Keeps the rate of a sampler or an interface. */
  rate(domain: Domain, of: 'sampler' | 'interface', id: number, rate: number): void {
    const { sampling } = domain;
    const before = sampling.size;
    if (of === 'sampler') sampling.setSampler(id, rate);
    else sampling.setInterface(id, rate);
    if (sampling.size !== before) this.table.charge(domain, (sampling.size - before) * rateBytes);
  }

  /** Keeps the name of an interface; the one set longest ago makes room. */
  name(domain: Domain, index: number, name: string): void {
    const { names } = domain;
    const before = names.get(index);
    names.delete(index);
    let charge = before === undefined ? nameBytes + name.length * 2 : (name.length - before.length) * 2;
    if (names.size >= this.table.limits.interfaces) {
      const [oldest] = names;
      names.delete(oldest![0]);
      charge -= nameBytes + oldest![1].length * 2;
    }
    names.set(index, name);
    this.table.charge(domain, charge);
  }

  #textAt(template: Template, slot: number, bytes: Uint8Array): string {
    if (template.fills[slot] !== 1) return '';
    const { slots } = this.#reader;
    const start = slots[slot]!;
    const section = bytes.subarray(start, start + Math.min(slots[slot + 1]!, longestName * 4));
    const zero = section.indexOf(0);
    return this.#text
      .decode(zero < 0 ? section : section.subarray(0, zero))
      .replace(/[\u0000-\u001f\u007f-\u009f]/g, '')
      .trim()
      .slice(0, longestName);
  }
}

function bytesOf({ layout }: Template): number {
  return templateBytes + layout.fields.length * fieldBytes;
}

function sameBytes(one: Uint8Array, other: Uint8Array): boolean {
  if (one.length !== other.length) return false;
  for (let i = 0; i < one.length; i++) if (one[i] !== other[i]) return false;
  return true;
}

import type { ExportDecoder, ExportOptions } from './export-decoder.ts';
import { defaultExportLimits, type Exporter, ExporterTable } from './exporter-table.ts';
import { u16, u32 } from './octets.ts';
import { ExportRecord, type RecordSink, Told } from './record.ts';

const headerLength = 24;
const recordLength = 48;
const icmp = 1;
const tcp = 6;
/** What every record of version 5 has. */
const told =
  Told.Addresses |
  Told.Ports |
  Told.Protocol |
  Told.Packets |
  Told.Bytes |
  Told.Start |
  Told.End |
  Told.Input |
  Told.Output;

/**
 * Decodes NetFlow version 5 (Cisco, "NetFlow Export Datagram Formats"): a header of 24 bytes and up to 30 records of 48. The exporter's engine
 * is the domain. Its sampling rate is what the low 14 bits of the header's last field say, whatever the mode above them: several exporters leave that 0.
 */
export class NetflowV5Decoder implements ExportDecoder {
  readonly #table: ExporterTable;
  readonly #record = new ExportRecord();

  constructor({ limits = {}, samplingRate = () => undefined }: ExportOptions = {}) {
    this.#table = new ExporterTable({ ...defaultExportLimits, ...limits }, samplingRate, 'records');
    this.#record.by = 'netflow-v5';
  }

  decode(bytes: Uint8Array, exporter: string, arrival: number, sink: RecordSink, port = 0): void {
    const from = this.#table.exporter(exporter, arrival);
    const { counters } = from;
    counters.datagrams++;
    counters.bytes += bytes.length;
    if (bytes.length < headerLength || u16(bytes, 0) !== 5) {
      counters.refused++;
      counters.drop(bytes.length < headerLength ? 'short-datagram' : 'version');
      return;
    }
    const count = u16(bytes, 2);
    const present = Math.floor((bytes.length - headerLength) / recordLength);
    if (count > present) counters.drop('record-count');
    const domain = this.#table.domain(from, u16(bytes, 20));
    this.#records(bytes, Math.min(count, present), from, domain.id, arrival, sink);
    domain.sequence.take(port, u32(bytes, 16), u32(bytes, 4), count, -1, counters);
  }

  #records(
    bytes: Uint8Array,
    count: number,
    { address, configuredRate, counters }: Exporter,
    engine: number,
    arrival: number,
    sink: RecordSink,
  ): void {
    const record = this.#record;
    record.clear();
    record.exporter = address;
    record.domain = engine;
    record.arrival = arrival;
    record.family = 4;
    const uptime = u32(bytes, 4);
    const nanoseconds = u32(bytes, 12);
    const exportTime = u32(bytes, 8) * 1000 + (nanoseconds < 1e9 ? nanoseconds / 1e6 : 0);
    const interval = u16(bytes, 22) & 0x3fff;
    const rate = interval || configuredRate || 1;
    const always = told | (interval > 0 ? Told.Sampling : 0);
    for (let i = 0, at = headerLength; i < count; i++, at += recordLength) {
      record.present = always;
      record.source[3] = u32(bytes, at);
      record.destination[3] = u32(bytes, at + 4);
      record.input = u16(bytes, at + 12);
      record.output = u16(bytes, at + 14);
      record.count(u32(bytes, at + 16), u32(bytes, at + 20), 0, 0, rate);
      const last = u32(bytes, at + 28);
      const duration = (last - u32(bytes, at + 24)) >>> 0;
      record.end = exportTime - ((uptime - last) | 0);
      if (duration < 0x80000000) record.start = record.end - duration;
      else {
        record.start = record.end;
        counters.timesReversed++;
      }
      record.sourcePort = u16(bytes, at + 32);
      record.destinationPort = u16(bytes, at + 34);
      const protocol = bytes[at + 38]!;
      record.protocol = protocol;
      record.tos = bytes[at + 39]!;
      record.tcpFlags = 0;
      record.icmpType = -1;
      record.icmpCode = 0;
      if (protocol === tcp) {
        record.present |= Told.TcpFlags;
        record.tcpFlags = bytes[at + 37]!;
      } else if (protocol === icmp) {
        record.present |= Told.Icmp;
        record.icmpType = record.destinationPort >>> 8;
        record.icmpCode = record.destinationPort & 0xff;
        record.sourcePort = 0;
        record.destinationPort = 0;
      }
      counters.records++;
      sink(record);
    }
  }

  *exporters() {
    for (const { address, lastAt, counters } of this.#table.all())
      yield { exporter: address, lastAt, counters };
  }

  get forgotten() {
    return { count: this.#table.evicted, counters: this.#table.retired };
  }

  stateBytes(): number {
    return this.#table.bytes;
  }
}

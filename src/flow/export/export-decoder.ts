import type { ExporterCounters, ExportLimits } from './exporter-table.ts';
import type { RecordSink } from './record.ts';
import type { HeaderDecoder } from './sflow/sample-reader.ts';

/** What decoders of exports are set up with. */
export interface ExportOptions {
  /** Limits other than the usual ones. */
  readonly limits?: Partial<ExportLimits>;
  /** One packet in so many that the exporter of this address looks at, where it does not tell itself; undefined for unknown. */
  readonly samplingRate?: (exporter: string) => number | undefined;
  /** Reads sampled packets that records carry; a `PacketDecoder`. Without it such records have no conversation. */
  readonly packets?: HeaderDecoder;
}

/** Decodes one protocol. It keeps what it learns of each exporter, which is who a datagram came from: an address, whatever the port. */
export interface ExportDecoder {
  /**
   * Decodes a datagram and hands its records to the sink. `exporter` is the canonical text of the address that it came from, `arrival` when, in
   * milliseconds since the epoch; `port` serves only to tell sequences apart. Never throws, but for what the sink throws.
   */
  decode(bytes: Uint8Array, exporter: string, arrival: number, sink: RecordSink, port?: number): void;
  /** What each exporter that is remembered sent, and what became of it. */
  exporters(): Iterable<{
    readonly exporter: string;
    readonly lastAt: number;
    readonly counters: ExporterCounters;
  }>;
  /** The same of all exporters that were forgotten to make room, and how many they were. */
  readonly forgotten: { readonly count: number; readonly counters: ExporterCounters };
  /** Approximate bytes of what is remembered. */
  stateBytes(): number;
}

import type { ExportDecoder } from './export-decoder.ts';
import { u16, u32 } from './octets.ts';
import type { ExportProtocol, RecordSink } from './record.ts';
import type { SflowDecoder } from './sflow.ts';

/**
 * Returns what a datagram is an export of, by the version that it begins with, or undefined for none. The version of sFlow is the same number as that of
 * NetFlow 5, in four bytes instead of two.
 */
export function exportProtocolOf(bytes: Uint8Array): ExportProtocol | undefined {
  if (bytes.length < 4) return undefined;
  if (u32(bytes, 0) === 5) return 'sflow';
  switch (u16(bytes, 0)) {
    case 5:
      return 'netflow-v5';
    case 9:
      return 'netflow-v9';
    case 10:
      return 'ipfix';
    default:
      return undefined;
  }
}

/** One decoder for each protocol that is wanted. */
export interface ExportDecoders {
  readonly 'netflow-v5'?: ExportDecoder;
  readonly 'netflow-v9'?: ExportDecoder;
  readonly ipfix?: ExportDecoder;
  readonly sflow?: Pick<SflowDecoder, 'decode'>;
}

/** Hands each datagram to the decoder of its protocol. */
export class DetectingDecoder {
  readonly decoders: ExportDecoders;
  #unknown = 0;

  constructor(decoders: ExportDecoders) {
    this.decoders = decoders;
  }

  /** Datagrams of no protocol that there is a decoder for. */
  get unknown(): number {
    return this.#unknown;
  }

  /** Decodes a datagram, as {@link ExportDecoder.decode} does. Returns its protocol, undefined where there is no decoder for it. */
  decode(
    bytes: Uint8Array,
    exporter: string,
    arrival: number,
    sink: RecordSink,
    port = 0,
  ): ExportProtocol | undefined {
    const protocol = exportProtocolOf(bytes);
    if (protocol === undefined || this.decoders[protocol] === undefined) {
      this.#unknown++;
      return undefined;
    }
    if (protocol === 'sflow') this.decoders.sflow!.decode(bytes, exporter, arrival, sink);
    else this.decoders[protocol]!.decode(bytes, exporter, arrival, sink, port);
    return protocol;
  }
}

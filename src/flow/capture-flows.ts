import type { Frame } from './capture/frame.ts';
import { CaptureReader } from './capture/read-capture.ts';
import { DropReason } from './packet/drop-reason.ts';
import { PacketDecoder, type PacketDecoderOptions } from './packet/packet-decoder.ts';
import { PacketFlows, type PacketFlowsOptions, type PacketFlowsSink } from './table/packet-flows.ts';
import { PacketQueue } from './table/packet-queue.ts';

/**
 * Makes flows of a capture file, pcap or pcapng, that comes in pieces of any size: reader, decoder and table in one. Each of the three has
 * its counters; frames read = packets counted in flows + frames dropped by the decoder's reasons.
 */
export class CaptureFlows {
  readonly reader: CaptureReader = new CaptureReader((frame) => this.#add(frame));
  readonly decoder: PacketDecoder;
  readonly flows: PacketFlows;
  readonly #queue: PacketQueue;

  constructor(
    options: PacketFlowsOptions & { readonly decoder?: PacketDecoderOptions },
    sink: PacketFlowsSink,
  ) {
    this.decoder = new PacketDecoder(options.decoder);
    this.flows = new PacketFlows(options, sink);
    this.#queue = new PacketQueue(this.flows);
  }

  /** Takes the next piece of the file; it may be used again afterwards. */
  push(chunk: Uint8Array): void {
    this.reader.push(chunk);
    this.#queue.flush();
  }

  /** Nothing more comes: all flows that are left are told. */
  end(): void {
    this.reader.end();
    this.flows.end();
  }

  #add(frame: Frame): void {
    if (this.decoder.decode(frame, this.#queue.next) === DropReason.Decoded) this.#queue.take(frame.bytes);
  }
}

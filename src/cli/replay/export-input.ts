import { CaptureReader } from '../../flow/capture/read-capture.ts';
import { DetectingDecoder } from '../../flow/export/detect.ts';
import type { ExportDecoder } from '../../flow/export/export-decoder.ts';
import { addressOf, flowOf } from '../../flow/export/flow-of.ts';
import { IpfixDecoder } from '../../flow/export/ipfix.ts';
import { DirectionJoiner } from '../../flow/export/join-directions.ts';
import { NetflowV5Decoder } from '../../flow/export/netflow-v5.ts';
import { NetflowV9Decoder } from '../../flow/export/netflow-v9.ts';
import { Told } from '../../flow/export/record.ts';
import { SflowDecoder } from '../../flow/export/sflow.ts';
import type { Flow } from '../../flow/flow.ts';
import { DropReason } from '../../flow/packet/drop-reason.ts';
import { Packet } from '../../flow/packet/packet.ts';
import { PacketDecoder } from '../../flow/packet/packet-decoder.ts';
import { formatAddress } from '../../net/address.ts';
import { Protocol } from '../../net/protocol.ts';
import type { FileBytes } from './file-bytes.ts';
import { type FlowInputCounts, positive } from './input-counts.ts';

/**
 * Reads the flows that exporters tell in captures of their datagrams: NetFlow 5 and 9, IPFIX, sFlow, to whichever port they go. Both
 * directions of a conversation are joined, as a collector does it. What is learned of exporters, templates above all, holds for the
 * next capture too.
 */
export class ExportInput {
  readonly #told: readonly ExportDecoder[];
  readonly #sflow: SflowDecoder;
  readonly #exports: DetectingDecoder;
  /** What had been dropped, and what had been no export, before the capture at hand. */
  #before: Readonly<Record<string, number>> = {};
  #unknown = 0;

  constructor() {
    const packets = new PacketDecoder();
    const [v5, v9, ipfix] = [
      new NetflowV5Decoder(),
      new NetflowV9Decoder({ packets }),
      new IpfixDecoder({ packets }),
    ];
    this.#told = [v5, v9, ipfix];
    this.#sflow = new SflowDecoder(packets);
    this.#exports = new DetectingDecoder({ 'netflow-v5': v5, 'netflow-v9': v9, ipfix, sflow: this.#sflow });
  }

  async read(file: FileBytes, sink: (flow: Flow) => void): Promise<FlowInputCounts> {
    let [flows, others, fragments] = [0, 0, 0];
    const joiner = new DirectionJoiner({ seed: 0 }, (record) => {
      if (record.told(Told.Addresses)) sink(flowOf(record, `${file.name}:x${++flows}`));
    });
    const decoder = new PacketDecoder({ tunnels: false });
    const packet = new Packet();
    const capture = new CaptureReader((frame) => {
      if (decoder.decode(frame, packet) !== DropReason.Decoded || packet.protocol !== Protocol.Udp) {
        others++;
        return;
      }
      // A part of a datagram is none: sets and samples would be read across its end.
      if (packet.fragmentOffset > 0 || packet.moreFragments) {
        fragments++;
        return;
      }
      const bytes = frame.bytes.subarray(packet.payloadStart, packet.payloadEnd);
      const exporter = formatAddress(addressOf(packet.family, packet.source));
      const arrival = packet.seconds * 1e3 + packet.nanoseconds / 1e6;
      this.#exports.decode(bytes, exporter, arrival, (record) => joiner.add(record), packet.sourcePort);
    });
    for await (const chunk of file.chunks()) {
      capture.push(chunk);
      if (capture.hasEnded) break;
    }
    capture.end();
    joiner.flush();
    const { counters, problem } = capture;
    const { dropped, waiting } = this.#sums();
    const unknown = this.#exports.unknown - this.#unknown;
    const fresh = Object.entries(dropped).map(([reason, count]): [string, number] => [
      reason,
      count - (this.#before[reason] ?? 0),
    ]);
    this.#before = dropped;
    this.#unknown += unknown;
    return {
      name: file.name,
      format: 'exports',
      records: counters.records,
      flows,
      toldTwice: joiner.counters.doubles,
      skipped: positive([
        ['descriptions and blocks of other kinds', counters.described + counters.skipped],
        ['packets that are no datagrams', others],
        ['datagrams that export nothing', unknown],
        ['sets that wait for their template', waiting],
      ]),
      dropped: positive([
        ...Object.entries(counters.dropped),
        ...fresh,
        ['fragments of datagrams', fragments],
      ]),
      problems: problem === undefined ? [] : [`at byte ${problem.offset}: ${problem.message}`],
    };
  }

  /** What all decoders have dropped by reason, and how many sets wait now. */
  #sums(): { readonly dropped: Readonly<Record<string, number>>; readonly waiting: number } {
    const dropped: [string, number][] = Object.entries(this.#sflow.counters.drops);
    let waiting = 0;
    for (const decoder of this.#told) {
      for (const { counters } of [...decoder.exporters(), decoder.forgotten]) {
        dropped.push(...Object.entries(counters.dropped));
        waiting += counters.heldNow;
        dropped.push(['records without addresses', counters.recordsWithoutAddresses]);
      }
    }
    return { dropped: positive(dropped), waiting };
  }
}

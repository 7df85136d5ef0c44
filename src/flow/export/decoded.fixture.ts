import { formatAddress } from '../../net/address.ts';
import type { ExportDecoder } from './export-decoder.ts';
import type { ExporterCounters } from './exporter-table.ts';
import { addressOf } from './flow-of.ts';
import { type ExportRecord, Told } from './record.ts';

/** A record, copied. */
export function copyOf(record: ExportRecord) {
  const told = Object.entries(Told)
    .filter(([, bit]) => record.told(bit))
    .map(([name]) => name);
  return {
    by: record.by,
    exporter: record.exporter,
    domain: record.domain,
    source: formatAddress(addressOf(record.family, record.source)),
    destination: formatAddress(addressOf(record.family, record.destination)),
    protocol: record.protocol,
    sourcePort: record.sourcePort,
    destinationPort: record.destinationPort,
    packets: record.packets,
    bytes: record.bytes,
    rawPackets: record.rawPackets,
    rawBytes: record.rawBytes,
    samplingRate: record.samplingRate,
    reversePackets: record.reversePackets,
    reverseBytes: record.reverseBytes,
    rawReversePackets: record.rawReversePackets,
    rawReverseBytes: record.rawReverseBytes,
    start: record.start,
    end: record.end,
    tcpFlags: record.tcpFlags,
    reverseTcpFlags: record.reverseTcpFlags,
    icmp: record.icmpType < 0 ? undefined : [record.icmpType, record.icmpCode],
    tos: record.tos,
    input: record.input,
    output: record.output,
    inputName: record.inputName,
    outputName: record.outputName,
    direction: record.direction,
    vlans: [...record.vlans.subarray(0, record.vlanCount)],
    outputVlan: record.outputVlan,
    mplsLabel: record.mplsLabel,
    natSource: formatAddress(addressOf(record.natFamily, record.natSource)),
    natDestination: formatAddress(addressOf(record.natFamily, record.natDestination)),
    natSourcePort: record.natSourcePort,
    natDestinationPort: record.natDestinationPort,
    endReason: record.endReason,
    event: record.event,
    forwardingStatus: record.forwardingStatus,
    told,
  };
}

export type Copy = ReturnType<typeof copyOf>;

/** Where datagrams come from unless said. */
export const exporter = '198.51.100.254';
/** When they arrive: a second after they were exported. */
export const arrival = 1_767_225_601_000;

/** Decodes datagrams and returns their records. */
export function decodeAll(decoder: ExportDecoder, ...datagrams: readonly Uint8Array[]): Copy[] {
  return decodeFrom(decoder, exporter, arrival, 0, ...datagrams);
}

export function decodeFrom(
  decoder: ExportDecoder,
  from: string,
  at: number,
  port: number,
  ...datagrams: readonly Uint8Array[]
): Copy[] {
  const records: Copy[] = [];
  for (const bytes of datagrams)
    decoder.decode(bytes, from, at, (record) => records.push(copyOf(record)), port);
  return records;
}

/** What was counted of an exporter; counters of 0 are left out. */
export function countersOf(decoder: ExportDecoder, from = exporter): Partial<ExporterCounters> {
  for (const { exporter: address, counters } of decoder.exporters()) {
    if (address !== from) continue;
    const { dropped, ...counts } = counters;
    return {
      ...Object.fromEntries(
        Object.entries(counts).filter(([, value]) => typeof value === 'number' && value !== 0),
      ),
      ...(Object.keys(dropped).length > 0 && { dropped }),
    };
  }
  return {};
}

/** Why a datagram or a sample gave nothing. */
export const sflowDrops = [
  /** Datagrams: they end within their header, have another version, or an agent without an address. */
  'datagram-cut',
  'version',
  'agent-address',
  /** Samples: the datagram ends before they do. What is behind is not read, nor counted. */
  'sample-cut',
  /** Of other kinds than flows, counters and discarded packets. */
  'sample-format',
  /** Flow samples: no record of them tells a packet. */
  'no-packet',
  /** The packet begins with something else than Ethernet or IP. */
  'header-protocol',
  /** The decoder of packets found no conversation in it: ARP and the like, or the header was cut too short. */
  'not-ip',
] as const;

/** What was wrong with something that was used otherwise. */
export const sflowFaults = [
  /** A record ends behind its sample: it and those behind it are not read. */
  'record-cut',
  /** A record is shorter than its kind is. */
  'record-short',
  /** More than one record tells the packet: the first counts. */
  'second-packet',
  /** A rate of 0 is taken for 1. */
  'rate-0',
  /** Bytes behind the last sample. */
  'trailing-bytes',
] as const;

export type SflowDrop = (typeof sflowDrops)[number];
export type SflowFault = (typeof sflowFaults)[number];

/** Counts what was wrong. */
export class Tally {
  readonly drops: Record<SflowDrop, number> = zeros(sflowDrops);
  readonly faults: Record<SflowFault, number> = zeros(sflowFaults);
  /** Records of samples that were passed over by their length: kinds that tell nothing of a flow. */
  skippedRecords = 0;
}

function zeros<T extends string>(names: readonly T[]): Record<T, number> {
  return Object.fromEntries(names.map((name) => [name, 0])) as Record<T, number>;
}

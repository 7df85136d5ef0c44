import { Told } from './record.ts';

/** Places of {@link RecordReader.slots}: one number each, unless said. */
export const Slot = {
  Bytes: 0,
  Packets: 1,
  ReverseBytes: 2,
  ReversePackets: 3,
  SourcePort: 4,
  DestinationPort: 5,
  Protocol: 6,
  TcpFlags: 7,
  ReverseTcpFlags: 8,
  Tos: 9,
  Input: 10,
  Output: 11,
  Direction: 12,
  Vlan: 13,
  CustomerVlan: 14,
  OutputVlan: 15,
  InputVrf: 16,
  OutputVrf: 17,
  MplsLabel: 18,
  NatSourcePort: 19,
  NatDestinationPort: 20,
  EndReason: 21,
  NatEvent: 22,
  FirewallEvent: 23,
  ForwardingStatus: 24,
  IpVersion: 25,
  /** ICMP: type · 256 + code, and both apart, of IPv4 and of IPv6. */
  Icmp4: 26,
  Icmp4Type: 27,
  Icmp4Code: 28,
  Icmp6: 29,
  Icmp6Type: 30,
  Icmp6Code: 31,
  /** Times: absolute, before the export in microseconds, since the exporter started in milliseconds. */
  Start: 32,
  End: 33,
  StartBefore: 34,
  EndBefore: 35,
  StartUptime: 36,
  EndUptime: 37,
  ReverseEnd: 38,
  Observed: 39,
  SystemInit: 40,
  DurationMs: 41,
  DurationUs: 42,
  /** Sampling. */
  SamplerId: 43,
  Interval: 44,
  RandomInterval: 45,
  PacketInterval: 46,
  PacketSpace: 47,
  SampleSize: 48,
  Population: 49,
  Probability: 50,
  /** IPv4 addresses. */
  Source4: 51,
  Destination4: 52,
  NatSource4: 53,
  NatDestination4: 54,
  /** Sections of sampled packets and texts: where they begin, and in the next slot how long they are. */
  Frame: 55,
  IpPacket: 57,
  InterfaceName: 59,
  InterfaceDescription: 61,
  FrameSize: 63,
  SectionLength: 64,
} as const;

/** How many slots there are. */
export const slotCount = 65;

/** Places of {@link RecordReader.lanes}: four lanes each. */
export const Lanes = { Source6: 0, Destination6: 4, NatSource6: 8, NatDestination6: 12 } as const;

/** What the bytes of a field are. */
export type FieldType = 'integer' | 'ipv6' | 'ntp' | 'float' | 'position';

/** What is made of an information element. */
export interface ElementUse {
  readonly type: FieldType;
  /** One of {@link Slot}, or of {@link Lanes} for IPv6 addresses. */
  readonly slot: number;
  /** Of several elements of one template that fill the same slot, the one of the lowest rank does. */
  readonly rank: number;
  /** Of absolute times: milliseconds in a unit. */
  readonly scale: number;
  /** Bits of {@link Told}. */
  readonly told: number;
}

function use(slot: number, told = 0, rank = 0, type: FieldType = 'integer', scale = 1): ElementUse {
  return { type, slot, rank, scale, told };
}

const { Addresses, Ports, Packets, Bytes, Start, End, Icmp, NatSource, NatDestination } = Told;

/**
 * The elements that are of use, by number (IANA registry "IP Flow Information Export (IPFIX) Entities"; up to 127 the same as the
 * field types of NetFlow version 9, RFC 3954 §8). All others are passed over by their length.
 */
export const elements: ReadonlyMap<number, ElementUse> = new Map([
  // Counters: since the last record, in all, of the one who opened the connection (as firewalls tell both ways), after a middlebox.
  [1, use(Slot.Bytes, Bytes, 0)],
  [85, use(Slot.Bytes, Bytes, 1)],
  [231, use(Slot.Bytes, Bytes, 2)],
  [23, use(Slot.Bytes, Bytes, 3)],
  [171, use(Slot.Bytes, Bytes, 4)],
  [352, use(Slot.Bytes, Bytes, 5)],
  [353, use(Slot.Bytes, Bytes, 6)],
  [2, use(Slot.Packets, Packets, 0)],
  [86, use(Slot.Packets, Packets, 1)],
  [298, use(Slot.Packets, Packets, 2)],
  [24, use(Slot.Packets, Packets, 3)],
  [172, use(Slot.Packets, Packets, 4)],
  [232, use(Slot.ReverseBytes, Told.ReverseBytes, 2)],
  [299, use(Slot.ReversePackets, Told.ReversePackets, 2)],

  [8, use(Slot.Source4, Addresses)],
  [12, use(Slot.Destination4, Addresses)],
  [27, use(Lanes.Source6, Addresses, 0, 'ipv6')],
  [28, use(Lanes.Destination6, Addresses, 0, 'ipv6')],
  [60, use(Slot.IpVersion)],
  [4, use(Slot.Protocol, Told.Protocol)],
  [7, use(Slot.SourcePort, Ports, 0)],
  [180, use(Slot.SourcePort, Ports, 1)],
  [182, use(Slot.SourcePort, Ports, 1)],
  [11, use(Slot.DestinationPort, Ports, 0)],
  [181, use(Slot.DestinationPort, Ports, 1)],
  [183, use(Slot.DestinationPort, Ports, 1)],
  [6, use(Slot.TcpFlags, Told.TcpFlags)],
  [5, use(Slot.Tos)],
  [32, use(Slot.Icmp4, Icmp)],
  [139, use(Slot.Icmp6, Icmp)],
  [176, use(Slot.Icmp4Type, Icmp)],
  [177, use(Slot.Icmp4Code, Icmp)],
  [178, use(Slot.Icmp6Type, Icmp)],
  [179, use(Slot.Icmp6Code, Icmp)],

  [10, use(Slot.Input, Told.Input, 0)],
  [252, use(Slot.Input, Told.Input, 1)],
  [14, use(Slot.Output, Told.Output, 0)],
  [253, use(Slot.Output, Told.Output, 1)],
  [61, use(Slot.Direction, Told.Direction)],
  [243, use(Slot.Vlan, 0, 0)],
  [58, use(Slot.Vlan, 0, 1)],
  [245, use(Slot.CustomerVlan)],
  [254, use(Slot.OutputVlan, 0, 0)],
  [59, use(Slot.OutputVlan, 0, 1)],
  [234, use(Slot.InputVrf)],
  [235, use(Slot.OutputVrf)],
  [70, use(Slot.MplsLabel)],

  [225, use(Slot.NatSource4, NatSource)],
  [226, use(Slot.NatDestination4, NatDestination)],
  [281, use(Lanes.NatSource6, NatSource, 0, 'ipv6')],
  [282, use(Lanes.NatDestination6, NatDestination, 0, 'ipv6')],
  [227, use(Slot.NatSourcePort)],
  [228, use(Slot.NatDestinationPort)],
  [230, use(Slot.NatEvent, Told.Event)],
  [233, use(Slot.FirewallEvent, Told.Event)],
  [136, use(Slot.EndReason, Told.EndReason)],
  [89, use(Slot.ForwardingStatus, Told.ForwardingStatus)],

  // Times, the finer the better.
  [156, use(Slot.Start, Start, 0, 'ntp')],
  [154, use(Slot.Start, Start, 1, 'ntp')],
  [152, use(Slot.Start, Start, 2)],
  [150, use(Slot.Start, Start, 3, 'integer', 1000)],
  [157, use(Slot.End, End, 0, 'ntp')],
  [155, use(Slot.End, End, 1, 'ntp')],
  [153, use(Slot.End, End, 2)],
  [151, use(Slot.End, End, 3, 'integer', 1000)],
  [158, use(Slot.StartBefore, Start)],
  [159, use(Slot.EndBefore, End)],
  [22, use(Slot.StartUptime, Start)],
  [21, use(Slot.EndUptime, End)],
  [325, use(Slot.Observed, 0, 0, 'ntp')],
  [324, use(Slot.Observed, 0, 1, 'ntp')],
  [323, use(Slot.Observed, 0, 2)],
  [322, use(Slot.Observed, 0, 3, 'integer', 1000)],
  [160, use(Slot.SystemInit)],
  [161, use(Slot.DurationMs)],
  [162, use(Slot.DurationUs)],

  [302, use(Slot.SamplerId, 0, 0)],
  [48, use(Slot.SamplerId, 0, 1)],
  [34, use(Slot.Interval)],
  [50, use(Slot.RandomInterval)],
  [305, use(Slot.PacketInterval)],
  [306, use(Slot.PacketSpace)],
  [309, use(Slot.SampleSize)],
  [310, use(Slot.Population)],
  [311, use(Slot.Probability, 0, 0, 'float')],

  [315, use(Slot.Frame, 0, 0, 'position')],
  [104, use(Slot.Frame, 0, 1, 'position')],
  [313, use(Slot.IpPacket, 0, 0, 'position')],
  [312, use(Slot.FrameSize, 0, 0)],
  [103, use(Slot.FrameSize, 0, 1)],
  [410, use(Slot.SectionLength)],
  [82, use(Slot.InterfaceName, 0, 0, 'position')],
  [83, use(Slot.InterfaceDescription, 0, 0, 'position')],
]);

/** What Cisco's firewalls of version 8.4 and before send in version 9, before the elements above had numbers. */
export const firewallElements: ReadonlyMap<number, ElementUse> = new Map([
  [40001, use(Slot.NatSource4, NatSource, 1)],
  [40002, use(Slot.NatDestination4, NatDestination, 1)],
  [40003, use(Slot.NatSourcePort, 0, 1)],
  [40004, use(Slot.NatDestinationPort, 0, 1)],
  [40005, use(Slot.FirewallEvent, Told.Event, 1)],
]);

/** Private enterprise number of the elements that tell of the way back (RFC 5103 §6.1). */
export const reverseEnterprise = 29305;

/** Elements under {@link reverseEnterprise} that are of use. */
export const reverseElements: ReadonlyMap<number, ElementUse> = new Map([
  [1, use(Slot.ReverseBytes, Told.ReverseBytes, 0)],
  [85, use(Slot.ReverseBytes, Told.ReverseBytes, 1)],
  [2, use(Slot.ReversePackets, Told.ReversePackets, 0)],
  [86, use(Slot.ReversePackets, Told.ReversePackets, 1)],
  [6, use(Slot.ReverseTcpFlags, Told.ReverseTcpFlags)],
  [157, use(Slot.ReverseEnd, 0, 0, 'ntp')],
  [155, use(Slot.ReverseEnd, 0, 1, 'ntp')],
  [153, use(Slot.ReverseEnd, 0, 2)],
  [151, use(Slot.ReverseEnd, 0, 3, 'integer', 1000)],
]);

/** Scope field types of NetFlow version 9 (RFC 3954 §6.1) that are of use: the interface. */
export const scopeElements: ReadonlyMap<number, ElementUse> = new Map([[2, use(Slot.Input, Told.Input)]]);

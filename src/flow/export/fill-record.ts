import { Lanes, Slot } from './elements.ts';
import type { Domain } from './exporter-table.ts';
import { Direction, ExportEvent, type ExportRecord, Told } from './record.ts';
import type { RecordReader } from './record-reader.ts';
import type { Template } from './template.ts';

const icmp = 1;
const tcp = 6;
const icmpv6 = 58;
const wrap = 0x100000000;
const times = Told.Start | Told.End;

/**
 * Makes a record of what the reader has read by `template`: slots become ends, counters with the sampling rate, times since the epoch. `exportTime`
 * in milliseconds since the epoch and `uptime` in milliseconds (-1 where the protocol does not tell it) are those of the header. What the
 * template does not tell must be empty already: the caller clears record and reader when the template changes. Returns whether the last packet was told to be
 * before the first.
 */
export function fillRecord(
  record: ExportRecord,
  template: Template,
  reader: RecordReader,
  domain: Domain,
  exportTime: number,
  uptime: number,
): boolean {
  const { slots } = reader;
  record.present = template.told;
  fillEnds(record, template, reader);
  record.tos = slots[Slot.Tos]! & 0xff;
  record.tcpFlags = 0;
  record.reverseTcpFlags = 0;
  record.icmpType = -1;
  record.icmpCode = 0;
  const { protocol } = record;
  if (protocol === tcp || (template.told & Told.Protocol) === 0) {
    record.tcpFlags = slots[Slot.TcpFlags]! & 0x1ff;
    record.reverseTcpFlags = slots[Slot.ReverseTcpFlags]! & 0x1ff;
  } else {
    record.present &= ~(Told.TcpFlags | Told.ReverseTcpFlags);
    if (protocol === icmp || protocol === icmpv6) fillIcmp(record, slots);
    else record.present &= ~Told.Icmp;
  }
  fillPlace(record, template, reader, domain);
  record.endReason = slots[Slot.EndReason]!;
  record.forwardingStatus = slots[Slot.ForwardingStatus]! & 0xff;
  if ((template.told & Told.Event) !== 0)
    record.event = eventOf(slots[Slot.FirewallEvent]!, slots[Slot.NatEvent]!);
  if ((template.told & (Told.NatSource | Told.NatDestination)) !== 0) fillNat(record, template, reader);
  record.count(
    slots[Slot.Packets]!,
    slots[Slot.Bytes]!,
    slots[Slot.ReversePackets]!,
    slots[Slot.ReverseBytes]!,
    rateOf(record, template, reader, domain),
  );
  return fillTimes(record, template, slots, domain, exportTime, uptime);
}

function fillEnds(record: ExportRecord, template: Template, { slots, lanes }: RecordReader): void {
  const { source, destination } = record;
  let six = template.hasIpv6;
  if (six && template.hasIpv4) {
    const version = slots[Slot.IpVersion]!;
    // Exporters that have both fields in one template leave those empty that do not apply.
    six = version === 6 || (version !== 4 && !isZero(lanes, Lanes.Source6, Lanes.Destination6));
  }
  if (six) {
    record.family = 6;
    for (let i = 0; i < 4; i++) {
      source[i] = lanes[Lanes.Source6 + i]!;
      destination[i] = lanes[Lanes.Destination6 + i]!;
    }
  } else if (template.hasIpv4) {
    record.family = 4;
    source[3] = slots[Slot.Source4]!;
    destination[3] = slots[Slot.Destination4]!;
    if (template.hasIpv6) {
      source[0] = source[1] = source[2] = 0;
      destination[0] = destination[1] = destination[2] = 0;
    }
  }
  record.protocol = slots[Slot.Protocol]! & 0xff;
  record.sourcePort = slots[Slot.SourcePort]! & 0xffff;
  record.destinationPort = slots[Slot.DestinationPort]! & 0xffff;
}

/** Exporters tell type and code in elements of their own, in one, or as the destination port; what is 0 was left empty, or is an echo reply. */
function fillIcmp(record: ExportRecord, slots: Float64Array): void {
  if ((record.present & (Told.Icmp | Told.Ports)) === 0) return;
  let both =
    record.protocol === icmp
      ? slots[Slot.Icmp4Type]! * 256 + slots[Slot.Icmp4Code]! || slots[Slot.Icmp4]!
      : slots[Slot.Icmp6Type]! * 256 + slots[Slot.Icmp6Code]! || slots[Slot.Icmp6]!;
  if (both === 0) both = record.destinationPort;
  record.icmpType = (both >>> 8) & 0xff;
  record.icmpCode = both & 0xff;
  record.sourcePort = 0;
  record.destinationPort = 0;
  record.present |= Told.Icmp;
}

/** Interfaces, VLANs, VRFs, label. */
function fillPlace(record: ExportRecord, template: Template, { slots }: RecordReader, domain: Domain): void {
  record.input = slots[Slot.Input]!;
  record.output = slots[Slot.Output]!;
  if (domain.names.size > 0) {
    record.inputName = domain.names.get(record.input);
    record.outputName = domain.names.get(record.output);
  }
  if ((template.told & Told.Direction) !== 0) {
    const direction = slots[Slot.Direction]!;
    // Others than 0 and 1 are sent for unknown.
    record.direction = direction <= 1 ? direction : Direction.Unknown;
  }
  let count = 0;
  const outer = slots[Slot.Vlan]! & 0xfff;
  if (outer !== 0) record.vlans[count++] = outer;
  const customer = slots[Slot.CustomerVlan]! & 0xfff;
  if (customer !== 0) record.vlans[count++] = customer;
  record.vlanCount = count;
  record.outputVlan = slots[Slot.OutputVlan]! & 0xfff;
  record.inputVrf = slots[Slot.InputVrf]!;
  record.outputVrf = slots[Slot.OutputVrf]!;
  // RFC 3032 §2.1: 20 bits of label, 3 of class, 1 for the bottom. All 0 was left empty.
  const entry = slots[Slot.MplsLabel]!;
  record.mplsLabel = entry === 0 ? -1 : (entry >>> 4) & 0xfffff;
}

function fillNat(record: ExportRecord, template: Template, { slots, lanes }: RecordReader): void {
  const { natSource, natDestination } = record;
  natSource.fill(0);
  natDestination.fill(0);
  natSource[3] = slots[Slot.NatSource4]!;
  natDestination[3] = slots[Slot.NatDestination4]!;
  record.natFamily = 4;
  if (template.natIpv6 && natSource[3] === 0 && natDestination[3] === 0) {
    record.natFamily = 6;
    for (let i = 0; i < 4; i++) {
      natSource[i] = lanes[Lanes.NatSource6 + i]!;
      natDestination[i] = lanes[Lanes.NatDestination6 + i]!;
    }
  }
  if (isZero(natSource, 0, 0)) record.present &= ~Told.NatSource;
  if (isZero(natDestination, 0, 0)) record.present &= ~Told.NatDestination;
  record.natSourcePort = slots[Slot.NatSourcePort]! & 0xffff;
  record.natDestinationPort = slots[Slot.NatDestinationPort]! & 0xffff;
  if ((record.present & (Told.NatSource | Told.NatDestination)) === 0) record.natFamily = 0;
}

/** Values of elements 233 and 230 (IANA registries of firewallEvent and natEvent). */
function eventOf(firewall: number, nat: number): number {
  if (firewall >= 1 && firewall <= 5) return firewall;
  switch (nat) {
    case 0:
      return ExportEvent.None;
    case 1:
    case 4:
    case 6:
    case 8:
    case 10:
    case 14:
    case 16:
      return ExportEvent.Created;
    case 2:
    case 5:
    case 7:
    case 9:
    case 11:
    case 15:
    case 17:
      return ExportEvent.Deleted;
    default:
      return ExportEvent.Other;
  }
}

/** The rate from the record, else of its sampler, its interface, its domain, else what is configured for the exporter, else 1. */
function rateOf(record: ExportRecord, template: Template, { slots }: RecordReader, domain: Domain): number {
  const { sampling } = domain;
  let rate = template.tellsRate ? rateOfSlots(slots) : 0;
  if (rate === 0) {
    if (sampling.isPlain) rate = sampling.domainRate;
    else {
      const sampler = template.fills[Slot.SamplerId] === 1 ? slots[Slot.SamplerId]! : -1;
      rate = sampling.rate(sampler, record.direction === Direction.Egress ? record.output : record.input);
    }
  }
  if (rate > 0) {
    record.present |= Told.Sampling;
    return rate;
  }
  return domain.exporter.configuredRate || 1;
}

/**
 * The rate that slots tell, 0 for none: N of n out of N (309, 310); so many packets taken and so many left out (305, 306: RFC 5477 §8.2;
 * 305 alone is sent for one in so many); 1 in so many (50, 34); a probability (311).
 */
export function rateOfSlots(slots: Float64Array): number {
  const size = slots[Slot.SampleSize]!;
  const population = slots[Slot.Population]!;
  if (population > 0) return Math.max(1, population / (size || 1));
  const interval = slots[Slot.PacketInterval]!;
  const space = slots[Slot.PacketSpace]!;
  if (interval > 0) return space > 0 ? (interval + space) / interval : interval;
  const oneIn = slots[Slot.RandomInterval]! || slots[Slot.Interval]!;
  if (oneIn > 0) return oneIn;
  const probability = slots[Slot.Probability]!;
  return probability > 0 && probability <= 1 ? Math.min(1 / probability, wrap) : 0;
}

/** Fills the times. Returns whether the end was before the start. */
function fillTimes(
  record: ExportRecord,
  template: Template,
  slots: Float64Array,
  domain: Domain,
  exportTime: number,
  uptime: number,
): boolean {
  const { fills } = template;
  let reversed = false;
  // 0 is left empty.
  let start = slots[Slot.Start]! * template.startScale;
  let end = slots[Slot.End]! * template.endScale;
  if (fills[Slot.StartBefore] === 1 && start === 0) start = exportTime - slots[Slot.StartBefore]! / 1000;
  if (fills[Slot.EndBefore] === 1 && end === 0) end = exportTime - slots[Slot.EndBefore]! / 1000;
  const hasFirst = fills[Slot.StartUptime] === 1;
  const hasLast = fills[Slot.EndUptime] === 1;
  if ((hasFirst && start === 0) || (hasLast && end === 0)) {
    const init = slots[Slot.SystemInit]! || domain.systemInit;
    const isKnown = uptime >= 0 || init > 0;
    if (!isKnown) record.present &= ~times;
    const last = hasLast ? slots[Slot.EndUptime]! : slots[Slot.StartUptime]!;
    if (end === 0) {
      if (uptime >= 0) end = exportTime - ((uptime - last) | 0);
      else end = isKnown ? sinceInit(init, last, exportTime) : exportTime;
    }
    if (start === 0) {
      // Milliseconds begin anew after 2^32: a difference as large as that is one backwards.
      const duration = hasFirst ? (last - slots[Slot.StartUptime]!) >>> 0 : 0;
      if (duration < wrap / 2) start = end - duration;
      else {
        start = end;
        reversed = true;
      }
    }
  }
  const observed = slots[Slot.Observed]! * template.observedScale;
  if (observed > 0) {
    if (end === 0) end = observed;
    if (start === 0 && (template.told & Told.Start) === 0) start = end;
    record.present |= times;
  }
  if (start <= 0 || end <= 0) {
    const duration = slots[Slot.DurationMs]! || slots[Slot.DurationUs]! / 1000;
    if (end <= 0) {
      end = start > 0 ? start + duration : exportTime;
      record.present &= ~Told.End;
    }
    if (start <= 0) {
      start = end - duration;
      record.present &= ~Told.Start;
    }
  }
  const reverseEnd = slots[Slot.ReverseEnd]! * template.reverseEndScale;
  if (reverseEnd > end) end = reverseEnd;
  if (start > end) {
    start = end;
    reversed = true;
  }
  record.start = start;
  record.end = end;
  return reversed;
}

/** The time `uptime` milliseconds after the start: of the times that are 2^32 apart the one next to the export. */
function sinceInit(init: number, uptime: number, exportTime: number): number {
  const time = init + uptime;
  return time + Math.round((exportTime - time) / wrap) * wrap;
}

function isZero(lanes: Uint32Array, one: number, other: number): boolean {
  for (let i = 0; i < 4; i++) if (lanes[one + i] !== 0 || lanes[other + i] !== 0) return false;
  return true;
}

import { Direction, type ExportRecord, Told } from '../record.ts';

/** Adds the traffic of another record of the same direction. */
export function addTraffic(to: ExportRecord, from: ExportRecord): void {
  to.packets += from.packets;
  to.bytes += from.bytes;
  to.rawPackets += from.rawPackets;
  to.rawBytes += from.rawBytes;
  to.tcpFlags |= from.tcpFlags;
  to.present |= from.present & (Told.Packets | Told.Bytes | Told.TcpFlags);
  takeTimes(to, from);
}

/** Adds the traffic of a record of the other direction as that of the way back. */
export function addReverse(to: ExportRecord, back: ExportRecord): void {
  to.reversePackets += back.packets;
  to.reverseBytes += back.bytes;
  to.rawReversePackets += back.rawPackets;
  to.rawReverseBytes += back.rawBytes;
  to.reverseTcpFlags |= back.tcpFlags;
  if (back.told(Told.Packets)) to.present |= Told.ReversePackets;
  if (back.told(Told.Bytes)) to.present |= Told.ReverseBytes;
  if (back.told(Told.TcpFlags)) to.present |= Told.ReverseTcpFlags;
  takeTimes(to, back);
  // A direction that has ended says more than one that goes on.
  const going = 2;
  if (back.told(Told.EndReason) && (!to.told(Told.EndReason) || to.endReason === going)) {
    to.endReason = back.endReason;
    to.present |= Told.EndReason;
  }
}

function takeTimes(to: ExportRecord, from: ExportRecord): void {
  to.start = Math.min(to.start, from.start);
  to.end = Math.max(to.end, from.end);
}

/** Turns a record around: its source becomes the destination, what was sent was received. Only for those without NAT. */
export function turn(record: ExportRecord): void {
  for (let lane = 0; lane < 4; lane++) {
    const source = record.source[lane]!;
    record.source[lane] = record.destination[lane]!;
    record.destination[lane] = source;
    const outer = record.outerSource[lane]!;
    record.outerSource[lane] = record.outerDestination[lane]!;
    record.outerDestination[lane] = outer;
  }
  const r = record;
  [r.sourcePort, r.destinationPort] = [r.destinationPort, r.sourcePort];
  [r.packets, r.reversePackets] = [r.reversePackets, r.packets];
  [r.bytes, r.reverseBytes] = [r.reverseBytes, r.bytes];
  [r.rawPackets, r.rawReversePackets] = [r.rawReversePackets, r.rawPackets];
  [r.rawBytes, r.rawReverseBytes] = [r.rawReverseBytes, r.rawBytes];
  [r.tcpFlags, r.reverseTcpFlags] = [r.reverseTcpFlags, r.tcpFlags];
  [r.input, r.output] = [r.output, r.input];
  [r.inputName, r.outputName] = [r.outputName, r.inputName];
  [r.inputVrf, r.outputVrf] = [r.outputVrf, r.inputVrf];
  if (r.direction !== Direction.Unknown)
    r.direction = r.direction === Direction.Ingress ? Direction.Egress : Direction.Ingress;
  r.present =
    exchanged(
      exchanged(
        exchanged(exchanged(r.present, Told.Packets, Told.ReversePackets), Told.Bytes, Told.ReverseBytes),
        Told.TcpFlags,
        Told.ReverseTcpFlags,
      ),
      Told.Input,
      Told.Output,
    ) >>> 0;
}

function exchanged(bits: number, one: number, other: number): number {
  const both = one | other;
  return (bits & ~both) | ((bits & one) !== 0 ? other : 0) | ((bits & other) !== 0 ? one : 0);
}

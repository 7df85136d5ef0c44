import { expect } from 'vitest';
import type { Copy } from './decoded.fixture.ts';
import type { TsharkFlow } from './tshark-flows.fixture.ts';

/** Counts how often a rule for a deviation was needed. */
export class Rules {
  readonly counts: Record<string, number> = {};

  when(holds: boolean, rule: string): boolean {
    if (holds) this.counts[rule] = (this.counts[rule] ?? 0) + 1;
    return holds;
  }
}

/** What of a record is compared with tshark. */
function likeTshark(record: Copy, hasTimes: boolean) {
  const { icmp, told } = record;
  const if_ = (bit: string, value: number) => (told.includes(bit) ? value : undefined);
  return {
    source: record.source,
    destination: record.destination,
    protocol: record.protocol,
    sourcePort: record.sourcePort,
    destinationPort: icmp === undefined ? record.destinationPort : icmp[0]! * 256 + icmp[1]!,
    packets: if_('Packets', record.rawPackets),
    bytes: if_('Bytes', record.rawBytes),
    reversePackets: if_('ReversePackets', record.rawReversePackets),
    reverseBytes: if_('ReverseBytes', record.rawReverseBytes),
    input: if_('Input', record.input),
    output: if_('Output', record.output),
    tcpFlags: record.tcpFlags,
    reverseTcpFlags: record.reverseTcpFlags,
    tos: record.tos,
    direction: record.direction,
    start: hasTimes ? Math.round(record.start * 1000) : undefined,
    end: hasTimes ? Math.round(record.end * 1000) : undefined,
  };
}

function fromTshark(flow: TsharkFlow, rules: Rules) {
  const isTcp = flow.protocol === 6;
  const hasTimes = flow.start !== undefined && flow.end !== undefined;
  rules.when(!hasTimes, 'tshark has no times since the epoch');
  rules.when(!isTcp && (flow.tcpFlags ?? 0) !== 0, 'flags of what is not TCP are not kept');
  rules.when((flow.direction ?? 0) > 1, 'a direction other than in and out is unknown');
  return {
    source: flow.source,
    destination: flow.destination,
    protocol: flow.protocol ?? 0,
    sourcePort: flow.sourcePort ?? 0,
    destinationPort: flow.destinationPort ?? 0,
    packets: flow.packets,
    bytes: flow.bytes,
    reversePackets: flow.reversePackets,
    reverseBytes: flow.reverseBytes,
    input: flow.input,
    output: flow.output,
    tcpFlags: isTcp ? (flow.tcpFlags ?? 0) : 0,
    reverseTcpFlags: isTcp ? (flow.reverseTcpFlags ?? 0) : 0,
    tos: flow.tos ?? 0,
    direction: flow.direction === undefined || flow.direction > 1 ? -1 : flow.direction,
    start: hasTimes ? Math.round(flow.start! * 1000) : undefined,
    end: hasTimes ? Math.round(flow.end! * 1000) : undefined,
  };
}

/** Expects the same records as tshark's, in any order. */
export function expectLikeTshark(records: readonly Copy[], flows: readonly TsharkFlow[], rules: Rules): void {
  const theirs = flows.map((flow) => JSON.stringify(fromTshark(flow, rules))).toSorted();
  // Records of which tshark has no times are compared without.
  const untimed = theirs.filter((text) => !text.includes('"start"'));
  const mine = records.map((record) => {
    const without = JSON.stringify(likeTshark(record, false));
    return untimed.includes(without) ? without : JSON.stringify(likeTshark(record, true));
  });
  expect(mine.toSorted()).toEqual(theirs);
}

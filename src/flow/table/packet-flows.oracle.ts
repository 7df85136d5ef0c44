import { addressFromBytes, formatAddress } from '../../net/address.ts';
import type { Packet } from '../packet/packet.ts';

/** What the oracle says of a flow or a part of one. */
export interface OracleFlow {
  readonly source: string;
  readonly destination: string;
  readonly protocol: number;
  state: string;
  reason: string;
  part: number | undefined;
  preexisting: boolean;
  reached: boolean;
  openedAt: number;
  lastAt: number;
  sent: readonly [packets: number, bytes: number, flags: number];
  received: readonly [packets: number, bytes: number, flags: number];
}

export interface OracleTimes {
  readonly idleMs: number;
  readonly tcpIdleMs: number;
  readonly singleIdleMs: number;
  readonly lingerMs: number;
  readonly activeMs: number;
}

interface Seen {
  readonly bySource: boolean;
  readonly flags: string;
  readonly payload: boolean;
  readonly sequence: number;
}

/** One flow with all that was ever seen of it: what it is is worked out anew each time. */
interface Kept {
  readonly key: string;
  readonly source: string;
  readonly destination: string;
  readonly protocol: number;
  readonly seen: Seen[];
  /** Position in `seen` at which an ICMP error said that the destination cannot be reached. */
  unreachableAt: number | undefined;
  readonly handshake: boolean;
  part: { opened: number; packets: { bySource: boolean; bytes: number; tcp: number }[] } | undefined;
  parts: number;
  last: number;
}

/** Flows of packets without an eye on memory or time: a Map of all flows, each with a list of all its packets. */
export class OraclePacketFlows {
  readonly told: OracleFlow[] = [];
  readonly #flows = new Map<string, Kept>();
  readonly #times: OracleTimes;
  #now = -1;

  constructor(times: OracleTimes) {
    this.#times = times;
  }

  add(packet: Packet): void {
    const time = packet.seconds * 1000 + packet.nanoseconds / 1e6;
    this.tick(time);
    const ends = endsOf(packet);
    const key = keyOf(packet, ends.from, ends.to, packet.protocol);
    const flags = packet.protocol === 6 && packet.fragmentOffset === 0 ? lettersOf(packet.tcpFlags) : '';
    let flow = this.#flows.get(key);
    if (flow !== undefined && isOver(stateOf(flow)) && flags.includes('S') && !/[AR]/.test(flags)) {
      const first = flow.seen.find((one) => one.bySource && one.flags.includes('S'));
      if (first === undefined || first.sequence !== packet.tcpSequence) {
        this.#end(flow, 'end');
        flow = undefined;
      }
    }
    if (flow === undefined) {
      const swapped = !isFromSource(packet, flags, ends.fromPort, ends.toPort, ends.isAnswer);
      flow = {
        key,
        source: swapped ? ends.to : ends.from,
        destination: swapped ? ends.from : ends.to,
        protocol: packet.protocol,
        seen: [],
        unreachableAt: undefined,
        handshake:
          (flags.includes('S') && !flags.includes('R')) ||
          (flags.includes('R') && flags.includes('A') && !flags.includes('S') && packet.tcpSequence === 0),
        part: undefined,
        parts: 0,
        last: time,
      };
      this.#flows.set(key, flow);
    }
    if (this.#isPartDue(flow)) this.#split(flow);
    flow.part ??= { opened: time, packets: [] };
    flow.last = Math.max(flow.last, time);
    const bySource = ends.from === flow.source;
    flow.seen.push({ bySource, flags, payload: packet.payloadLength > 0, sequence: packet.tcpSequence });
    flow.part.packets.push({ bySource, bytes: packet.ipLength, tcp: flags === '' ? 0 : packet.tcpFlags });
    if (packet.hasQuote && ((packet.icmpType === 3 && packet.icmpCode !== 4) || packet.protocol === 58))
      this.#quote(packet);
  }

  /** Ends and splits what is due. */
  tick(time: number): void {
    this.#now = Math.max(this.#now, time);
    for (const flow of [...this.#flows.values()]) {
      if (this.#now >= flow.last + this.#idleOf(flow)) this.#end(flow, 'idle');
      // Of flows that have no packet now, parts are told when the second is over in which they were due.
      else if (this.#isPartDue(flow, true)) this.#split(flow);
    }
  }

  end(): void {
    for (const flow of [...this.#flows.values()]) {
      if (this.#isPartDue(flow)) this.#split(flow);
      this.#end(flow, 'forced');
    }
  }

  #isPartDue({ part }: Kept, isWholeSecond = false): boolean {
    if (part === undefined) return false;
    const due = part.opened + this.#times.activeMs;
    return this.#now >= (isWholeSecond ? (Math.floor(due / 1000) + 1) * 1000 : due);
  }

  #split(flow: Kept): void {
    this.#tell(flow, 'active');
    flow.parts++;
    flow.part = undefined;
  }

  #quote(packet: Packet): void {
    const { quoted } = packet;
    const from = `${textOf(quoted.source, quoted.family)} ${quoted.sourcePort}`;
    const to = `${textOf(quoted.destination, quoted.family)} ${quoted.destinationPort}`;
    const flow = this.#flows.get(keyOf(packet, from, to, quoted.protocol));
    if (flow === undefined || flow.source !== from || stateOf(flow) !== 'attempted') return;
    if (answered(flow)) return;
    if (this.#isPartDue(flow)) this.#split(flow);
    flow.unreachableAt = flow.seen.length;
  }

  #idleOf(flow: Kept): number {
    const state = stateOf(flow);
    if (isOver(state)) return this.#times.lingerMs;
    if (flow.protocol === 6 && state === 'established') return this.#times.tcpIdleMs;
    const asked = flow.seen.some((one) => one.bySource && !one.flags.includes('R'));
    return flow.seen.length === 1 && !(asked && answered(flow))
      ? this.#times.singleIdleMs
      : this.#times.idleMs;
  }

  #end(flow: Kept, reason: string): void {
    this.#tell(flow, reason);
    this.#flows.delete(flow.key);
  }

  #tell(flow: Kept, why: string): void {
    const state = stateOf(flow);
    const reason = isOver(state) && why !== 'active' ? 'end' : why;
    const givenUp = flow.protocol === 6 ? 'timed-out' : 'unanswered';
    const packets = flow.part?.packets ?? [];
    const way = (bySource: boolean) => {
      const those = packets.filter((one) => one.bySource === bySource);
      return [
        those.length,
        those.reduce((sum, one) => sum + one.bytes, 0),
        those.reduce((flags, one) => flags | one.tcp, 0),
      ] as const;
    };
    this.told.push({
      source: flow.source,
      destination: flow.destination,
      protocol: flow.protocol,
      state: state === 'attempted' && reason === 'idle' ? givenUp : state,
      reason,
      part: flow.parts > 0 || reason === 'active' ? flow.parts + 1 : undefined,
      preexisting: flow.protocol === 6 && !flow.handshake,
      reached: answered(flow),
      openedAt: flow.part?.opened ?? flow.last,
      lastAt: flow.last,
      sent: way(true),
      received: way(false),
    });
  }
}

function answered(flow: Kept): boolean {
  return flow.seen.some((one) => !one.bySource && !one.flags.includes('R'));
}

function isOver(state: string): boolean {
  return state === 'closed' || state === 'refused' || state === 'aborted';
}

/** The state, told from all packets from the first on. */
function stateOf({ protocol, seen, handshake, unreachableAt }: Kept): string {
  let state = 'attempted';
  const ways = { asked: false, answered: false };
  const fins = new Set<boolean>();
  const synAcks = new Set<boolean>();
  let payloads = 0;
  for (const [number, { bySource, flags, payload }] of seen.entries()) {
    if (number === unreachableAt) state = 'unreachable';
    const opening = state === 'attempted' || state === 'unreachable';
    if (protocol === 6 && flags.includes('R')) {
      if (state === 'established') state = 'closed';
      else if (opening && bySource) state = handshake ? 'aborted' : 'closed';
      else if (opening) state = handshake || ways.asked ? 'refused' : 'closed';
      continue;
    }
    ways[bySource ? 'asked' : 'answered'] = true;
    const both = ways.asked && ways.answered;
    if (protocol !== 6) {
      if (both && opening) state = 'established';
      continue;
    }
    if (flags === '') continue;
    if (flags.includes('F')) fins.add(bySource);
    if (flags.includes('S') && flags.includes('A')) synAcks.add(bySource);
    if (opening && handshake) {
      const data = !bySource && payload && !flags.includes('S');
      const confirmed = bySource && flags.includes('A') && !flags.includes('S');
      if (data || confirmed || synAcks.size === 2) state = 'established';
    } else if (opening) {
      if (payload) payloads++;
      if (both || payloads >= 2) state = 'established';
    }
    if (fins.size === 2 && state === 'established') state = 'closed';
  }
  if (unreachableAt === seen.length && state === 'attempted') state = 'unreachable';
  return state;
}

function isFromSource(packet: Packet, flags: string, from: number, to: number, isAnswer: boolean): boolean {
  if (packet.icmpType >= 0) return !isAnswer;
  const isMidway = flags !== '';
  if (packet.protocol === 6 && isMidway) {
    if (flags.includes('S') && !flags.includes('R')) return !flags.includes('A');
    if (flags.includes('R') && flags.includes('A') && !flags.includes('S') && packet.tcpSequence === 0)
      return false;
  }
  if (from === to || from === 0 || to === 0) return true;
  if (from < 1024 || to < 1024) return to < from;
  return !(packet.protocol === 6 && packet.fragmentOffset === 0 && from < 32768 && to >= 32768);
}

function endsOf(packet: Packet) {
  let [fromPort, toPort, isAnswer] = [packet.sourcePort, packet.destinationPort, false];
  if (packet.icmpType >= 0) {
    const questions: Record<string, number> =
      packet.protocol === 1 ? { 0: 8, 14: 13, 16: 15, 18: 17 } : { 129: 128 };
    const question = questions[packet.icmpType];
    if (question !== undefined) [fromPort, toPort, isAnswer] = [question * 256, packet.icmpId, true];
    else if (Object.values(questions).includes(packet.icmpType))
      [fromPort, toPort] = [packet.icmpId, packet.icmpType * 256];
    else [fromPort, toPort] = [0, packet.icmpType * 256 + packet.icmpCode];
  }
  return {
    from: `${textOf(packet.source, packet.family)} ${fromPort}`,
    to: `${textOf(packet.destination, packet.family)} ${toPort}`,
    fromPort,
    toPort,
    isAnswer,
  };
}

function keyOf(packet: Packet, from: string, to: string, protocol: number): string {
  const vlan = [...packet.vlans.subarray(0, packet.vlanCount)].reverse().find((id) => id !== 0);
  const idCounts = packet.tunnel !== 'gtp-u' && packet.tunnel !== 'mpls' && packet.tunnel !== 'l2tp';
  return [...[from, to].sort(), protocol, vlan, packet.tunnel, idCounts && packet.tunnelId].join();
}

function lettersOf(flags: number): string {
  const letters = ['F', 'S', 'R', 'P', 'A'].filter((_, bit) => (flags & (1 << bit)) !== 0).join('');
  return letters === '' ? '-' : letters;
}

function textOf(lanes: Uint32Array, family: number): string {
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  for (const [at, lane] of lanes.entries()) view.setUint32(at * 4, lane);
  return formatAddress(addressFromBytes(bytes, family === 4 ? 12 : 0, family === 4 ? 4 : 6));
}

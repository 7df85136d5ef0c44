import type { Frame } from '../../flow/capture/frame.ts';
import type { DnsMessage } from '../../flow/dns-message.ts';
import type { EndReason } from '../../flow/flow.ts';
import { dropReasonNames } from '../../flow/packet/drop-reason.ts';
import { Packet } from '../../flow/packet/packet.ts';
import { PacketDecoder } from '../../flow/packet/packet-decoder.ts';
import { asOpen, countOver, isContact, stepsAtEnd } from '../../flow/steps.ts';
import { PacketFlows, type PacketFlowsOptions } from '../../flow/table/packet-flows.ts';
import type { FlowSourceCounters, SeenFlow } from '../flow-source.ts';
import type { PacketRingCounters } from './packet-ring.ts';

/** Whether a flow's fate was handed on, by slot. */
const undecided = 0;
const decided = 1;

/** Flows of frames as they come, handed on when their fate is decided, in parts, and when they are over. */
export class LiveFlows {
  readonly #decoder = new PacketDecoder();
  readonly #packet = new Packet();
  readonly #flows: PacketFlows;
  readonly #fate: Uint8Array;
  #seen: SeenFlow[] = [];
  /** At most one for each frame that was taken since they were drained. */
  #dns: DnsMessage[] = [];
  #told = 0;
  #dnsTold = 0;
  #changes = 0;

  constructor(options: PacketFlowsOptions & { readonly maxFlows: number }) {
    this.#fate = new Uint8Array(options.maxFlows);
    this.#flows = new PacketFlows(options, {
      opened: (_, slot) => {
        this.#fate[slot] = undecided;
      },
      updated: (_, slot) => this.#decide(slot),
      ended: (_, slot, reason) => this.#ended(slot, reason),
      dns: (message) => this.#dns.push(message),
    });
  }

  /** Takes one frame. */
  readonly take = (frame: Frame): void => {
    if (this.#decoder.decode(frame, this.#packet) === 0) this.#flows.add(this.#packet, frame.bytes);
  };

  /** Flows, and questions and answers of DNS, that wait to be handed on. */
  get waiting(): number {
    return this.#seen.length + this.#dns.length;
  }

  /** Lets time go on: ms since the epoch. */
  tick(now: number): void {
    this.#flows.tick(Math.floor(now / 1000), (now % 1000) * 1e6);
  }

  /** Tells all that is left. */
  end(): void {
    this.#flows.end();
  }

  /** Returns what waits to be handed on, and forgets it. */
  drain(): readonly SeenFlow[] {
    const seen = this.#seen;
    this.#seen = [];
    this.#told += countOver(seen);
    this.#changes += seen.length;
    return seen;
  }

  /** Returns what waits of DNS, and forgets it. */
  drainDns(): readonly DnsMessage[] {
    const dns = this.#dns;
    this.#dns = [];
    this.#dnsTold += dns.length;
    return dns;
  }

  /** What was counted so far; of packets that the kernel had no room for as the rings tell. */
  counters(rings: readonly PacketRingCounters[]): FlowSourceCounters {
    const all = (of: (ring: PacketRingCounters) => number) => rings.reduce((sum, ring) => sum + of(ring), 0);
    const { active, bytes, ended, evicted, late, lookupsEvicted, namesDropped } = this.#flows.stats();
    const dropped: Record<string, number> = { 'link layer unknown': all(({ unknownLink }) => unknownLink) };
    // The first is what was decoded.
    for (let reason = 1; reason < dropReasonNames.length; reason++)
      dropped[dropReasonNames[reason] as string] = this.#decoder.counts[reason] as number;
    return {
      flows: this.#told,
      lost: { 'packets: no room in the ring': all(({ lost }) => lost) },
      dropped,
      details: {
        packets: this.#decoder.counts[0] as number,
        changes: this.#changes,
        'DNS messages': this.#dnsTold,
        'flows active': active,
        'flows evicted': ended['no-room'],
        'conversations evicted': evicted.at(-1) ?? 0,
        'packets late': late,
        'names without room': namesDropped + lookupsEvicted,
        'table bytes': bytes,
      },
    };
  }

  #decide(slot: number): void {
    if (this.#fate[slot] === decided) return;
    const flow = this.#flows.flow(slot);
    if (!isContact(flow) || flow.state === 'unanswered') return;
    this.#fate[slot] = decided;
    this.#seen.push({ flow: asOpen(flow), change: 'decided' });
  }

  #ended(slot: number, reason: EndReason): void {
    const steps = stepsAtEnd(this.#flows.flow(slot), this.#fate[slot] === decided);
    // A part of an attempt may come before its answer does.
    if (reason !== 'active' || steps.length > 1) this.#fate[slot] = decided;
    this.#seen.push(...steps);
  }
}

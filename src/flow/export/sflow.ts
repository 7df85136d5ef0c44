import type { RecordSink } from './record.ts';
import { type AgentState, AgentTable, type SourceState } from './sflow/agent-table.ts';
import { CounterRecord, InterfaceFormat, Sample } from './sflow/format.ts';
import { type InterfaceCounters, InterfaceTable, interfaceCountersLength } from './sflow/interface-table.ts';
import { type HeaderDecoder, SampleReader } from './sflow/sample-reader.ts';
import { type SflowDrop, type SflowFault, Tally } from './sflow/tally.ts';
import { addressAt, padded, u32 } from './sflow/xdr.ts';

/** Bounds of what a decoder keeps. */
export interface SflowLimits {
  /** Agents with their sub-agents; default 1024. */
  readonly agents?: number;
  /** Data sources of all agents; default 8192. */
  readonly sources?: number;
  /** Interfaces whose counters are kept; default 8192. */
  readonly interfaces?: number;
}

/**
 * What a decoder has counted. `datagrams` is what was decoded, and the first three of `drops`. `samples` is `flows` (records handed
 * on), `counterSamples`, and the other `drops`.
 */
export interface SflowCounters {
  readonly datagrams: number;
  readonly samples: number;
  readonly flows: number;
  readonly counterSamples: number;
  /** Records of samples that were passed over by their length: kinds that tell nothing of a flow. */
  readonly skippedRecords: number;
  readonly drops: Readonly<Record<SflowDrop, number>>;
  readonly faults: Readonly<Record<SflowFault, number>>;
  /** Datagrams and samples that never came, as gaps in their numbers tell. */
  readonly lostDatagrams: number;
  readonly lostSamples: number;
  /** Samples that agents had no room for, as they told. */
  readonly agentDrops: number;
  readonly agents: number;
  readonly sources: number;
  readonly interfaces: number;
  readonly evictedAgents: number;
  readonly evictedSources: number;
  readonly evictedInterfaces: number;
}

/** What is known of an agent and sub-agent. */
export interface SflowAgent {
  readonly agent: string;
  readonly subAgent: number;
  /** Where its last datagram came from, and when it arrived, milliseconds since the epoch. */
  readonly from: string;
  readonly lastAt: number;
  readonly datagrams: number;
  readonly lostDatagrams: number;
  readonly lateDatagrams: number;
  readonly restarts: number;
  readonly samples: number;
  readonly lostSamples: number;
  readonly agentDrops: number;
  readonly sources: number;
}

/**
 * Decodes sFlow version 5 (sflow.org, sflow_version_5.txt): each sampled packet is a record of one packet times the sampling rate,
 * whose exporter is the agent's address, which is not always the address that the datagram came from, and whose domain is the
 * sub-agent. A sample has no time of its own: it is that of arrival. Interface counters are kept as each interface told them last.
 * One decoder serves any number of agents, in bounded memory; no input makes it throw.
 */
export class SflowDecoder {
  readonly #agents: AgentTable;
  readonly #interfaces: InterfaceTable;
  readonly #tally = new Tally();
  readonly #reader: SampleReader;
  readonly #lanes = new Uint32Array(4);
  #bytes: Uint8Array = new Uint8Array(0);
  #arrival = 0;
  /** Whether the agent of this datagram has begun anew with it. */
  #restarted = false;
  #datagrams = 0;
  #samples = 0;
  #flows = 0;
  #counterSamples = 0;
  #lostDatagrams = 0;
  #lostSamples = 0;
  #agentDrops = 0;

  constructor(headers: HeaderDecoder, limits: SflowLimits = {}) {
    this.#reader = new SampleReader(headers, this.#tally);
    this.#agents = new AgentTable(Math.max(1, limits.agents ?? 1024), Math.max(1, limits.sources ?? 8192));
    this.#interfaces = new InterfaceTable(Math.max(1, limits.interfaces ?? 8192));
  }

  get counters(): SflowCounters {
    return {
      datagrams: this.#datagrams,
      samples: this.#samples,
      flows: this.#flows,
      counterSamples: this.#counterSamples,
      skippedRecords: this.#tally.skippedRecords,
      drops: { ...this.#tally.drops },
      faults: { ...this.#tally.faults },
      lostDatagrams: this.#lostDatagrams,
      lostSamples: this.#lostSamples,
      agentDrops: this.#agentDrops,
      agents: this.#agents.size,
      sources: this.#agents.sources,
      interfaces: this.#interfaces.size,
      evictedAgents: this.#agents.evictedAgents,
      evictedSources: this.#agents.evictedSources,
      evictedInterfaces: this.#interfaces.evicted,
    };
  }

  /** Returns what is known of each agent, the one heard last at the end. */
  agents(): readonly SflowAgent[] {
    return this.#agents.all().map(agentOf);
  }

  /** Returns what each interface told last. */
  interfaces(): readonly InterfaceCounters[] {
    return this.#interfaces.all();
  }

  /**
   * Decodes a datagram and hands on a record for each sampled packet. `from` is the canonical text of the address that it came from,
   * `arrival` when, in milliseconds since the epoch. Never throws, but for what the sink throws.
   */
  decode(bytes: Uint8Array, from: string, arrival: number, sink: RecordSink): void {
    this.#datagrams++;
    this.#bytes = bytes;
    this.#arrival = arrival;
    const reason = this.#datagram(from, sink);
    if (reason !== undefined) this.#tally.drops[reason]++;
  }

  #datagram(from: string, sink: RecordSink): SflowDrop | undefined {
    const bytes = this.#bytes;
    const end = bytes.length;
    if (end < 8) return 'datagram-cut';
    if (u32(bytes, 0) !== 5) return 'version';
    const type = u32(bytes, 4);
    if (type !== 1 && type !== 2) return 'agent-address';
    const taken = addressAt(bytes, 4, end, this.#lanes);
    let at = 4 + taken;
    if (taken === 0 || at + 16 > end) return 'datagram-cut';
    const agent = this.#agents.agent(type === 1 ? 4 : 6, this.#lanes, u32(bytes, at));
    const lost = agent.datagrams.lost;
    this.#restarted = agent.take(u32(bytes, at + 4), u32(bytes, at + 8));
    this.#lostDatagrams += agent.datagrams.lost - lost;
    agent.from = from;
    agent.lastAt = this.#arrival;
    const { record } = this.#reader;
    record.exporter = agent.name;
    record.domain = agent.subAgent;
    record.arrival = this.#arrival;
    const count = u32(bytes, at + 12);
    at += 16;
    for (let sample = 0; sample < count; sample++) {
      this.#samples++;
      // The count may be anything: each sample takes 8 bytes at least.
      const length = at + 8 > end ? -1 : padded(u32(bytes, at + 4));
      if (length < 0 || length > end - at - 8) return 'sample-cut';
      const reason = this.#sample(agent, u32(bytes, at), at + 8, at + 8 + length, sink);
      if (reason !== undefined) this.#tally.drops[reason]++;
      at += 8 + length;
    }
    if (at < end) this.#tally.faults['trailing-bytes']++;
    return undefined;
  }

  #sample(
    agent: AgentState,
    format: number,
    at: number,
    end: number,
    sink: RecordSink,
  ): SflowDrop | undefined {
    if (format === Sample.Flow) return this.#flow(agent, at, end, sink);
    if (format === Sample.ExpandedFlow) return this.#expandedFlow(agent, at, end, sink);
    if (format === Sample.Discarded) return this.#discarded(agent, at, end, sink);
    if (format === Sample.Counters) return this.#counters(agent, at, end, 8);
    if (format === Sample.ExpandedCounters) return this.#counters(agent, at, end, 12);
    return 'sample-format';
  }

  #flow(agent: AgentState, at: number, end: number, sink: RecordSink): SflowDrop | undefined {
    if (at + 32 > end) return 'sample-cut';
    const bytes = this.#bytes;
    const reader = this.#reader;
    const id = u32(bytes, at + 4);
    const input = u32(bytes, at + 20);
    const output = u32(bytes, at + 24);
    const source = this.#source(agent, id >>> 24, id & 0xffffff);
    this.#totals(source, at, at + 8);
    reader.clear();
    reader.input(input >>> 30, input & 0x3fffffff);
    reader.output(output >>> 30, output & 0x3fffffff);
    reader.direction(id >>> 24, id & 0xffffff);
    return this.#hand(reader.read(bytes, at + 28, end, source.samplingRate), sink);
  }

  #expandedFlow(agent: AgentState, at: number, end: number, sink: RecordSink): SflowDrop | undefined {
    if (at + 44 > end) return 'sample-cut';
    const bytes = this.#bytes;
    const reader = this.#reader;
    const source = this.#source(agent, u32(bytes, at + 4), u32(bytes, at + 8));
    this.#totals(source, at, at + 12);
    reader.clear();
    reader.input(u32(bytes, at + 24), u32(bytes, at + 28));
    reader.output(u32(bytes, at + 32), u32(bytes, at + 36));
    reader.direction(u32(bytes, at + 4), u32(bytes, at + 8));
    return this.#hand(reader.read(bytes, at + 40, end, source.samplingRate), sink);
  }

  /** A packet that was discarded, told for itself: it stands for none but itself (sflow_drops.txt). */
  #discarded(agent: AgentState, at: number, end: number, sink: RecordSink): SflowDrop | undefined {
    if (at + 32 > end) return 'sample-cut';
    const bytes = this.#bytes;
    const reader = this.#reader;
    const source = this.#source(agent, u32(bytes, at + 4), u32(bytes, at + 8));
    const [lost, dropped] = [source.discards.lost, source.drops];
    source.discards.take(u32(bytes, at), this.#restarted);
    source.takeDrops(u32(bytes, at + 12));
    this.#lostSamples += source.discards.lost - lost;
    this.#agentDrops += source.drops - dropped;
    reader.clear();
    reader.input(InterfaceFormat.Index, u32(bytes, at + 16));
    reader.output(InterfaceFormat.Index, u32(bytes, at + 20));
    reader.discardedFor(u32(bytes, at + 24));
    return this.#hand(reader.read(bytes, at + 28, end, 1), sink);
  }

  #hand(reason: SflowDrop | undefined, sink: RecordSink): SflowDrop | undefined {
    if (reason !== undefined) return reason;
    this.#flows++;
    sink(this.#reader.record);
    return undefined;
  }

  #source(agent: AgentState, kind: number, index: number): SourceState {
    return this.#agents.source(agent, kind * 2 ** 32 + index);
  }

  /** Takes a flow sample's number, and the rate, pool and drops at a place. */
  #totals(source: SourceState, sequenceAt: number, at: number): void {
    const bytes = this.#bytes;
    const [lost, dropped] = [source.flows.lost, source.drops];
    source.flows.take(u32(bytes, sequenceAt), this.#restarted);
    source.take(u32(bytes, at), u32(bytes, at + 4), u32(bytes, at + 8));
    this.#lostSamples += source.flows.lost - lost;
    this.#agentDrops += source.drops - dropped;
  }

  /** Reads the records of a counter sample, whose source takes the bytes from 4 to `countAt`. */
  #counters(agent: AgentState, at: number, end: number, countAt: number): SflowDrop | undefined {
    const bytes = this.#bytes;
    if (at + countAt + 4 > end) return 'sample-cut';
    const id = u32(bytes, at + 4);
    const source =
      countAt === 8
        ? this.#source(agent, id >>> 24, id & 0xffffff)
        : this.#source(agent, id, u32(bytes, at + 8));
    const lost = source.counters.lost;
    source.counters.take(u32(bytes, at), this.#restarted);
    this.#lostSamples += source.counters.lost - lost;
    this.#counterSamples++;
    let place = at + countAt + 4;
    for (let left = u32(bytes, at + countAt); left > 0; left--) {
      const length = place + 8 > end ? -1 : u32(bytes, place + 4);
      if (length < 0 || length > end - place - 8) {
        this.#tally.faults['record-cut']++;
        break;
      }
      if (u32(bytes, place) !== CounterRecord.Interface) this.#tally.skippedRecords++;
      else if (length < interfaceCountersLength) this.#tally.faults['record-short']++;
      else this.#interfaces.take(agent, bytes, place + 8, this.#arrival);
      place += 8 + padded(length);
    }
    return undefined;
  }
}

function agentOf(state: AgentState): SflowAgent {
  const sources = [...state.sources.values()];
  const tracks = sources.flatMap(({ flows, counters, discards }) => [flows, counters, discards]);
  return {
    agent: state.name,
    subAgent: state.subAgent,
    from: state.from,
    lastAt: state.lastAt,
    datagrams: state.datagrams.received,
    lostDatagrams: state.datagrams.lost,
    lateDatagrams: state.datagrams.late,
    restarts: state.datagrams.restarts,
    samples: tracks.reduce((sum, { received }) => sum + received, 0),
    lostSamples: tracks.reduce((sum, { lost }) => sum + lost, 0),
    agentDrops: sources.reduce((sum, source) => sum + source.drops, 0),
    sources: sources.length,
  };
}

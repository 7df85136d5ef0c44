import { DetectingDecoder } from '../../flow/export/detect.ts';
import type { ExportOptions } from '../../flow/export/export-decoder.ts';
import type { ExporterCounters } from '../../flow/export/exporter-table.ts';
import { IpfixDecoder } from '../../flow/export/ipfix.ts';
import { DirectionJoiner, type JoinCounters } from '../../flow/export/join-directions.ts';
import { NetflowV5Decoder } from '../../flow/export/netflow-v5.ts';
import { NetflowV9Decoder } from '../../flow/export/netflow-v9.ts';
import type { ExportProtocol, RecordSink } from '../../flow/export/record.ts';
import { SflowDecoder } from '../../flow/export/sflow.ts';
import type { TemplateSnapshot } from '../../flow/export/template-snapshot.ts';
import { PacketDecoder } from '../../flow/packet/packet-decoder.ts';
import { parseAddress } from '../../net/address.ts';
import type { SenderBytes } from './datagram-reader.ts';
import { rateTable, Senders } from './senders.ts';

/** How exports are read. */
export interface DecodingOptions {
  /** Addresses and prefixes of those who may export; undefined for anybody. */
  readonly allowed?: readonly string[] | undefined;
  /** One packet in so many that exporters within these prefixes look at, where they do not tell it. */
  readonly samplingRates?: readonly (readonly [string, number])[] | undefined;
  /** False leaves both directions of a conversation as two flows. Default true. */
  readonly joinDirections?: boolean | undefined;
  readonly joinWindowMs?: number | undefined;
  readonly joinCapacity?: number | undefined;
  /** For hashes. */
  readonly seed: number;
}

/** One exporter, as one protocol knows it. */
export interface ExporterReport {
  /** Its address; of sFlow the agent's. */
  readonly exporter: string;
  readonly protocol: ExportProtocol;
  /** When it was heard last, milliseconds since the epoch. */
  readonly lastAt: number;
  readonly datagrams: number;
  readonly records: number;
  /** What it sent and never came, as its numbers tell: flows (v5), datagrams (v9, sFlow), records (IPFIX). */
  readonly lost: number;
  /** What came and gave nothing, by reason. */
  readonly dropped: Readonly<Record<string, number>>;
}

/** What was counted by one thread. `datagrams` = those of all protocols + `not-allowed` + `unknown-protocol` of `dropped`. */
export interface DecodingCounts {
  readonly datagrams: number;
  readonly bytes: number;
  readonly records: number;
  readonly lost: Readonly<Record<string, number>>;
  readonly dropped: Readonly<Record<string, number>>;
  readonly details: Readonly<Record<string, number>>;
  readonly exporters: readonly ExporterReport[];
}

/** Units of what sequence numbers count. */
const lostNames: Readonly<Record<Exclude<ExportProtocol, 'sflow'>, string>> = {
  'netflow-v5': 'netflow-v5-flows',
  'netflow-v9': 'netflow-v9-datagrams',
  ipfix: 'ipfix-records',
};

/** All that one thread of the collector does with datagrams: who may send, which protocol it is, what it says, and which two are one. */
export class Decoding {
  readonly #senders: Senders;
  readonly #v5: NetflowV5Decoder;
  readonly #v9: NetflowV9Decoder;
  readonly #ipfix: IpfixDecoder;
  readonly #sflow: SflowDecoder;
  readonly #decoder: DetectingDecoder;
  readonly #joiner: DirectionJoiner | undefined;
  readonly #record: RecordSink;
  #now = 0;
  #datagrams = 0;
  #bytes = 0;
  #notAllowed = 0;
  #records = 0;

  /** `sink` gets the records; each is valid during the call only. Throws an Error for prefixes that are none. */
  constructor(options: DecodingOptions, sink: RecordSink) {
    this.#senders = new Senders(options.allowed);
    const rates = rateTable(options.samplingRates ?? []);
    const packets = new PacketDecoder();
    const exports: ExportOptions = {
      packets,
      samplingRate: (exporter) => {
        const address = parseAddress(exporter);
        return address && rates.lookup(address);
      },
    };
    this.#v5 = new NetflowV5Decoder(exports);
    this.#v9 = new NetflowV9Decoder(exports);
    this.#ipfix = new IpfixDecoder(exports);
    this.#sflow = new SflowDecoder(packets);
    this.#decoder = new DetectingDecoder({
      'netflow-v5': this.#v5,
      'netflow-v9': this.#v9,
      ipfix: this.#ipfix,
      sflow: this.#sflow,
    });
    const { seed, joinWindowMs: windowMs, joinCapacity: capacity } = options;
    const joiner =
      options.joinDirections === false
        ? undefined
        : new DirectionJoiner({ seed, ...(windowMs && { windowMs }), ...(capacity && { capacity }) }, sink);
    this.#joiner = joiner;
    this.#record = (record) => {
      this.#records++;
      if (joiner === undefined) sink(record);
      else joiner.add(record);
    };
  }

  /** Takes a datagram that came at a time, milliseconds since the epoch. */
  take(bytes: Uint8Array, from: SenderBytes, now: number): void {
    // Set back, the clock stands still here: what waits is not to wait longer.
    this.#now = Math.max(this.#now, now);
    this.#datagrams++;
    this.#bytes += bytes.length;
    const sender = this.#senders.of(from);
    if (sender.isAllowed) this.#decoder.decode(bytes, sender.name, now, this.#record, from.port);
    else this.#notAllowed++;
  }

  /** Hands on directions that waited long enough. */
  expire(now: number): void {
    this.#joiner?.expire(now);
  }

  /** Hands on all that waits. */
  flush(): void {
    this.#joiner?.flush();
  }

  /** What is known of templates, to be kept over a restart. */
  templates(): readonly TemplateSnapshot[] {
    return [this.#v9.templates(), this.#ipfix.templates()];
  }

  /** Returns how many templates were put back. */
  restore(snapshots: readonly TemplateSnapshot[], now: number): number {
    return snapshots.reduce(
      (sum, snapshot) =>
        sum + (snapshot.protocol === 'ipfix' ? this.#ipfix : this.#v9).restore(snapshot, now),
      0,
    );
  }

  counts(): DecodingCounts {
    const lost: Record<string, number> = {};
    const dropped: Record<string, number> = {
      'not-allowed': this.#notAllowed,
      'unknown-protocol': this.#decoder.unknown,
    };
    const details: Record<string, number> = {};
    const exporters: ExporterReport[] = [];
    for (const [protocol, decoder] of [
      ['netflow-v5', this.#v5],
      ['netflow-v9', this.#v9],
      ['ipfix', this.#ipfix],
    ] as const) {
      const { forgotten } = decoder;
      const take = (counters: ExporterCounters): void => {
        add(lost, lostNames[protocol], counters.lost);
        for (const [reason, count] of Object.entries(counters.dropped))
          add(dropped, `${protocol}:${reason}`, count);
        if (counters.recordsWithoutAddresses > 0)
          add(dropped, `${protocol}:no-addresses`, counters.recordsWithoutAddresses);
        add(details, `${protocol}-datagrams`, counters.datagrams);
        add(details, `${protocol}-records`, counters.records);
      };
      take(forgotten.counters);
      let count = 0;
      for (const { exporter, lastAt, counters } of decoder.exporters()) {
        count++;
        take(counters);
        const { datagrams, records, lost: missing } = counters;
        exporters.push({
          ...{ exporter, protocol, lastAt, datagrams, records, lost: missing },
          dropped: { ...counters.dropped },
        });
      }
      details[`${protocol}-exporters`] = count;
      details[`${protocol}-exporters-evicted`] = forgotten.count;
      details[`${protocol}-state-bytes`] = decoder.stateBytes();
    }
    this.#sflowCounts(lost, dropped, details);
    for (const { agent, lastAt, datagrams, samples, lostDatagrams } of this.#sflow.agents())
      exporters.push({
        ...{ exporter: agent, protocol: 'sflow', lastAt, datagrams, records: samples },
        ...{ lost: lostDatagrams, dropped: {} },
      });
    for (const [name, count] of Object.entries(this.#joiner?.counters ?? ({} as Partial<JoinCounters>)))
      details[`join-${name}`] = count;
    const { doubles } = this.#joiner?.counters ?? { doubles: 0 };
    dropped['told-twice'] = doubles;
    return {
      datagrams: this.#datagrams,
      bytes: this.#bytes,
      records: this.#records,
      lost,
      dropped,
      details,
      exporters,
    };
  }

  #sflowCounts(
    lost: Record<string, number>,
    dropped: Record<string, number>,
    details: Record<string, number>,
  ): void {
    const { drops, faults, lostDatagrams, lostSamples, agentDrops, ...counts } = this.#sflow.counters;
    lost['sflow-datagrams'] = lostDatagrams;
    lost['sflow-samples'] = lostSamples;
    lost['sflow-agent-samples'] = agentDrops;
    for (const [reason, count] of Object.entries(drops)) if (count > 0) dropped[`sflow:${reason}`] = count;
    for (const [fault, count] of Object.entries(faults))
      if (count > 0) details[`sflow-fault-${fault}`] = count;
    details['sflow-datagrams'] = counts.datagrams;
    details['sflow-records'] = counts.flows;
    details['sflow-counter-samples'] = counts.counterSamples;
    details['sflow-exporters'] = counts.agents;
    details['sflow-exporters-evicted'] = counts.evictedAgents;
    details['sflow-sources'] = counts.sources;
    details['sflow-interfaces'] = counts.interfaces;
  }
}

function add(to: Record<string, number>, name: string, count: number): void {
  to[name] = (to[name] ?? 0) + count;
}

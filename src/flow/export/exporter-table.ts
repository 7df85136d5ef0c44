import type { HeldSet } from './held-sets.ts';
import { SamplingTable } from './sampling-table.ts';
import { SequenceTracker, type SequenceUnit } from './sequence.ts';
import type { Template } from './template.ts';

/** Why something of a datagram was not decoded. */
export type DropReason =
  /** Datagrams: shorter than their header, of another version, of a length that they say and have not. */
  | 'short-datagram'
  | 'version'
  | 'message-length'
  /** v5: the header counts more records than there are bytes; those that are there were decoded. */
  | 'record-count'
  /** Sets: a length below 4 or beyond the datagram; a set id that means nothing. */
  | 'set-length'
  | 'set-id'
  /** Templates: cut off, an id below 256, records without a byte, more fields than are kept. */
  | 'template'
  /** Records that would end after their set. */
  | 'record-length'
  /** Data sets that waited for their template too long, or made room for others. */
  | 'held-too-long'
  | 'held-no-room';

/** What one exporter sent, and what became of it. */
export class ExporterCounters {
  /** All datagrams; `refused` are those of which nothing could be read, for a reason in `dropped`. */
  datagrams = 0;
  refused = 0;
  bytes = 0;
  /** Records handed on; those of flows without addresses, which are not; records of options. */
  records = 0;
  recordsWithoutAddresses = 0;
  optionRecords = 0;
  /** Of `records`: the last packet was told to be before the first, which is then taken for as late. */
  timesReversed = 0;
  /** Sets of data and options: `dataSets` is decoded + waiting + dropped as `set…` or `held…`. */
  dataSets = 0;
  dataSetsDecoded = 0;
  /** Sets whose template was not known when they came; those decoded after it came; those that wait now. */
  unknownTemplates = 0;
  heldDecoded = 0;
  heldNow = 0;
  /** Templates of data and of options that were learned, told again in another layout, withdrawn, evicted. */
  templates = 0;
  optionTemplates = 0;
  templatesRedefined = 0;
  templatesWithdrawn = 0;
  templatesEvicted = 0;
  /** Gaps in the sequence, and what was lost in them: flows (v5), datagrams (v9), records (IPFIX). */
  gaps = 0;
  lost = 0;
  /** Datagrams that came after later ones; starts of the sequence anew. */
  late = 0;
  resets = 0;
  domainsEvicted = 0;
  readonly dropped: Partial<Record<DropReason, number>> = {};

  drop(reason: DropReason): void {
    this.dropped[reason] = (this.dropped[reason] ?? 0) + 1;
  }

  /** Adds all that another has counted. */
  add(other: ExporterCounters): void {
    const { dropped, ...counts } = other;
    for (const [name, count] of Object.entries(counts) as [keyof typeof counts, number][])
      if (typeof count === 'number') (this as Record<string, unknown>)[name] = (this[name] as number) + count;
    for (const [reason, count] of Object.entries(dropped) as [DropReason, number][])
      this.dropped[reason] = (this.dropped[reason] ?? 0) + count;
  }
}

/** Limits of a decoder's memory. */
export interface ExportLimits {
  /** Exporters; the one that was silent longest makes room. */
  readonly exporters: number;
  /** Observation domains of an exporter. */
  readonly domains: number;
  /** Templates of a domain, and fields of a template. */
  readonly templates: number;
  readonly fields: number;
  /** Rates, and names of interfaces, of a domain. */
  readonly samplers: number;
  readonly interfaces: number;
  /** Approximate bytes of all of that, over all exporters; one exporter has a quarter at most. */
  readonly bytes: number;
  /** Data sets that wait for their template: bytes over all exporters (a quarter for one), and milliseconds. */
  readonly heldBytes: number;
  readonly heldMs: number;
}

export const defaultExportLimits: ExportLimits = {
  exporters: 1024,
  domains: 64,
  templates: 512,
  fields: 512,
  samplers: 1024,
  interfaces: 4096,
  bytes: 32 * 1024 * 1024,
  heldBytes: 4 * 1024 * 1024,
  heldMs: 120_000,
};

const exporterBytes = 1024;
const domainBytes = 1024;

/** What is known of one observation domain (v9: source id; v5: engine) of one exporter. */
export class Domain {
  readonly id: number;
  readonly exporter: Exporter;
  /** In the order in which they were told last. */
  readonly templates = new Map<number, Template>();
  readonly sampling: SamplingTable;
  readonly sequence: SequenceTracker;
  /** Names of interfaces by index, the one set last at the end. */
  readonly names = new Map<number, string>();
  /** When the exporter started, milliseconds since the epoch (element 160); 0 for unknown. */
  systemInit = 0;
  /** Sets that wait, by the template that they wait for. */
  readonly held = new Map<number, HeldSet[]>();
  /** Charged for all of it. */
  bytes = domainBytes;

  constructor(id: number, exporter: Exporter, limits: ExportLimits, unit: SequenceUnit) {
    this.id = id;
    this.exporter = exporter;
    this.sequence = new SequenceTracker(unit);
    this.sampling = new SamplingTable(limits.samplers, limits.interfaces);
  }
}

/** What is known of one exporter. */
export class Exporter {
  /** Canonical text of its address. */
  readonly address: string;
  readonly counters = new ExporterCounters();
  /** In the order in which they were used last. */
  readonly domains = new Map<number, Domain>();
  /** What the user configured for it, or 0. */
  readonly configuredRate: number;
  lastAt = 0;
  heldBytes = 0;
  /** Charged for all of its domains. */
  bytes = exporterBytes;
  last: Domain | undefined;

  constructor(address: string, configuredRate: number) {
    this.address = address;
    this.configuredRate = configuredRate;
  }
}

/** The exporters of one decoder, bounded in number and bytes. */
export class ExporterTable {
  readonly limits: ExportLimits;
  readonly #unit: SequenceUnit;
  readonly #rate: (exporter: string) => number | undefined;
  /** In the order in which they were heard last. */
  readonly #exporters = new Map<string, Exporter>();
  /** What must go with a domain that is forgotten. */
  readonly #forget: (domain: Domain) => void;
  /** What exporters had counted that were forgotten. */
  readonly retired = new ExporterCounters();
  #last: Exporter | undefined;
  #bytes = 0;
  #evicted = 0;

  constructor(
    limits: ExportLimits,
    rate: (exporter: string) => number | undefined,
    unit: SequenceUnit,
    forget: (domain: Domain) => void = () => {},
  ) {
    this.limits = limits;
    this.#rate = rate;
    this.#unit = unit;
    this.#forget = forget;
  }

  /** All exporters, the one heard last at the end. */
  all(): IterableIterator<Exporter> {
    return this.#exporters.values();
  }

  get size(): number {
    return this.#exporters.size;
  }

  /** Approximate bytes held, without sets that wait. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Exporters that were forgotten to make room. */
  get evicted(): number {
    return this.#evicted;
  }

  /** The exporter of this address, made when it is new. */
  exporter(address: string, at: number): Exporter {
    let exporter = this.#last;
    if (exporter?.address !== address) {
      exporter = this.#exporters.get(address);
      if (exporter === undefined) {
        const rate = this.#rate(address) ?? 0;
        exporter = new Exporter(address, rate >= 1 ? rate : 0);
        this.#bytes += exporter.bytes;
        if (this.#exporters.size >= this.limits.exporters) this.#evictOldest();
      } else this.#exporters.delete(address);
      this.#exporters.set(address, exporter);
      this.#last = exporter;
    }
    exporter.lastAt = at;
    return exporter;
  }

  /** The domain of this id, made when it is new. */
  domain(exporter: Exporter, id: number): Domain {
    if (exporter.last?.id === id) return exporter.last;
    let domain = exporter.domains.get(id);
    const isNew = domain === undefined;
    if (domain === undefined) {
      domain = new Domain(id, exporter, this.limits, this.#unit);
      if (exporter.domains.size >= this.limits.domains) this.#evictDomain(exporter);
    } else exporter.domains.delete(id);
    exporter.domains.set(id, domain);
    exporter.last = domain;
    if (isNew) this.#spend(domain, domainBytes);
    return domain;
  }

  /** Counts bytes that a domain took (or gave back), and makes room where that is too many. */
  charge(domain: Domain, bytes: number): void {
    domain.bytes += bytes;
    this.#spend(domain, bytes);
  }

  #spend({ exporter }: Domain, bytes: number): void {
    exporter.bytes += bytes;
    this.#bytes += bytes;
    if (bytes <= 0) return;
    while (exporter.bytes > this.limits.bytes / 4 && exporter.domains.size > 1) this.#evictDomain(exporter);
    while (this.#bytes > this.limits.bytes && this.#exporters.size > 1) this.#evictOldest();
  }

  /** The domain in use is the last: it stays. */
  #evictDomain(exporter: Exporter): void {
    const [oldest] = exporter.domains.values();
    if (oldest === undefined) return;
    exporter.domains.delete(oldest.id);
    exporter.bytes -= oldest.bytes;
    this.#bytes -= oldest.bytes;
    exporter.counters.domainsEvicted++;
    this.#forget(oldest);
  }

  /** The exporter in use is the last: it stays. */
  #evictOldest(): void {
    const [oldest] = this.#exporters.values();
    if (oldest === undefined) return;
    this.#exporters.delete(oldest.address);
    this.#bytes -= oldest.bytes;
    this.#evicted++;
    for (const domain of oldest.domains.values()) this.#forget(domain);
    this.retired.add(oldest.counters);
  }
}

/** What a sequence number says of the datagrams before it. */
export const SequenceStep = {
  /** The first, or after one whose records could not be counted. */
  First: 0,
  Next: 1,
  /** Something between was lost. */
  Gap: 2,
  /** It belongs before one that was here already. */
  Late: 3,
  /** The exporter started anew. */
  Reset: 4,
} as const;

/** Where it is counted. */
export interface SequenceCounters {
  gaps: number;
  /** Units that are missing: flows (v5), datagrams (v9), records (IPFIX). */
  lost: number;
  late: number;
  resets: number;
}

/** Sources of one domain that are told apart by their port: line cards and restarted processes count for themselves. */
const mostSources = 8;
/** What is at most so many units behind has come late. */
const lateWindow = 2048;
/** So many late ones in a row are no late ones: the numbers have begun anew not far behind. */
const mostLate = 16;
/** A step by more units than this is no gap. */
const widest = 1 << 20;
/** So often must a sequence have gone on by the records of the datagram before that it is taken to count these. */
const surely = 4;

interface Source {
  /** Number that the next one has; -1 for unknown. */
  next: number;
  last: number;
  /** Milliseconds that the exporter was up; -1 where not told. */
  uptime: number;
  /** Where datagrams are counted: records of the last one, and how often the number went on by these instead of by 1. */
  records: number;
  byRecords: number;
  /** How many in a row came late. */
  late: number;
}

/**
 * Follows the sequence numbers of one observation domain. Numbers count flows (v5), datagrams (v9) or records of data (IPFIX), modulo 2^32
 * (RFC 3954 §5.1, RFC 7011 §3.1); some exporters of v9 count records, which shows after a few datagrams.
 */
export class SequenceTracker {
  readonly #sources = new Map<number, Source>();
  #source: Source | undefined;
  #port = -1;
  #step: number = SequenceStep.First;

  /**
   * Takes the number of a datagram from this source port; `uptime` in milliseconds, -1 where the protocol does not tell it. Counts, and returns
   * one of {@link SequenceStep}. The caller goes on with {@link advance} when the datagram is decoded.
   */
  take(port: number, sequence: number, uptime: number, counters: SequenceCounters): number {
    const source = this.#select(port);
    const step = this.#stepOf(source, sequence, uptime, counters);
    if (step !== SequenceStep.Late) source.last = sequence;
    source.uptime = uptime;
    this.#step = step;
    return step;
  }

  #stepOf(source: Source, sequence: number, uptime: number, counters: SequenceCounters): number {
    if (source.next < 0) return SequenceStep.First;
    const ahead = (sequence - source.next) | 0;
    source.late = ahead < 0 ? source.late + 1 : 0;
    if (ahead === 0) return SequenceStep.Next;
    if (ahead > widest || ahead < -lateWindow || source.late > mostLate || isRestart(source.uptime, uptime)) {
      source.byRecords = 0;
      source.late = 0;
      counters.resets++;
      return SequenceStep.Reset;
    }
    if (ahead < 0) {
      counters.late++;
      return SequenceStep.Late;
    }
    const byRecords = source.records > 1 && (sequence - source.last) >>> 0 === source.records;
    source.byRecords = byRecords
      ? Math.min(source.byRecords + 1, surely * 2)
      : Math.max(source.byRecords - 1, 0);
    if (byRecords && source.byRecords >= surely) return SequenceStep.Next;
    counters.gaps++;
    counters.lost += ahead;
    return SequenceStep.Gap;
  }

  /**
   * Says what the datagram that was taken last counts for: `units` on in the sequence, -1 for unknown; and, where datagrams are counted, how
   * many records its header tells (else 0). What came late is not lost.
   */
  advance(units: number, records: number, counters: SequenceCounters): void {
    const source = this.#source;
    if (source === undefined) return;
    if (this.#step === SequenceStep.Late) {
      counters.lost = Math.max(0, counters.lost - Math.max(units, 0));
      return;
    }
    source.records = records;
    source.next = units < 0 ? -1 : (source.last + units) >>> 0;
  }

  #select(port: number): Source {
    if (port === this.#port && this.#source !== undefined) return this.#source;
    let source = this.#sources.get(port);
    if (source === undefined) {
      source = { next: -1, last: 0, uptime: -1, records: 0, byRecords: 0, late: 0 };
      if (this.#sources.size >= mostSources) {
        const [oldest] = this.#sources.keys();
        this.#sources.delete(oldest!);
      }
    } else this.#sources.delete(port);
    this.#sources.set(port, source);
    this.#port = port;
    this.#source = source;
    return source;
  }
}

/** Whether the exporter was up for a shorter time than before, other than because the milliseconds began anew after 2^32. */
function isRestart(before: number, now: number): boolean {
  return before >= 0 && now >= 0 && ((before - now) | 0) > 60_000;
}

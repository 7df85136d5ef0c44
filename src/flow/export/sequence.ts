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
  /** Units that are missing. */
  lost: number;
  late: number;
  resets: number;
}

/** What a sequence counts: flows and records as they are sent, or datagrams. */
export type SequenceUnit = 'records' | 'datagrams';

/** Sources of one domain that are told apart by their port: line cards and restarted processes count for themselves. */
const mostSources = 8;
/** What is at most so many units behind has come late. */
const lateWindow = 2048;
/** So many late ones in a row are no late ones: the numbers have begun anew not far behind. */
const mostLate = 16;
/** A step by more units than this is no gap. */
const widest = 1 << 20;
/** So often must a sequence of datagrams have gone on by the records of the one before that it is taken to count these. */
const surely = 4;

interface Source {
  /** Number of the last datagram that was not late, and how many units it was; -1 for none, or for unknown. */
  last: number;
  units: number;
  /** The units that the exporter may count instead. */
  others: number;
  /** Milliseconds that the exporter was up; -1 where not told. */
  uptime: number;
  /** How often the number went on by `others`. */
  byOthers: number;
  /** Whether numbers have been those after the datagram instead of before it. */
  isInclusive: boolean;
  /** What was counted as gaps and is none if numbers are those after the datagram. */
  doubtfulGaps: number;
  doubtfulLost: number;
  /** How many in a row came late. */
  late: number;
}

/**
 * Follows the sequence numbers of one observation domain. They count flows (v5), datagrams (v9) or records of data (IPFIX) before the datagram,
 * modulo 2^32 (RFC 3954 §5.1, RFC 7011 §3.1). Exporters differ: some count records in v9, leave out records of options in IPFIX,
 * or count the datagram itself as well. Each of these is known by its numbers, and is no loss.
 */
export class SequenceTracker {
  readonly #unit: SequenceUnit;
  readonly #sources = new Map<number, Source>();
  #source: Source | undefined;
  #port = -1;

  constructor(unit: SequenceUnit) {
    this.#unit = unit;
  }

  /**
   * Takes the number of a datagram from this source port that was decoded. `uptime` in milliseconds, -1 where the protocol does not tell
   * it; `units` is what the datagram counts for, -1 for unknown; `others` what exporters count instead: records as the header tells them (v9), records
   * without those of options (IPFIX); -1 for none. Counts, and returns one of {@link SequenceStep}.
   */
  take(
    port: number,
    sequence: number,
    uptime: number,
    units: number,
    others: number,
    counters: SequenceCounters,
  ): number {
    const source = this.#select(port);
    const step = this.#step(source, sequence, uptime, units, others, counters);
    source.uptime = uptime;
    if (step === SequenceStep.Late) return step;
    source.last = sequence;
    source.units = units;
    source.others = others;
    return step;
  }

  #step(
    source: Source,
    sequence: number,
    uptime: number,
    units: number,
    others: number,
    counters: SequenceCounters,
  ): number {
    // The first of all, with the number that it must have after itself.
    const isFirst = this.#unit === 'records' && others > 0 && (sequence === units || sequence === others);
    if (source.units < 0) {
      source.isInclusive = isFirst;
      return SequenceStep.First;
    }
    const by = (sequence - source.last) >>> 0;
    const ahead = (by - source.units) | 0;
    if (ahead === 0) {
      source.late = 0;
      return SequenceStep.Next;
    }
    if (this.#isOther(source, by, ahead, units, others, counters)) return SequenceStep.Next;
    source.late = ahead < 0 ? source.late + 1 : 0;
    if (ahead > widest || ahead < -lateWindow || source.late > mostLate || isRestart(source.uptime, uptime)) {
      source.byOthers = 0;
      source.isInclusive = isFirst;
      source.late = 0;
      counters.resets++;
      return SequenceStep.Reset;
    }
    if (ahead < 0) {
      counters.late++;
      counters.lost = Math.max(0, counters.lost - Math.max(units, 0));
      return SequenceStep.Late;
    }
    counters.gaps++;
    counters.lost += ahead;
    if (others >= 0 && (by === units || by === others)) {
      source.doubtfulGaps++;
      source.doubtfulLost += ahead;
    }
    return SequenceStep.Gap;
  }

  /** Whether the number is the next one of an exporter that counts in another way. */
  #isOther(
    source: Source,
    by: number,
    ahead: number,
    units: number,
    others: number,
    counters: SequenceCounters,
  ): boolean {
    if (this.#unit === 'datagrams') {
      const isOther = source.others > 1 && by === source.others;
      source.byOthers = isOther
        ? Math.min(source.byOthers + 1, surely * 2)
        : Math.max(source.byOthers - 1, 0);
      return isOther && source.byOthers >= surely;
    }
    if (others < 0) return false;
    if (by === source.others) return true;
    if (by !== units && by !== others) return false;
    // A number behind the one that must come is never a loss; one ahead of it may be.
    if (ahead < 0 && by > 0 && !source.isInclusive) {
      source.isInclusive = true;
      counters.gaps = Math.max(0, counters.gaps - source.doubtfulGaps);
      counters.lost = Math.max(0, counters.lost - source.doubtfulLost);
    }
    return source.isInclusive;
  }

  #select(port: number): Source {
    if (port === this.#port && this.#source !== undefined) return this.#source;
    let source = this.#sources.get(port);
    if (source === undefined) {
      source = {
        last: 0,
        units: -1,
        others: -1,
        uptime: -1,
        byOthers: 0,
        isInclusive: false,
        doubtfulGaps: 0,
        doubtfulLost: 0,
        late: 0,
      };
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

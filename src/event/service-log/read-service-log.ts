import { readLogEntry } from './log-entry.ts';
import type { LogFormat, LogParser, LogResult } from './log-format.ts';
import { problem, skipped } from './log-format.ts';
import type { LogObservation } from './log-observation.ts';
import type { LogTime } from './log-time.ts';
import { serviceLogFormats } from './registry.ts';

/** What became of the lines of a log; each is in one of the three. Reasons are fixed texts. */
export interface ServiceLogCounts {
  readonly lines: number;
  readonly observations: number;
  /** Lines that tell nothing that is asked for, by reason. */
  readonly skipped: ReadonlyMap<string, number>;
  /** Lines that could not be read, by reason. */
  readonly dropped: ReadonlyMap<string, number>;
}

/** Services put their own framing into lines, or a syslog daemon does; longer lines are no line of a log. */
export const maxServiceLine = 16_384;

/** Reads the lines of one log of services, in their order. Never throws for what it reads; what is left out is counted by reason. */
export class ServiceLogReader {
  readonly #parsers = new Map<LogFormat, LogParser>();
  readonly #skipped = new Map<string, number>();
  readonly #dropped = new Map<string, number>();
  #lines = 0;
  #observations = 0;

  get counts(): ServiceLogCounts {
    return {
      lines: this.#lines,
      observations: this.#observations,
      skipped: this.#skipped,
      dropped: this.#dropped,
    };
  }

  /** Returns what a line (without its end) tells of somebody; undefined where it tells nothing, which is counted. */
  line(text: string, time: LogTime): LogObservation | undefined {
    this.#lines++;
    const result = this.#read(text, time);
    if (result.kind === 'observation') {
      this.#observations++;
      return result.observation;
    }
    const counts = result.kind === 'skipped' ? this.#skipped : this.#dropped;
    counts.set(result.reason, (counts.get(result.reason) ?? 0) + 1);
    return undefined;
  }

  #read(text: string, time: LogTime): LogResult {
    if (text.length > maxServiceLine) return problem('too long');
    const entry = readLogEntry(text, time) ?? { message: text, time };
    const format = serviceLogFormats.find((one) => one.recognizes(entry));
    if (format === undefined)
      return entry.at === undefined ? problem('no log that is known') : skipped('of other programs');
    // Whoever has an account can write into the journal and call himself a service.
    if (entry.isOfUser === true) return skipped('written by somebody else than the service');
    let parser = this.#parsers.get(format);
    if (parser === undefined) {
      parser = format.open();
      this.#parsers.set(format, parser);
    }
    return parser.read(entry);
  }
}

/** Lines that are looked at to find out what a file is. */
const maxLooked = 64;
/** No clock is needed to see that something is a time. */
const anyTime: LogTime = { reference: 0 };

/** Returns whether a file that begins with these bytes is a log of services: most of its first whole lines are of one. */
export function isServiceLog(beginning: Uint8Array): boolean {
  const text = new TextDecoder().decode(beginning);
  const lines = text.split('\n', maxLooked + 1);
  // What stands behind the last end of a line may be half a line, but for a file that has only one.
  const whole = (lines.length > 1 ? lines.slice(0, -1) : lines).filter((line) => line.trim() !== '');
  const known = whole.filter((line) => isOfService(line.trimEnd())).length;
  return known > 0 && known * 2 > whole.length;
}

function isOfService(line: string): boolean {
  if (line.length > maxServiceLine) return false;
  const entry = readLogEntry(line, anyTime);
  if (entry !== undefined) return true;
  const message = { message: line, time: anyTime };
  return serviceLogFormats.some((one) => one.recognizes(message));
}

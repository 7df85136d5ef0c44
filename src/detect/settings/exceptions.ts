import type { Span } from '../../diagnostic/diagnostic.ts';
import type { FilterableAlert } from '../../flow/filter.ts';
import type { Predicate } from '../../flow/filter-parser.ts';
import { flowToJson } from '../../flow/json.ts';
import type { Finding } from '../detector.ts';

/** Findings that somebody does not want to hear of, for a time, and why. */
export interface Exception {
  /** Id of the detector. */
  readonly detector: string;
  /** Filter over alerts, as it is written. */
  readonly filter: string;
  readonly matches: Predicate<FilterableAlert>;
  readonly reason: string;
  /** It applies to what was seen before; ms since the epoch. */
  readonly until: number;
  readonly span: Span;
}

/** An exception, and what it did. */
export interface ExceptionStatus {
  readonly detector: string;
  readonly filter: string;
  readonly reason: string;
  /** ms since the epoch. */
  readonly until: number;
  readonly isExpired: boolean;
  /** Where it is written, as `file:line`. */
  readonly place: string;
  /** Findings that it held back since start. */
  readonly heldBack: number;
  /** When the last of them was seen, ms since the epoch. */
  readonly lastAt?: number;
}

interface Counted {
  readonly exception: Exception;
  heldBack: number;
  lastAt: number | undefined;
}

/** Holds findings back, and counts how many each exception did. */
export class Exceptions {
  readonly #byDetector = new Map<string, Counted[]>();
  readonly #all: readonly Counted[];

  /** Counts of `previous` go on for exceptions that are the same. */
  constructor(exceptions: readonly Exception[], previous?: Exceptions) {
    const before = previous === undefined ? [] : previous.#all;
    const counts = new Map(before.map((one) => [keyOf(one.exception), one]));
    this.#all = exceptions.map((exception) => {
      const { heldBack = 0, lastAt } = counts.get(keyOf(exception)) ?? {};
      return { exception, heldBack, lastAt };
    });
    for (const counted of this.#all) {
      const { detector } = counted.exception;
      const same = this.#byDetector.get(detector);
      if (same === undefined) this.#byDetector.set(detector, [counted]);
      else same.push(counted);
    }
  }

  /** Whether an exception applies to the finding, at the time of which it is; the first that does counts it. */
  holdBack(finding: Finding): boolean {
    const candidates = this.#byDetector.get(finding.detector);
    const held = candidates?.find(
      ({ exception }) => finding.at < exception.until && appliesTo(exception, finding),
    );
    if (held === undefined) return false;
    held.heldBack++;
    held.lastAt = Math.max(held.lastAt ?? finding.at, finding.at);
    return true;
  }

  /** All exceptions in the order in which they are written; `now` in ms since the epoch. */
  status(now: number): readonly ExceptionStatus[] {
    return this.#all.map(({ exception, heldBack, lastAt }) => ({
      detector: exception.detector,
      filter: exception.filter,
      reason: exception.reason,
      until: exception.until,
      isExpired: now >= exception.until,
      place: `${exception.span.file}:${exception.span.start.line}`,
      heldBack,
      ...(lastAt !== undefined && { lastAt }),
    }));
  }
}

/**
 * Whether all that a finding shows is meant by the filter: with several flows each of them, so that whoever goes to an excepted place
 * among others is told of. Of a finding without flows, what the filter says of flows must not matter.
 */
function appliesTo({ matches }: Exception, finding: Finding): boolean {
  const { detector, severity, entity, title } = finding;
  const about = { detector, severity, entity, title };
  if (finding.flows.length > 0)
    return finding.flows.every((flow) => matches({ ...about, flows: [flowToJson(flow)] }));
  return [true, false].every((answer) => matches({ ...about, flows: flowsThatAnswer(answer) }));
}

/** Flows of which every question for one that fits is answered alike: terms over flows ask nothing else. */
function flowsThatAnswer(answer: boolean): FilterableAlert['flows'] {
  return Object.assign([], { some: () => answer });
}

function keyOf({ detector, filter, until }: Exception): string {
  return JSON.stringify([detector, filter, until]);
}

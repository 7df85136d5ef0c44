import type { AlertJson } from '../../src/detect/json.ts';

/** What is to be found in a day: written by who made the day, before anybody looks at it. */
export interface Expected {
  readonly name: string;
  readonly tool: string;
  readonly site: string;
  /** Who should find it, and of whom it should speak; `about` stands in the title. */
  readonly detector: string;
  readonly entity: string;
  /** What the site file calls it, where it is a machine of the site. */
  readonly called?: string;
  readonly about?: string;
  /** When it began and was over, and how long after its beginning it is to be found at the latest; ms since the epoch, ms. */
  readonly from: number;
  readonly until: number;
  readonly within: number;
  /** Other detectors that may speak of it as well. */
  readonly also?: readonly string[];
  /** There is no such detector yet, or none that could find it in a single day. */
  readonly isMissing?: true;
}

/** What detectors made of a day. */
export interface Score {
  /** Each attack, with the first alert that found it and after how long, ms. */
  readonly attacks: readonly {
    readonly expected: Expected;
    readonly alert: AlertJson | undefined;
    readonly delay: number;
  }[];
  /** Alerts that no attack explains. */
  readonly wrong: readonly AlertJson[];
}

/** Alerts go on after an attack is over: detectors wait whether more comes. */
const laterMs = 3_600_000;

/** Holds alerts against the truth. */
export function score(alerts: readonly AlertJson[], truth: readonly Expected[]): Score {
  const attacks = truth.map((expected) => {
    const alert = alerts.find((one) => isFound(one, expected));
    return { expected, alert, delay: alert === undefined ? Number.NaN : alert.firstAt - expected.from };
  });
  const wrong = alerts.filter((alert) => !truth.some((expected) => isExplained(alert, expected)));
  return { attacks, wrong };
}

function isFound(alert: AlertJson, expected: Expected): boolean {
  const { detector, about = '', from, within } = expected;
  const delay = alert.firstAt - from;
  return (
    alert.detector === detector &&
    isOf(alert, expected) &&
    alert.title.includes(about) &&
    delay >= 0 &&
    delay <= within
  );
}

function isExplained(alert: AlertJson, expected: Expected): boolean {
  const { detector, about = '', also = [], from, until, within } = expected;
  if (alert.firstAt < from || alert.firstAt > Math.max(until + laterMs, from + within)) return false;
  if (!isOf(alert, expected)) return false;
  return also.includes(alert.detector) || (alert.detector === detector && alert.title.includes(about));
}

function isOf({ entity }: AlertJson, expected: Expected): boolean {
  return entity === expected.entity || entity === expected.called;
}

import { isoText } from '../event/fields/time-text.ts';
import { type AlertOptions, alertJson, alertText, type RuleAlert } from '../rules/format/alert.ts';
import type { Priority } from '../rules/rule-set.ts';

/** One alert as it goes to outputs: already printed both ways, so that what is sent never depends on when. */
export interface AlertRecord {
  /**
   * The same for every attempt and every output, and never given twice: by it a receiver tells an alert that is repeated
   * after a kill. At most 64 characters of `A-Z a-z 0-9 -`.
   */
  readonly id: string;
  /** RFC 3339 in UTC with nine decimals. */
  readonly time: string;
  readonly priority: Priority;
  readonly rule: string;
  /** Of events; `internal` for what Picket says of itself. */
  readonly source: string;
  readonly hostname: string;
  /** One line, without its end. */
  readonly text: string;
  /** One line of JSON; its key `id` is {@link id}. */
  readonly json: string;
}

/** Returns the alert as a record of the given id. */
export function alertRecord(alert: RuleAlert, options: AlertOptions, id: string): AlertRecord {
  const { rule, hostname } = alert;
  return {
    id,
    time: isoText(alert.time),
    priority: rule.priority,
    rule: rule.name,
    source: rule.source,
    hostname,
    text: alertText(alert, options),
    json: `{"id":${JSON.stringify(id)},${alertJson(alert, options).slice(1)}`,
  };
}

/** Gives ids: those of one process begin alike, those of two processes never do, as far as `random` is. */
export class RecordIds {
  readonly #prefix: string;
  #next = 0;

  /** `random`: of the process, e.g. 16 random hexadecimal digits. */
  constructor(random: string) {
    this.#prefix = random;
  }

  next(): string {
    return `${this.#prefix}-${this.#next++}`;
  }
}

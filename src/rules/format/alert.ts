import type { EventSource } from '../../event/field.ts';
import { clockText, isoText } from '../../event/fields/time-text.ts';
import type { Rule } from '../rule-set.ts';
import { type OutputFormatter, outputFormatter } from './formatter.ts';

/** How alerts are printed; the names are those of `falco.yaml`. */
export interface AlertOptions {
  readonly json: boolean;
  readonly jsonIncludeOutput: boolean;
  readonly jsonIncludeOutputFields: boolean;
  readonly jsonIncludeMessage: boolean;
  readonly jsonIncludeTags: boolean;
  /** RFC 3339 in place of the time of day. */
  readonly isoTime: boolean;
}

export const defaultAlertOptions: AlertOptions = {
  json: false,
  jsonIncludeOutput: true,
  jsonIncludeOutputFields: true,
  jsonIncludeMessage: false,
  jsonIncludeTags: true,
  isoTime: false,
};

/** What an alert tells of its rule. */
export type AlertedRule = Pick<Rule, 'name' | 'priority' | 'source' | 'tags'>;

/** What a rule or a correlation has to be printed by. */
export type PrintedRule = AlertedRule & Pick<Rule, 'output' | 'extraFields'>;

/** One alert: what fired, when, and how it is printed. Plain data: it goes from thread to thread. */
export interface RuleAlert {
  readonly rule: AlertedRule;
  /** Nanoseconds since the epoch. */
  readonly time: bigint;
  readonly hostname: string;
  /** The output with its values. */
  readonly message: string;
  /** Values by their names in the output, as JSON. */
  readonly fields: ReadonlyMap<string, string>;
  /** Events that the kernel had no room for shortly before: there may be more to it. Absent when none were lost. */
  readonly lost?: number;
}

/** Makes alerts of events that a rule holds for. */
export class AlertPrinter<E> {
  readonly #source: EventSource<E>;
  readonly #timeOf: (event: E) => bigint;
  readonly #hostname: string;
  readonly #formatters = new Map<PrintedRule, OutputFormatter<E>>();

  constructor(source: EventSource<E>, timeOf: (event: E) => bigint, hostname: string) {
    this.#source = source;
    this.#timeOf = timeOf;
    this.#hostname = hostname;
  }

  /** Makes the formatter of a rule now, rather than when it first fires. */
  prepare(rule: PrintedRule): OutputFormatter<E> {
    const formatter = this.#formatters.get(rule) ?? withExtraFields(rule, this.#source);
    this.#formatters.set(rule, formatter);
    return formatter;
  }

  alert(rule: PrintedRule, event: E): RuleAlert {
    const formatter = this.prepare(rule);
    const time = this.#timeOf(event);
    const { name, priority, source, tags } = rule;
    return {
      rule: { name, priority, source, tags },
      time,
      hostname: this.#hostname,
      message: formatter.text(event),
      fields: formatter.fields(event),
    };
  }
}

/** The formatter of a rule's output, with the fields that a configuration adds. */
function withExtraFields<E>(
  { output, extraFields = [] }: PrintedRule,
  source: EventSource<E>,
): OutputFormatter<E> {
  const formatter = outputFormatter(output, source);
  if (extraFields.length === 0) return formatter;
  const extra = extraFields.map(({ name, format, isText }) => ({
    name,
    isText,
    formatter: outputFormatter(format, source),
  }));
  return {
    text: formatter.text,
    fields(event) {
      const fields = new Map(formatter.fields(event));
      for (const { name, isText, formatter } of extra) {
        const [value = 'null'] = isText
          ? [JSON.stringify(formatter.text(event))]
          : formatter.fields(event).values();
        fields.set(name, value);
      }
      return fields;
    },
  };
}

/** Returns the alert as one line, as Falco prints it; signs that would end or colour a line are escaped as in JSON. */
export function alertText(alert: RuleAlert, options: AlertOptions = defaultAlertOptions): string {
  return escaped(line(alert, options.isoTime));
}

/** Returns the alert as one line of JSON, keys and their order as Falco's. */
export function alertJson(
  { rule, time, hostname, message, fields, lost, ...rest }: RuleAlert,
  options: AlertOptions = defaultAlertOptions,
): string {
  const alert = { rule, time, hostname, message, fields, ...rest };
  const timeKey = options.isoTime ? 'evt.time.iso8601' : 'evt.time';
  const doubt: [string, string][] = lost === undefined ? [] : [['picket.events_lost', String(lost)]];
  const values = new Map([[timeKey, String(time)], ...fields, ...doubt]);
  const entries = [...values]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${JSON.stringify(name)}:${value}`);
  const parts = [
    `"hostname":${JSON.stringify(hostname)}`,
    ...(options.jsonIncludeMessage ? [`"message":${JSON.stringify(message)}`] : []),
    ...(options.jsonIncludeOutput ? [`"output":${JSON.stringify(line(alert, options.isoTime))}`] : []),
    ...(options.jsonIncludeOutputFields ? [`"output_fields":{${entries.join(',')}}`] : []),
    `"priority":${JSON.stringify(rule.priority)}`,
    `"rule":${JSON.stringify(rule.name)}`,
    `"source":${JSON.stringify(rule.source)}`,
    ...(options.jsonIncludeTags ? [`"tags":${JSON.stringify([...rule.tags].sort())}`] : []),
    `"time":${JSON.stringify(isoText(time))}`,
  ];
  return `{${parts.join(',')}}`;
}

/** `HH:MM:SS.nnnnnnnnn: Priority message`. */
function line({ rule, time, message }: RuleAlert, isIso: boolean): string {
  const when = isIso ? isoText(time).replace('Z', '+0000') : clockText(time);
  return `${when}: ${rule.priority} ${message}`;
}

/** Control characters of both sets, line separators, and what changes the direction of writing (Unicode 4.4, 23.2). */
const unprintable = /[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g;

function escaped(text: string): string {
  return text.replace(unprintable, (sign) =>
    sign < ' ' ? JSON.stringify(sign).slice(1, -1) : `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

import { type ReadAlerts, readAlerts } from '../../rules/format/read-alert.ts';
import { EventInputs } from './event-input.ts';
import { RecentKeys } from './recent-keys.ts';
import type { RuleAlertSink, RuleSource, RuleSourceStatus } from './rule-source.ts';

/** Of another Picket: one that is sent again after a kill is the next to come. */
const rememberedIds = 8192;
/** Of one text, so that none holds up the agent: a Falco sends one alert at a time. */
const limits = { items: 10_000, unreadable: 500 } as const;

/** What became of a text with alerts. */
export interface FalcoTaken {
  readonly events: number;
  /** What is no alert, by the number of its line or item, from 1. */
  readonly faults: ReadAlerts['faults'];
  /** How many items that is, those that were not looked at among them. */
  readonly undecodable: number;
}

/** Alerts that a Falco raised, on this machine or another: its `http_output`. They keep the hostname that they came with. */
export class FalcoAlerts implements RuleSource {
  /** In which they come; stopped with this. */
  readonly inputs = new EventInputs();
  /** Alerts that were not raised since they had come before. */
  repeated = 0;
  readonly #sink: RuleAlertSink;
  readonly #ids = new RecentKeys(rememberedIds);
  #events = 0;
  #undecodable = 0;

  constructor(sink: RuleAlertSink) {
    this.#sink = sink;
  }

  /** Hands on the alerts in `text`. Returns when all are raised. */
  take(text: string): FalcoTaken {
    const { alerts, faults, undecodable } = readAlerts(text, limits);
    this.#undecodable += undecodable;
    for (const { id, ...alert } of alerts) {
      this.#events++;
      if (id !== undefined && this.#ids.seen(id)) this.repeated++;
      else this.#sink.alert(alert);
    }
    return { events: alerts.length, faults, undecodable };
  }

  status(): RuleSourceStatus {
    const inputs = this.inputs.status();
    const undecodable = this.#undecodable + inputs.undecodable;
    return { ...inputs, id: 'falco', rules: 0, events: this.#events, undecodable };
  }

  stop(): Promise<void> {
    return this.inputs.stop();
  }
}

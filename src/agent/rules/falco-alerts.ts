import { type ReadAlerts, readAlerts } from '../../rules/format/read-alert.ts';
import type { RuleAlertSink, RuleSource, RuleSourceStatus } from './rule-source.ts';

/** Rules that are counted by name; alerts of all others are counted together. */
const countedRules = 512;

/** What became of a text with alerts. */
export interface FalcoTaken {
  readonly events: number;
  /** What is no alert, by the number of its line or item, from 1. */
  readonly faults: ReadAlerts['faults'];
}

/** Alerts that a Falco raised, on this machine or another: its `http_output`. They keep the hostname that they came with. */
export class FalcoAlerts implements RuleSource {
  /** Alerts by rule, of the rules that came first. */
  readonly byRule: ReadonlyMap<string, number>;
  /** Alerts of rules beyond those. */
  ofOtherRules = 0;
  readonly #byRule = new Map<string, number>();
  readonly #sink: RuleAlertSink;
  readonly #detail: string;
  #events = 0;
  #undecodable = 0;

  /** `detail`: where they come in, for the status. */
  constructor(sink: RuleAlertSink, detail: string) {
    this.#sink = sink;
    this.#detail = detail;
    this.byRule = this.#byRule;
  }

  /** Hands on the alerts in `text`. Returns when all are raised. */
  take(text: string): FalcoTaken {
    const { alerts, faults } = readAlerts(text);
    this.#undecodable += faults.length;
    for (const alert of alerts) {
      this.#events++;
      this.#count(alert.rule.name);
      this.#sink.alert(alert);
    }
    return { events: alerts.length, faults };
  }

  status(): RuleSourceStatus {
    return {
      id: 'falco',
      state: 'running',
      detail: this.#detail,
      rules: 0,
      events: this.#events,
      lost: 0,
      undecodable: this.#undecodable,
    };
  }

  async stop(): Promise<void> {}

  #count(name: string): void {
    const count = this.#byRule.get(name);
    if (count === undefined && this.#byRule.size >= countedRules) this.ofOtherRules++;
    else this.#byRule.set(name, (count ?? 0) + 1);
  }
}

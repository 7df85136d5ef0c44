import { hash } from 'node:crypto';
import { type AuditEvent, decodeAudit } from '../../event/audit/audit-event.ts';
import { auditSource } from '../../event/audit/audit-source.ts';
import { type AskedRules, RuleEngine } from '../../rules/engine.ts';
import type { RuleAlert } from '../../rules/format/alert.ts';
import { withStaticFields } from '../../rules/settings/settings-source.ts';
import type { AskedSet } from './asked-set.ts';
import { correlationsStatus } from './correlations-status.ts';
import { EventInputs } from './event-input.ts';
import { RecentKeys } from './recent-keys.ts';
import type { RuleAlertSink, RuleSource, RuleSourceStatus } from './rule-source.ts';

/** Events that are remembered, to know them when they come again: some batches of 400, about 2 MB. */
const rememberedEvents = 16_384;

/** How late events come: the API server keeps a batch for up to 30 s (`--audit-webhook-batch-max-wait`). */
const lateness = 60_000_000_000n;
const tickMs = 1000;
/** Of one text, so that none holds up the agent: an API server sends some hundred at a time. */
const limits = { items: 50_000, unreadable: 500 } as const;

/** What became of a text with audit events. */
export interface AuditTaken {
  readonly events: number;
  /** What is no event, by the number of its line or item, from 1. */
  readonly faults: readonly { readonly item: number; readonly message: string }[];
  /** How many items that is, those that were not looked at among them. */
  readonly undecodable: number;
}

/** How alerts are made. */
export interface AuditRulesOptions {
  /** Of this machine; it stands in the alerts. */
  readonly hostname: string;
  /** Of an event the first rule that holds, or all. Default: the first. */
  readonly matching?: 'first' | 'all';
  /** Values of the fields `static.NAME` by their names, as a configuration gives them. */
  readonly staticFields?: ReadonlyMap<string, string>;
}

/** Rules of `source: k8s_audit`, asked of the audit events of a Kubernetes API server. */
export class AuditRules implements RuleSource {
  /** Events that came again after they had raised alerts; with correlations, all that came again. */
  repeated = 0;
  /** In which events come; stopped with this. */
  readonly inputs = new EventInputs();
  readonly #hostname: string;
  #engine: RuleEngine<AuditEvent>;
  readonly #sink: RuleAlertSink;
  readonly #recent = new RecentKeys(rememberedEvents);
  #ticking: NodeJS.Timeout | undefined;
  #events = 0;
  #undecodable = 0;
  #latest = 0n;

  /** Rules that are not enabled, or of other sources, are left out. */
  constructor(
    rules: AskedRules,
    sink: RuleAlertSink,
    { hostname, matching = 'first', staticFields = new Map() }: AuditRulesOptions,
  ) {
    this.#hostname = hostname;
    this.#sink = sink;
    this.#engine = this.#start({ ...rules, matching, staticFields });
  }

  async replace(asked: AskedSet): Promise<void> {
    this.#engine = this.#start(asked);
  }

  #start({ matching, staticFields, ...rules }: AskedRules & Pick<AskedSet, 'matching' | 'staticFields'>) {
    const source = withStaticFields(auditSource, staticFields);
    const options = { timeOf: ({ time }: AuditEvent) => time, hostname: this.#hostname, matching };
    const engine = new RuleEngine(rules, source, options);
    clearInterval(this.#ticking);
    if (engine.correlations.length > 0)
      this.#ticking = setInterval(() => this.#tick(BigInt(Date.now()) * 1_000_000n), tickMs).unref();
    return engine;
  }

  /** Asks the rules of the events in `text` (a body of the webhook, or lines of a log). Returns when all alerts are raised. */
  take(text: string): AuditTaken {
    const { events, faults, undecodable } = decodeAudit(text, this.#events + 1, limits);
    this.#undecodable += undecodable;
    for (const event of events) {
      this.#events++;
      this.#ask(event);
    }
    return { events: events.length, faults, undecodable };
  }

  status(): RuleSourceStatus {
    const inputs = this.inputs.status();
    const correlations = correlationsStatus(this.#engine);
    return {
      ...inputs,
      ...(correlations && { correlations }),
      id: auditSource.id,
      rules: this.#engine.rules.length + this.#engine.correlations.length,
      events: this.#events,
      undecodable: this.#undecodable + inputs.undecodable,
    };
  }

  stop(): Promise<void> {
    clearInterval(this.#ticking);
    return this.inputs.stop();
  }

  #ask(event: AuditEvent): void {
    // Correlations must not count an event twice. Without any, only the few events that raise something need be known.
    const early = this.#engine.correlations.length > 0 ? digest(event) : undefined;
    if (early !== undefined && this.#isRepeated(early)) return;
    if (event.time > this.#latest) this.#latest = event.time;
    const alerts = this.#engine.take(event);
    if (alerts.length === 0) return;
    const key = early ?? digest(event);
    if (early !== undefined || !this.#isRepeated(key)) this.#raise(alerts, key);
  }

  #isRepeated(key: string): boolean {
    const isKnown = this.#recent.seen(key);
    if (isKnown) this.repeated++;
    return isKnown;
  }

  #raise(alerts: readonly RuleAlert[], key: string): void {
    try {
      for (const alert of alerts) this.#sink.alert(alert);
    } catch (error) {
      // Whoever sent it is told that it was not taken, and sends it again.
      this.#recent.forget(key);
      throw error;
    }
  }

  /** Tells what was expected and has not come; `now` in nanoseconds since the epoch. */
  #tick(now: bigint): void {
    const complete = now - lateness;
    const time = complete > this.#latest ? complete : this.#latest;
    for (const alert of this.#engine.tick(time)) this.#sink.alert(alert);
  }
}

/**
 * What makes an event the same: everything in it. The webhook sends a batch again when it saw no answer, and one event may come
 * over the log and the webhook. The audit id would not do: who asks the API server may choose it (the header `Audit-ID`),
 * and could hide a request behind the id of an earlier one.
 */
function digest({ value }: AuditEvent): string {
  return hash('sha256', JSON.stringify(value), 'base64');
}

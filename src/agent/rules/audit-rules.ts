import { createHash } from 'node:crypto';
import { type AuditEvent, decodeAudit } from '../../event/audit/audit-event.ts';
import { auditSource } from '../../event/audit/audit-source.ts';
import { compileRules, type RuleMatcher } from '../../rules/compile/compile.ts';
import { AlertPrinter } from '../../rules/format/alert.ts';
import type { Rule } from '../../rules/rule-set.ts';
import { RecentKeys } from './recent-keys.ts';
import type { RuleAlertSink, RuleSource, RuleSourceStatus } from './rule-source.ts';

/** Events with alerts that are remembered, to know them when they come again: about 1 MB. */
const rememberedEvents = 8192;

/** One way in which audit events come: a log that is followed, the webhook. */
export interface AuditInput {
  /** `lost`: events that were there and not seen, as far as that can be known. */
  status(): Pick<RuleSourceStatus, 'state' | 'detail' | 'lost' | 'undecodable'>;
  /** Hands on what waits, then lets go of everything. Idempotent. */
  stop(): Promise<void>;
}

/** What became of a text with audit events. */
export interface AuditTaken {
  readonly events: number;
  /** What is no event, by the number of its line or item, from 1. */
  readonly faults: readonly { readonly item: number; readonly message: string }[];
}

/** How alerts are made. */
export interface AuditRulesOptions {
  /** Of this machine; it stands in the alerts. */
  readonly hostname: string;
  /** Of an event the first rule that holds, or all. Default: the first. */
  readonly matching?: 'first' | 'all';
}

/** Rules of `source: k8s_audit`, asked of the audit events of a Kubernetes API server. */
export class AuditRules implements RuleSource {
  /** Alerts that were not raised since the same event had raised them before. */
  repeated = 0;
  readonly #matcher: RuleMatcher<AuditEvent>;
  readonly #printer: AlertPrinter<AuditEvent>;
  readonly #matching: 'first' | 'all';
  readonly #sink: RuleAlertSink;
  readonly #inputs: AuditInput[] = [];
  readonly #alerted = new RecentKeys(rememberedEvents);
  #events = 0;
  #undecodable = 0;

  constructor(
    rules: readonly Rule[],
    sink: RuleAlertSink,
    { hostname, matching = 'first' }: AuditRulesOptions,
  ) {
    this.#matcher = compileRules(rules, auditSource);
    this.#printer = new AlertPrinter(auditSource, ({ time }) => time, hostname);
    this.#matching = matching;
    this.#sink = sink;
  }

  /** Adds one way in which events come, for the status; it is stopped with this. */
  add(input: AuditInput): void {
    this.#inputs.push(input);
  }

  /** Asks the rules of the events in `text` (a body of the webhook, or lines of a log). Returns when all alerts are raised. */
  take(text: string): AuditTaken {
    const { events, faults } = decodeAudit(text, this.#events + 1);
    this.#undecodable += faults.length;
    for (const event of events) {
      this.#events++;
      this.#ask(event);
    }
    return { events: events.length, faults };
  }

  status(): RuleSourceStatus {
    const inputs = this.#inputs.map((input) => input.status());
    const sum = (key: 'lost' | 'undecodable') => inputs.reduce((total, one) => total + one[key], 0);
    return {
      id: auditSource.id,
      state: inputs.some(({ state }) => state === 'failed') ? 'failed' : 'running',
      detail: inputs.map(({ detail }) => detail).join('; '),
      rules: this.#matcher.rules.length,
      events: this.#events,
      lost: sum('lost'),
      undecodable: this.#undecodable + sum('undecodable'),
    };
  }

  async stop(): Promise<void> {
    await Promise.all(this.#inputs.map((input) => input.stop()));
  }

  #ask(event: AuditEvent): void {
    const first = this.#matching === 'first' ? this.#matcher.first(event) : undefined;
    const fired = this.#matching === 'all' ? this.#matcher.all(event) : first === undefined ? [] : [first];
    if (fired.length === 0) return;
    if (this.#alerted.seen(digest(event))) {
      this.repeated += fired.length;
      return;
    }
    for (const rule of fired) this.#sink.alert(this.#printer.alert(rule, event));
  }
}

/**
 * What makes an event the same: everything in it. The webhook sends a batch again when it saw no answer, and one event may come
 * over the log and the webhook. The audit id would not do: who asks the API server may choose it (the header `Audit-ID`),
 * and could hide a request behind the id of an earlier one.
 */
function digest({ value }: AuditEvent): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('base64');
}

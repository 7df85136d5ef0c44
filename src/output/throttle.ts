import type { AlertOptions } from '../rules/format/alert.ts';
import type { AlertRecord } from './alert-record.ts';
import { internalAlert } from './internal-alert.ts';

/** `outputs.rate` and `outputs.max_burst`, as Falco had them up to 0.36. */
export interface ThrottleOptions {
  /** Alerts a second for each source of events; 0: no limit. */
  readonly rate: number;
  readonly maxBurst: number;
}

export interface ThrottleParts extends ThrottleOptions {
  readonly hostname: string;
  readonly alerts: AlertOptions;
  /** For announcements. */
  readonly nextId: () => string;
}

/** Sources and, of each, rules that are told apart; more share one. */
const tableLimit = 100;
const others = '(others)';

interface Bucket {
  tokens: number;
  /** ms since the epoch. */
  filledAt: number;
  held: number;
  heldSince: number;
  readonly heldByRule: Map<string, number>;
}

/**
 * A token bucket for each source of events: it begins full, an alert takes one token, and `rate` come back each second. What
 * it holds back is counted by rule and announced before the next alert that passes, or by {@link tick}.
 */
export class Throttle {
  readonly #parts: ThrottleParts;
  readonly #buckets = new Map<string, Bucket>();
  #heldBack = 0;

  constructor(parts: ThrottleParts) {
    this.#parts = parts;
  }

  /** Alerts held back since start. */
  get heldBack(): number {
    return this.#heldBack;
  }

  /** Returns what is to go out for this alert, ms since the epoch: nothing, itself, or itself behind an announcement. */
  pass(record: AlertRecord, now: number): readonly AlertRecord[] {
    if (this.#parts.rate <= 0) return [record];
    const bucket = this.#bucket(record.source, now);
    this.#fill(bucket, now);
    if (bucket.tokens < 1) {
      this.#heldBack++;
      if (bucket.held++ === 0) bucket.heldSince = now;
      addTo(bucket.heldByRule, record.rule);
      return [];
    }
    bucket.tokens--;
    return [...this.#announcement(record.source, bucket, now), record];
  }

  /** Returns announcements of what was held back, once an alert would pass again. */
  tick(now: number): readonly AlertRecord[] {
    return [...this.#buckets].flatMap(([source, bucket]) => {
      this.#fill(bucket, now);
      return bucket.tokens < 1 ? [] : this.#announcement(source, bucket, now);
    });
  }

  /** Returns announcements of everything that is not announced yet: for the end. */
  flush(now: number): readonly AlertRecord[] {
    return [...this.#buckets].flatMap(([source, bucket]) => this.#announcement(source, bucket, now));
  }

  #bucket(source: string, now: number): Bucket {
    const key = this.#buckets.has(source) || this.#buckets.size < tableLimit ? source : others;
    let bucket = this.#buckets.get(key);
    if (bucket === undefined) {
      bucket = {
        tokens: this.#parts.maxBurst,
        filledAt: now,
        held: 0,
        heldSince: now,
        heldByRule: new Map(),
      };
      this.#buckets.set(key, bucket);
    }
    return bucket;
  }

  /** A clock that goes back gains nothing and takes nothing. */
  #fill(bucket: Bucket, now: number): void {
    const gained = (Math.max(0, now - bucket.filledAt) / 1000) * this.#parts.rate;
    bucket.tokens = Math.min(this.#parts.maxBurst, bucket.tokens + gained);
    bucket.filledAt = now;
  }

  #announcement(source: string, bucket: Bucket, now: number): AlertRecord[] {
    const { held, heldSince, heldByRule } = bucket;
    if (held === 0) return [];
    const { rate, hostname, alerts, nextId } = this.#parts;
    const what = held === 1 ? 'alert was' : 'alerts were';
    const record = internalAlert(
      {
        id: nextId(),
        rule: 'Picket: alerts held back',
        priority: 'Warning',
        message: `${held} ${what} held back by outputs.rate ${rate} since ${new Date(heldSince).toISOString()} (source ${source})`,
        fields: {
          'picket.held_back': held,
          'picket.held_back_by_rule': Object.fromEntries(heldByRule),
          'picket.source': source,
        },
        now,
        hostname,
      },
      alerts,
    );
    bucket.held = 0;
    heldByRule.clear();
    return [record];
  }
}

function addTo(counts: Map<string, number>, rule: string): void {
  const key = counts.has(rule) || counts.size < tableLimit ? rule : others;
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

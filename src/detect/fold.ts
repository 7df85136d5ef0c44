import type { Flow } from '../flow/flow.ts';
import type { Alert, Finding } from './detector.ts';

/** Example flows kept with an alert. */
const maxFlows = 8;

export interface FoldOptions {
  /** A new id, unique within the store. */
  readonly newId: () => string;
  /** Sensor records lost between two times, ms since the epoch, both inclusive. */
  readonly lostBetween: (since: number, until: number) => number;
  /** A finding of the same fingerprint within this time of the last one is a repeat; ms. Default 1 hour. */
  readonly windowMs?: number;
  /** Loss up to this long before the first finding counts too: the beginning may have been lost; ms. Default 1 minute. */
  readonly leadMs?: number;
  /** Alerts that are watched for repeats at one time. Default 4096. */
  readonly maxOpen?: number;
}

/** An alert that a repeat is folded into, within its time after the last; ms. */
interface Open {
  readonly alert: Alert;
  readonly windowMs: number;
}

/** What became of a finding. */
export interface Folded {
  readonly alert: Alert;
  /** False when it is a repeat, and the alert of that id has changed. */
  readonly isNew: boolean;
}

/**
 * Makes alerts of findings: the same thing seen again within a window is one alert with a count. The newest finding's
 * text and evidence stand in the alert; the severity is the worst seen; the first flows are kept as examples.
 */
export class AlertFolder {
  readonly #options: Required<FoldOptions>;
  /** By fingerprint, the one that repeated longest ago first. */
  readonly #open = new Map<string, Open>();
  #evicted = 0;

  constructor(options: FoldOptions) {
    this.#options = { windowMs: 3_600_000, leadMs: 60_000, maxOpen: 4096, ...options };
  }

  /** Alerts that a repeat would still be folded into. */
  get open(): number {
    return this.#open.size;
  }

  /** Alerts no longer watched for repeats because there were too many; a repeat of them is a new alert. */
  get evicted(): number {
    return this.#evicted;
  }

  fold({ repeatsWithinMs, ...finding }: Finding): Folded {
    this.#close(finding.at);
    const { lostBetween, leadMs, windowMs } = this.#options;
    const known = this.#open.get(finding.fingerprint)?.alert;
    const firstAt = Math.min(known?.firstAt ?? finding.at, finding.at);
    const lastAt = Math.max(known?.lastAt ?? finding.at, finding.at);
    const began = Math.min(known?.beganAt ?? firstAt, finding.beganAt ?? firstAt);
    const alert: Alert = {
      ...finding,
      ...(began < firstAt && { beganAt: began }),
      // What once worked has worked, however often it fails later.
      ...(known?.outcome === 'succeeded' && { outcome: known.outcome }),
      id: known?.id ?? this.#options.newId(),
      severity: known === undefined ? finding.severity : worse(known.severity, finding.severity),
      firstAt,
      lastAt,
      count: (known?.count ?? 0) + 1,
      lost: lostBetween(firstAt - leadMs, lastAt),
      flows: examples(known?.flows ?? [], finding.flows),
    };
    this.#open.delete(finding.fingerprint);
    this.#makeRoom();
    this.#open.set(finding.fingerprint, { alert, windowMs: repeatsWithinMs ?? windowMs });
    return { alert, isNew: known === undefined };
  }

  /** Forgets alerts that did not repeat within the window before `now`, ms since the epoch. */
  #close(now: number): void {
    const usual = this.#options.windowMs;
    for (const [fingerprint, { alert, windowMs }] of this.#open) {
      const quiet = now - alert.lastAt;
      if (quiet > windowMs) this.#open.delete(fingerprint);
      // Behind it they repeated later; one that may pause for longer says nothing about them.
      else if (quiet <= usual) break;
    }
  }

  #makeRoom(): void {
    if (this.#open.size < this.#options.maxOpen) return;
    const oldest = this.#open.keys().next().value;
    if (oldest !== undefined) this.#open.delete(oldest);
    this.#evicted++;
  }
}

const severities: readonly Alert['severity'][] = ['low', 'medium', 'high', 'critical'];

function worse(x: Alert['severity'], y: Alert['severity']): Alert['severity'] {
  return severities.indexOf(x) > severities.indexOf(y) ? x : y;
}

/** The first flows, each once and as it was last. */
function examples(known: readonly Flow[], more: readonly Flow[]): Flow[] {
  const byId = new Map(known.map((flow) => [flow.id, flow]));
  for (const flow of more) {
    if (byId.has(flow.id) || byId.size < maxFlows) byId.set(flow.id, flow);
  }
  return [...byId.values()];
}

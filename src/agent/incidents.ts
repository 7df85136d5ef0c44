import type { Alert } from '../detect/detector.ts';
import { acted, type IncidentAction } from '../incident/action.ts';
import { type CorrelatorCounts, IncidentCorrelator } from '../incident/correlator.ts';
import type { Incident } from '../incident/incident.ts';
import { type OwnMachine, type SiteNames, siteNames } from '../incident/site-names.ts';
import type { Posture } from '../posture/posture.ts';
import type { Store } from '../store/store.ts';
import type { Observer } from './pipeline.ts';

/** How incidents are, for status and metrics. */
export interface IncidentStatus extends CorrelatorCounts {
  /** Incidents that nobody has resolved, of those that are held. */
  readonly open: number;
}

/** What became of something that a person asked for. */
export type ActionResult =
  | { readonly incident: Incident }
  /** It cannot be done, and why. */
  | { readonly problem: string }
  /** There is no such incident. */
  | undefined;

/** What incidents are made of and told to. */
export interface IncidentsParts {
  readonly store: Pick<Store, 'putAlert' | 'putIncident' | 'incidents' | 'incident'>;
  readonly newId: () => string;
  readonly posture: Posture;
  /** The machine that watches; none for records of other machines. */
  readonly own?: () => OwnMachine;
  readonly observers: readonly Observer[];
}

/** Incidents of the store that are taken up again, at most. */
const maxRestored = 256;
/** How often this machine is asked for its addresses, ms. */
const ownEveryMs = 60_000;

/** Makes incidents of all alerts that pass through the pipeline, keeps them in the store, and does with them what people ask for. */
export class Incidents implements Observer {
  readonly #parts: IncidentsParts;
  readonly #correlator: IncidentCorrelator;
  /** Incidents that were told of, so that the first time is known. */
  readonly #told = new Set<string>();
  #posture: Posture;
  #names: SiteNames;
  #namedAt = Number.NEGATIVE_INFINITY;

  constructor(parts: IncidentsParts) {
    this.#parts = parts;
    this.#posture = parts.posture;
    this.#names = siteNames(parts.posture, parts.own?.());
    this.#correlator = new IncidentCorrelator({
      newId: parts.newId,
      named: (entity) => this.#names.named(entity),
      isHub: (entity) => this.#names.isHub(entity),
    });
  }

  /** Takes up what the store has of an earlier run, so that open incidents go on. */
  restore(): void {
    const rows = this.#parts.store.incidents({ limit: maxRestored });
    this.#correlator.restore(rows.map(({ value }) => value));
    for (const { value } of rows) this.#remember(value.id);
  }

  /** Names and hubs are those of `posture` from now on. */
  replacePosture(posture: Posture): void {
    this.#posture = posture;
    this.#namedAt = Number.NEGATIVE_INFINITY;
  }

  flow(): void {}

  alert(alert: Alert): void {
    this.#correlator.take(alert);
  }

  /** To be called about once a second, with event time: alerts of the time before come together. Returns how many incidents it told of. */
  tick(now: number): number {
    if (now - this.#namedAt >= ownEveryMs) {
      this.#names = siteNames(this.#posture, this.#parts.own?.());
      this.#namedAt = now;
    }
    const { changed, assigned } = this.#correlator.settle();
    for (const alert of assigned) this.#parts.store.putAlert(alert);
    for (const incident of changed) this.#tell(incident);
    return changed.length;
  }

  /** Returns an incident as it is now, also one that only the store has. */
  get(id: string): Incident | undefined {
    return this.#correlator.get(id) ?? this.#parts.store.incident(id);
  }

  /** Does with an incident what a person asks for, also with one that only the store has. */
  act(id: string, action: IncidentAction): ActionResult {
    const stored = () => this.#parts.store.incident(id);
    const held = this.#correlator.act(id, action);
    const incident = held === undefined ? stored() : undefined;
    const result = held ?? (incident && acted(incident, action));
    if (result === undefined) return undefined;
    if (typeof result === 'string') return { problem: result };
    this.#tell(result);
    return { incident: result };
  }

  status(): IncidentStatus {
    const counts = this.#correlator.counts();
    const open = Object.values(counts.unresolved).reduce((sum, count) => sum + count, 0);
    return { ...counts, open };
  }

  #tell(incident: Incident): void {
    this.#parts.store.putIncident(incident);
    const isNew = !this.#told.has(incident.id);
    this.#remember(incident.id);
    for (const observer of this.#parts.observers) observer.incident?.(incident, isNew);
  }

  #remember(id: string): void {
    this.#told.delete(id);
    if (this.#told.size >= 4 * maxRestored) this.#told.delete(this.#told.keys().next().value!);
    this.#told.add(id);
  }
}

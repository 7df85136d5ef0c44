import type { Alert, AlertSeverity, EntityRef } from '../detect/detector.ts';
import { plural } from '../detect/text.ts';
import { applyAction, type IncidentAction } from './action.ts';
import { Degrees } from './degrees.ts';
import { Draft, listBounds } from './draft.ts';
import { finished } from './finish.ts';
import type { Incident } from './incident.ts';
import { KeyIndex } from './key-index.ts';
import { type LinkRules, type LinkStrength, linkOf } from './link.ts';
import { scoreOf, scoreParts, severityOf } from './score.ts';

/** What a correlator needs, and its bounds. */
export interface CorrelatorOptions {
  /** A new id, unique within the store. */
  readonly newId: () => string;
  /** The name by which an entity is known everywhere; undefined for what is nobody, such as loopback. Default: as it is. */
  readonly named?: (entity: EntityRef) => EntityRef | undefined;
  /** Whether an entity is declared to stand between many: DNS servers, gateways, ways in, nodes. Default: none is. */
  readonly isHub?: (entity: Pick<EntityRef, 'kind' | 'name'>) => boolean;
  /** Quiet time after which an incident takes in no more, ms. Default 30 minutes. */
  readonly windowMs?: number;
  /** How long an incident may go on after its first alert, ms. Default 24 hours. */
  readonly capMs?: number;
  /** Tolerance between the time at which something was taken and its deeds, ms. Default 2 minutes. */
  readonly slackMs?: number;
  /** An entity that more than so many may have taken, and that got at more than so many itself, is a hub. Default 6. */
  readonly hubDegree?: number;
  /** Incidents held at one time. Default 256. */
  readonly maxIncidents?: number;
  /** Alerts that wait for the next {@link IncidentCorrelator.settle}; more than these are not let wait. Default 2,048. */
  readonly maxPending?: number;
  /** Changed incidents that one {@link IncidentCorrelator.settle} tells of; the others wait for the next. Default 64. */
  readonly maxTold?: number;
}

/** What became of the alerts since the last time. */
export interface Settled {
  /** Incidents that are new or have changed, as they are now. */
  readonly changed: readonly Incident[];
  /** Alerts that were put into incidents, with their incident's id. */
  readonly assigned: readonly Alert[];
}

/** How a correlator is. */
export interface CorrelatorCounts {
  /** Incidents held that nobody has resolved, by severity. */
  readonly unresolved: Readonly<Record<AlertSeverity, number>>;
  readonly held: number;
  readonly opened: number;
  /** Incidents that turned out to be one with another. */
  readonly merged: number;
  /** Incidents that were resolved and came back. */
  readonly reopened: number;
  /** Incidents that are no longer held because there were too many: they stand in the store, and take in nothing more. */
  readonly evicted: number;
  /** Of those, the ones that were not quiet yet. */
  readonly evictedActive: number;
  /** Alerts and entities that lists of incidents had no room for. */
  readonly droppedAlerts: number;
  readonly droppedEntities: number;
  /** Changes that came faster than anybody asked for them: they are not in the store. */
  readonly untold: number;
}

/** Entities whose degrees are remembered. */
const maxDegreeEntities = 4_096;

/**
 * Puts alerts together that belong together. Deterministic, on event time: alerts wait until {@link settle} and then go in in the order of
 * their times, those of equal times in the order of their fingerprints, so that it does not matter in which order they came.
 */
export class IncidentCorrelator {
  readonly #options: Required<Omit<CorrelatorOptions, 'isHub' | 'named'>>;
  readonly #named: (entity: EntityRef) => EntityRef | undefined;
  readonly #rules: LinkRules;
  readonly #degrees: Degrees;
  readonly #held = new Map<string, Draft>();
  /** Who takes part in which incidents. */
  readonly #byEntity = new KeyIndex<Draft>();
  readonly #byFingerprint = new KeyIndex<Draft>();
  /** Scores of those that have not changed since. */
  readonly #scores = new Map<Draft, number>();
  readonly #pending = new Map<string, Alert>();
  readonly #changed = new Set<Draft>();
  /** Those that are not held any more and have to be told of once. */
  #leaving: Draft[] = [];
  readonly #assigned = new Map<string, Alert>();
  #counts = {
    opened: 0,
    merged: 0,
    reopened: 0,
    evicted: 0,
    evictedActive: 0,
    droppedAlerts: 0,
    droppedEntities: 0,
    untold: 0,
  };

  constructor(options: CorrelatorOptions) {
    this.#options = {
      windowMs: 30 * 60_000,
      capMs: 24 * 3_600_000,
      slackMs: 2 * 60_000,
      hubDegree: 6,
      maxIncidents: 256,
      maxPending: 2_048,
      maxTold: 64,
      ...options,
    };
    this.#named = options.named ?? ((entity) => entity);
    const isDeclaredHub = options.isHub ?? (() => false);
    const { windowMs, capMs, slackMs, hubDegree } = this.#options;
    this.#degrees = new Degrees({ most: hubDegree, forgetMs: capMs, maxEntities: maxDegreeEntities });
    this.#rules = {
      windowMs,
      capMs,
      slackMs,
      isHub: (key, entity) => isDeclaredHub(entity) || this.#degrees.isHub(key),
      hasManyTakers: (key) => this.#degrees.hasManyTakers(key),
    };
  }

  /** Takes an alert, new or repeated; what becomes of it {@link settle} says. */
  take(alert: Alert): void {
    if (this.#pending.size >= this.#options.maxPending && !this.#pending.has(alert.id)) this.#process();
    this.#pending.set(alert.id, alert);
  }

  /** Puts what was taken into incidents, and returns what has changed since the last time. */
  settle(): Settled {
    this.#process();
    const leaving = this.#leaving.map(finished);
    const told = [...this.#changed].slice(0, this.#options.maxTold);
    const assigned = [...this.#assigned.values()];
    this.#leaving = [];
    this.#assigned.clear();
    for (const draft of told) this.#changed.delete(draft);
    return { changed: [...leaving, ...told.map(finished)], assigned };
  }

  /** Takes up incidents of an earlier run, as they were stored. */
  restore(incidents: readonly Incident[]): void {
    const { maxIncidents } = this.#options;
    for (const incident of incidents.slice(0, maxIncidents)) {
      if (incident.resolution?.kind === 'merged') continue;
      const draft = Draft.from(incident);
      this.#hold(draft);
    }
  }

  /** Returns an incident that is held. */
  get(id: string): Incident | undefined {
    const draft = this.#held.get(id);
    return draft && finished(draft);
  }

  /**
   * Does what a person asks for with an incident that is held, and returns what it is then, or in words why that cannot be done; undefined
   * where it is not held.
   */
  act(id: string, action: IncidentAction): Incident | string | undefined {
    const draft = this.#held.get(id);
    if (draft === undefined) return undefined;
    const problem = applyAction(draft, action);
    if (problem !== undefined) return problem;
    this.#touch(draft);
    return finished(draft);
  }

  counts(): CorrelatorCounts {
    const unresolved = { critical: 0, high: 0, medium: 0, low: 0 };
    for (const draft of this.#held.values()) {
      if (draft.state !== 'resolved') unresolved[severityOf(draft, this.#scoreOf(draft))]++;
    }
    return { ...this.#counts, unresolved, held: this.#held.size };
  }

  #process(): void {
    const alerts = [...this.#pending.values()].sort(
      (one, other) => one.at - other.at || compare(one.fingerprint, other.fingerprint),
    );
    this.#pending.clear();
    for (const alert of alerts) this.#place(alert);
  }

  #place(alert: Alert): void {
    const seed = Draft.ofAlert(alert, '', this.#named);
    const home = this.#homeOf(seed);
    const placed = home === undefined ? this.#open(alert) : this.#join(home, seed, alert);
    this.#noteDegrees(seed);
    this.#assign({ ...alert, incident: this.#mergeLinked(placed).id });
  }

  #assign(alert: Alert): void {
    if (this.#assigned.size >= this.#options.maxPending && !this.#assigned.has(alert.id)) {
      this.#assigned.delete(this.#assigned.keys().next().value!);
      this.#counts.untold++;
    }
    this.#assigned.set(alert.id, alert);
  }

  /** Notes an incident that is not held any more, so that it is told of as it was last. */
  #leave(draft: Draft): void {
    if (this.#leaving.length < this.#options.maxPending) this.#leaving.push(draft);
    else this.#counts.untold++;
  }

  /** The incident that an alert belongs to: where it stands already, else the one for which there is the best reason. */
  #homeOf(seed: Draft): Draft | undefined {
    const [fingerprint = ''] = seed.alerts.keys();
    const known = [...(this.#byFingerprint.get(fingerprint) ?? [])].sort(byAge);
    const same = known.find((draft) => this.#goesOn(draft, seed));
    if (same !== undefined) return same;
    let best: { readonly draft: Draft; readonly strength: LinkStrength } | undefined;
    for (const draft of this.#meeting(seed)) {
      if (draft.resolution?.kind === 'false-positive') continue;
      const strength = linkOf(draft, seed, this.#rules);
      if (strength > (best?.strength ?? 0)) best = { draft, strength };
    }
    return best?.draft;
  }

  /** Whether an incident that has an alert goes on with its repeat. */
  #goesOn({ detectedAt, lastAt }: Draft, seed: Draft): boolean {
    const { windowMs, capMs } = this.#rules;
    return seed.openedAt - lastAt <= windowMs && seed.lastAt - detectedAt <= capMs;
  }

  /** Incidents with an entity of this one that may be a reason to put them together, the oldest first. */
  #meeting(draft: Draft): Draft[] {
    const found = new Set<Draft>();
    for (const [key, { actor, takenAt }] of draft.entities) {
      if (actor === undefined && takenAt === undefined) continue;
      for (const other of this.#byEntity.get(key) ?? []) if (other !== draft) found.add(other);
    }
    return [...found].sort(byAge);
  }

  #open(alert: Alert): Draft {
    this.#makeRoom(alert.at);
    const draft = Draft.ofAlert(alert, this.#options.newId(), this.#named);
    this.#counts.opened++;
    this.#touch(draft);
    return draft;
  }

  #join(draft: Draft, seed: Draft, alert: Alert): Draft {
    this.#absorb(draft, seed);
    const { resolution } = draft;
    if (resolution?.kind === 'resolved' && alert.at > resolution.at) this.#reopen(draft, alert);
    return draft;
  }

  #absorb(draft: Draft, other: Draft): void {
    const { alerts, entities } = draft.dropped;
    draft.absorb(other);
    this.#counts.droppedAlerts += draft.dropped.alerts - alerts - other.dropped.alerts;
    this.#counts.droppedEntities += draft.dropped.entities - entities - other.dropped.entities;
    this.#touch(draft);
  }

  #reopen(draft: Draft, { at }: Alert): void {
    draft.state = 'reopened';
    draft.resolution = undefined;
    draft.addLines([{ at, kind: 'state', text: 'reopened: it came back after it was resolved' }]);
    this.#counts.reopened++;
  }

  /** Merges whatever belongs to an incident by what it has become; returns the one that is left. */
  #mergeLinked(draft: Draft): Draft {
    let kept = draft;
    for (;;) {
      const other = this.#meeting(kept).find(
        (one) => one.state !== 'resolved' && kept.state !== 'resolved' && linkOf(kept, one, this.#rules) > 0,
      );
      if (other === undefined) return kept;
      kept = this.#merge(kept, other);
    }
  }

  #merge(one: Draft, other: Draft): Draft {
    const [kept, gone] = byAge(one, other) <= 0 ? [one, other] : [other, one];
    const at = Math.max(one.lastAt, other.lastAt);
    this.#absorb(kept, gone);
    kept.mergedFrom = [...kept.mergedFrom, gone.id].slice(-listBounds.mergedFrom);
    kept.addLines([
      { at, kind: 'merged', text: `one with ${gone.id}, which had ${plural(gone.alertCount, 'alert')}` },
    ]);
    if (gone.state !== 'acknowledged') kept.state = kept.state === 'acknowledged' ? gone.state : kept.state;
    gone.state = 'resolved';
    gone.resolution = { kind: 'merged', at, into: kept.id };
    this.#forget(gone);
    this.#leave(gone);
    this.#counts.merged++;
    return kept;
  }

  #makeRoom(now: number): void {
    if (this.#held.size < this.#options.maxIncidents) return;
    let least: { readonly draft: Draft; readonly worth: number } | undefined;
    for (const draft of this.#held.values()) {
      const worth = this.#worth(draft, now);
      if (least === undefined || worth < least.worth) least = { draft, worth };
    }
    if (least === undefined) return;
    if (this.#changed.has(least.draft)) this.#leave(least.draft);
    this.#forget(least.draft);
    this.#counts.evicted++;
    if (least.worth >= activeWorth) this.#counts.evictedActive++;
  }

  /** What is quiet goes first, of that what was resolved; of what goes on what has the least score, then the one that is quiet longest. */
  #worth(draft: Draft, now: number): number {
    const recency = draft.lastAt / 2 ** 43;
    if (now - draft.lastAt > this.#rules.windowMs) return (draft.state === 'resolved' ? 0 : 1) + recency;
    return activeWorth + this.#scoreOf(draft) + recency;
  }

  /** Notes who may have taken whom by one alert. */
  #noteDegrees({ entities }: Draft): void {
    const actors = [...entities].filter(([, { actor }]) => actor !== undefined);
    for (const [target, { takenAt }] of entities) {
      if (takenAt === undefined) continue;
      for (const [actor] of actors) if (actor !== target) this.#degrees.note(actor, target, takenAt);
    }
  }

  /** Holds an incident under all names and alerts that it has by now. */
  #hold(draft: Draft): void {
    this.#held.set(draft.id, draft);
    this.#byEntity.put(draft, draft.entities.keys());
    this.#byFingerprint.put(draft, draft.alerts.keys());
    this.#scores.delete(draft);
  }

  #touch(draft: Draft): void {
    this.#hold(draft);
    this.#changed.add(draft);
  }

  #forget(draft: Draft): void {
    this.#held.delete(draft.id);
    this.#changed.delete(draft);
    this.#byEntity.delete(draft);
    this.#byFingerprint.delete(draft);
    this.#scores.delete(draft);
  }

  #scoreOf(draft: Draft): number {
    const known = this.#scores.get(draft);
    if (known !== undefined) return known;
    const score = scoreOf(scoreParts(draft));
    this.#scores.set(draft, score);
    return score;
  }
}

/** Above what any quiet incident is worth. */
const activeWorth = 4;

function byAge(one: Draft, other: Draft): number {
  return one.detectedAt - other.detectedAt || compare(one.id, other.id);
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

import type { Alert, EntityRef } from '../detect/detector.ts';
import { entitiesOf } from '../detect/entities.ts';
import { digestOf } from './digest.ts';
import { entityKey, maxNameLength } from './entity-key.ts';
import type {
  Acts,
  Incident,
  IncidentAlert,
  IncidentEntity,
  IncidentNote,
  IncidentStage,
  IncidentState,
  Resolution,
  Span,
  TimelineEntry,
} from './incident.ts';
import { severityRank, worseOutcome } from './severity.ts';
import { leadsOut, tacticOrder, takesOver } from './tactic.ts';

/** Bounds of the lists of one incident. */
export const listBounds = {
  alerts: 48,
  entities: 64,
  stages: 20,
  techniques: 16,
  timeline: 96,
  notes: 64,
  mergedFrom: 64,
} as const;

/** Evidence that an incident keeps of one alert, and how much of a text. */
const [maxEvidence, maxText] = [3, 200];

/** Tactic of alerts whose detector names none. */
export const noTactic = 'Other';

/** An incident at work: what it consists of, without what is told of it. */
export class Draft {
  readonly id: string;
  state: IncidentState = 'open';
  openedAt: number;
  detectedAt: number;
  lastAt: number;
  readonly entities: Map<string, IncidentEntity> = new Map();
  readonly stages: Map<string, IncidentStage> = new Map();
  /** By fingerprint. */
  readonly alerts: Map<string, IncidentAlert> = new Map();
  alertCount = 0;
  timeline: TimelineEntry[] = [];
  notes: IncidentNote[] = [];
  resolution: Resolution | undefined;
  mergedFrom: string[] = [];
  lost = 0;
  dropped: Incident['dropped'] = { alerts: 0, entities: 0, timeline: 0, notes: 0 };

  private constructor(id: string, times: Pick<Incident, 'openedAt' | 'detectedAt' | 'lastAt'>) {
    this.id = id;
    this.openedAt = times.openedAt;
    this.detectedAt = times.detectedAt;
    this.lastAt = times.lastAt;
  }

  /** Returns what an alert alone would be; `named` gives entities the names by which they are known everywhere. */
  static ofAlert(alert: Alert, id: string, named: (entity: EntityRef) => EntityRef | undefined): Draft {
    const began = Math.min(alert.beganAt ?? alert.firstAt, alert.firstAt);
    const draft = new Draft(id, { openedAt: began, detectedAt: alert.at, lastAt: alert.lastAt });
    const listed = listedAlert(alert, began);
    const takenAt = takeoverAt(alert);
    for (const entity of entitiesOf(alert)) {
      const ref = named(entity);
      if (ref !== undefined) draft.#addEntity(entityKey(ref), entityIn(ref, listed, takenAt));
    }
    draft.alerts.set(listed.fingerprint, listed);
    draft.alertCount = 1;
    draft.lost = alert.lost;
    for (const tactic of listed.tactics) draft.stages.set(tactic, stageOf(alert, listed, tactic));
    draft.timeline = [lineOf(listed, began)];
    return draft;
  }

  /** Returns an incident at work again, as it was stored. */
  static from(incident: Incident): Draft {
    const draft = new Draft(incident.id, incident);
    draft.state = incident.state;
    for (const entity of incident.entities) draft.entities.set(entityKey(entity), entity);
    for (const stage of incident.stages) draft.stages.set(stage.tactic, stage);
    for (const alert of incident.alerts) draft.alerts.set(alert.fingerprint, alert);
    draft.alertCount = incident.alertCount;
    draft.timeline = [...incident.timeline];
    draft.notes = [...incident.notes];
    draft.resolution = incident.resolution;
    draft.mergedFrom = [...incident.mergedFrom];
    draft.lost = incident.lost;
    draft.dropped = incident.dropped;
    return draft;
  }

  /** Takes in what belongs to this as well: an alert, or another incident with its notes. Returns whether there was anything new in it. */
  absorb(other: Draft): boolean {
    this.openedAt = Math.min(this.openedAt, other.openedAt);
    this.detectedAt = Math.min(this.detectedAt, other.detectedAt);
    this.lastAt = Math.max(this.lastAt, other.lastAt);
    this.lost = Math.max(this.lost, other.lost);
    for (const [key, entity] of other.entities) this.#addEntity(key, entity);
    const known = [...other.alerts.keys()].filter((fingerprint) => this.alerts.has(fingerprint));
    // One that stands here with all it tells adds to no count.
    const isKnown = other.alertCount === 1 && known.length === 1;
    for (const stage of other.stages.values()) this.#addStage(stage, isKnown);
    const workedLate = this.#addAlerts([...other.alerts.values()]);
    this.alertCount += other.alertCount - known.length;
    this.addLines(isKnown ? workedLate.map((alert) => workedLine(alert, other.detectedAt)) : other.timeline);
    for (const note of other.notes) this.addNote(note);
    this.mergedFrom = [...this.mergedFrom, ...other.mergedFrom].slice(0, listBounds.mergedFrom);
    this.#drop(other.dropped);
    return !isKnown;
  }

  /** Adds lines of history where they belong in time; where there are too many, those in the middle go. */
  addLines(lines: readonly TimelineEntry[]): void {
    this.timeline = [...this.timeline, ...lines].sort((one, other) => one.at - other.at);
    const excess = this.timeline.length - listBounds.timeline;
    if (excess <= 0) return;
    this.timeline.splice(listBounds.timeline / 2, excess);
    this.#drop({ timeline: excess });
  }

  /** Adds a note; where there are too many, the oldest go. */
  addNote(note: IncidentNote): void {
    this.notes = [...this.notes, note].sort((one, other) => one.at - other.at);
    if (this.notes.length <= listBounds.notes) return;
    this.notes.shift();
    this.#drop({ notes: 1 });
  }

  /** What is told of an alert is what its latest repeat says. */
  #retitle({ fingerprint, title }: IncidentAlert): void {
    const known = this.alerts.get(fingerprint);
    if (known === undefined || known.title === title) return;
    for (const [tactic, stage] of this.stages)
      if (stage.title === known.title) this.stages.set(tactic, { ...stage, title });
    this.timeline = this.timeline.map((line) =>
      line.text === known.title ? { ...line, text: title } : line,
    );
  }

  #drop(more: Partial<Incident['dropped']>): void {
    const { alerts, entities, timeline, notes } = this.dropped;
    this.dropped = {
      alerts: alerts + (more.alerts ?? 0),
      entities: entities + (more.entities ?? 0),
      timeline: timeline + (more.timeline ?? 0),
      notes: notes + (more.notes ?? 0),
    };
  }

  #addEntity(key: string, entity: IncidentEntity): void {
    const known = this.entities.get(key);
    this.entities.set(key, known === undefined ? entity : joined(known, entity));
    if (this.entities.size <= listBounds.entities) return;
    const [least] = [...this.entities].reduce((one, other) =>
      weight(other[1]) < weight(one[1]) ? other : one,
    );
    this.entities.delete(least);
    this.#drop({ entities: 1 });
  }

  #addStage(stage: IncidentStage, isKnown: boolean): void {
    const known = this.stages.get(stage.tactic);
    if (known === undefined) {
      if (this.stages.size < listBounds.stages) this.stages.set(stage.tactic, stage);
      return;
    }
    const techniques = new Map([...known.techniques, ...stage.techniques].map((one) => [one.id, one]));
    const outcome = worseOutcome(known.outcome, stage.outcome);
    this.stages.set(stage.tactic, {
      tactic: known.tactic,
      ...span(known, stage),
      techniques: [...techniques.values()].slice(0, listBounds.techniques),
      alerts: known.alerts + (isKnown ? 0 : stage.alerts),
      ...(outcome !== undefined && { outcome }),
      title: stage.firstAt < known.firstAt ? stage.title : known.title,
    });
  }

  /** Returns those of which it was known before and which say now that it worked. */
  #addAlerts(alerts: readonly IncidentAlert[]): IncidentAlert[] {
    const workedLate = alerts.filter((alert) => worksNow(this.alerts.get(alert.fingerprint), alert));
    for (const alert of alerts) {
      this.#retitle(alert);
      this.#addAlert(alert);
    }
    return workedLate;
  }

  #addAlert(alert: IncidentAlert): void {
    const known = this.alerts.get(alert.fingerprint);
    this.alerts.set(alert.fingerprint, known === undefined ? alert : again(known, alert));
    if (this.alerts.size <= listBounds.alerts) return;
    const [least] = [...this.alerts].reduce((one, other) => (isLess(other[1], one[1]) ? other : one));
    this.alerts.delete(least);
    this.#drop({ alerts: 1 });
  }
}

function lineOf(
  { id, title, severity, tactics: [tactic = noTactic] }: IncidentAlert,
  at: number,
): TimelineEntry {
  return { at, kind: 'alert', text: title, alert: id, severity, tactic };
}

function workedLine(alert: IncidentAlert, at: number): TimelineEntry {
  return { ...lineOf(alert, at), text: `It worked: ${alert.title}` };
}

/** Whether an alert that is known says now that it worked. */
function worksNow(known: IncidentAlert | undefined, newer: IncidentAlert): boolean {
  return known !== undefined && known.outcome !== 'succeeded' && newer.outcome === 'succeeded';
}

/** Of two alerts the less grave has to go first, then the later. */
function isLess(one: IncidentAlert, other: IncidentAlert): boolean {
  const difference = severityRank(one.severity) - severityRank(other.severity);
  return difference < 0 || (difference === 0 && one.beganAt > other.beganAt);
}

/** The same thing again: under the same id with a larger count, or as a new alert. */
function again(known: IncidentAlert, newer: IncidentAlert): IncidentAlert {
  const earlier = known.id === newer.id ? (known.earlier ?? 0) : known.count;
  const outcome = worseOutcome(known.outcome, newer.outcome);
  const { outcome: _, ...rest } = newer;
  return {
    ...rest,
    ...(outcome !== undefined && { outcome }),
    beganAt: Math.min(known.beganAt, newer.beganAt),
    firstAt: Math.min(known.firstAt, newer.firstAt),
    lastAt: Math.max(known.lastAt, newer.lastAt),
    ...(earlier > 0 && { earlier }),
    count: earlier + newer.count - (newer.earlier ?? 0),
  };
}

/** Those who only had something done to them go before those who did something; among them the one that was heard of least lately. */
function weight({ actor, target, takenAt }: IncidentEntity): number {
  const last = Math.max(actor?.lastAt ?? 0, target?.lastAt ?? 0);
  return last + (actor === undefined ? 0 : 2 ** 50) + (takenAt === undefined ? 0 : 2 ** 51);
}

function joined(one: IncidentEntity, other: IncidentEntity): IncidentEntity {
  const takenAt = least(one.takenAt, other.takenAt);
  const actor = acts(one.actor, other.actor);
  const target =
    one.target === undefined || other.target === undefined
      ? (one.target ?? other.target)
      : span(one.target, other.target);
  return {
    kind: one.kind === 'address' ? other.kind : one.kind,
    name: one.name,
    ...(actor !== undefined && { actor }),
    ...(target !== undefined && { target }),
    ...(isOutletOnly(one, other) && { isOutlet: true }),
    ...(takenAt !== undefined && { takenAt }),
  };
}

/** Whether of two that tell of the same entity neither says that it was attacked. */
function isOutletOnly(one: IncidentEntity, other: IncidentEntity): boolean {
  const isSpared = ({ target, isOutlet }: IncidentEntity) => target === undefined || isOutlet === true;
  return (one.isOutlet === true || other.isOutlet === true) && isSpared(one) && isSpared(other);
}

function acts(one: Acts | undefined, other: Acts | undefined): Acts | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return { ...span(one, other), latestBegan: Math.max(one.latestBegan, other.latestBegan) };
}

function span(one: Span, other: Span): Span {
  return {
    firstAt: Math.min(one.firstAt, other.firstAt),
    lastAt: Math.max(one.lastAt, other.lastAt),
  };
}

function least(one: number | undefined, other: number | undefined): number | undefined {
  return one === undefined || other === undefined ? (one ?? other) : Math.min(one, other);
}

function entityIn(
  { kind, name, role }: EntityRef,
  alert: IncidentAlert,
  takenAt: number | undefined,
): IncidentEntity {
  const { beganAt: firstAt, lastAt } = alert;
  const named = { kind, name: name.slice(0, maxNameLength) };
  if (role === 'actor') return { ...named, actor: { firstAt, lastAt, latestBegan: firstAt } };
  return {
    ...named,
    target: { firstAt, lastAt },
    ...(alert.tactics.every(leadsOut) && { isOutlet: true }),
    ...(takenAt !== undefined && { takenAt }),
  };
}

/**
 * When an alert may have given its targets into the hands of its actor: when something that takes over worked, or where that is not known when it
 * began, if it is grave. Undefined where it took nothing.
 */
function takeoverAt({ techniques, outcome, severity, at, firstAt, beganAt }: Alert): number | undefined {
  if (!techniques.some(({ tactic }) => takesOver(tactic))) return undefined;
  if (outcome === 'succeeded') return at;
  return outcome === undefined && severityRank(severity) >= severityRank('high')
    ? (beganAt ?? firstAt)
    : undefined;
}

function listedAlert(alert: Alert, beganAt: number): IncidentAlert {
  const { id, detector, severity, title, entity, techniques, outcome, firstAt, lastAt, count } = alert;
  const tactics = [...new Set(techniques.map(({ tactic }) => tactic || noTactic))];
  return {
    id,
    fingerprint: digestOf(alert.fingerprint),
    detector,
    severity,
    title: shortened(title),
    entity: shortened(entity),
    tactics: tactics.length === 0 ? [noTactic] : tactics.sort(byTactic).slice(0, 4),
    ...(outcome !== undefined && { outcome }),
    beganAt,
    firstAt,
    lastAt,
    count,
    evidence: alert.evidence.slice(0, maxEvidence).map(({ name, value, expected }) => ({
      name: shortened(name),
      value: shortened(value),
      ...(expected !== undefined && { expected: shortened(expected) }),
    })),
  };
}

function byTactic(one: string, other: string): number {
  return tacticOrder(one) - tacticOrder(other);
}

function stageOf(alert: Alert, listed: IncidentAlert, tactic: string): IncidentStage {
  const techniques = alert.techniques.filter((one) => (one.tactic || noTactic) === tactic);
  return {
    tactic,
    firstAt: listed.beganAt,
    lastAt: listed.lastAt,
    techniques: techniques.map(({ id, name }) => ({ id, name })).slice(0, listBounds.techniques),
    alerts: 1,
    ...(listed.outcome !== undefined && { outcome: listed.outcome }),
    title: listed.title,
  };
}

function shortened(text: string): string {
  return text.length <= maxText ? text : `${text.slice(0, maxText)}…`;
}

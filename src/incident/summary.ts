import type { EntityRef } from '../detect/detector.ts';
import type { Incident } from './incident.ts';
import { incidentSchemaVersion } from './json.ts';

/** Entities that a summary names. */
const maxEntities = 8;

/** An incident in short, for lists and the event stream: without alerts, timeline and notes. */
export interface IncidentSummary
  extends Omit<Incident, 'entities' | 'stages' | 'alerts' | 'timeline' | 'notes' | 'scoreParts' | 'dropped'> {
  readonly schemaVersion: typeof incidentSchemaVersion;
  /** The first few. */
  readonly entities: readonly EntityRef[];
  readonly entityCount: number;
  /** Tactics in the order in which they began. */
  readonly tactics: readonly string[];
  readonly noteCount: number;
}

/** Returns an incident in short. */
export function incidentSummary(incident: Incident): IncidentSummary {
  const { entities, stages, alerts: _, timeline: __, notes, scoreParts: ___, dropped, ...rest } = incident;
  return {
    schemaVersion: incidentSchemaVersion,
    ...rest,
    entities: entities
      .slice(0, maxEntities)
      .map(({ kind, name, actor }) => ({ kind, name, role: actor === undefined ? 'target' : 'actor' })),
    entityCount: entities.length + dropped.entities,
    tactics: stages.map(({ tactic }) => tactic),
    noteCount: notes.length,
  };
}

import type { Registry } from 'prom-client';
import type { IncidentStatus } from './incidents.ts';
import { series } from './series.ts';

/** Registers the series of incidents; returns what sets them anew. */
export function incidentSeries(registry: Registry): (status: IncidentStatus) => void {
  const set = (name: string, help: string, of: (status: IncidentStatus) => number) =>
    series<IncidentStatus>(registry, name, help, [], (status) => [[{}, of(status)]]);
  const take = [
    series<IncidentStatus>(
      registry,
      'picket_incidents_open',
      'Incidents in memory that nobody has resolved, by severity.',
      ['severity'],
      ({ unresolved }) => Object.entries(unresolved).map(([severity, count]) => [{ severity }, count]),
    ),
    set('picket_incidents_total', 'Incidents opened.', ({ opened }) => opened),
    set(
      'picket_incidents_merged_total',
      'Incidents that turned out to be one with another.',
      ({ merged }) => merged,
    ),
    set(
      'picket_incidents_reopened_total',
      'Incidents that came back after they were resolved.',
      ({ reopened }) => reopened,
    ),
    set(
      'picket_incidents_evicted_total',
      'Incidents no longer held in memory because there were too many; they stand in the store.',
      ({ evicted }) => evicted,
    ),
    set(
      'picket_incidents_evicted_active_total',
      'Of those, the ones that were not quiet yet.',
      ({ evictedActive }) => evictedActive,
    ),
    set(
      'picket_incident_alerts_dropped_total',
      'Alerts that the list of their incident had no room for.',
      ({ droppedAlerts }) => droppedAlerts,
    ),
    set(
      'picket_incident_entities_dropped_total',
      'Entities that the list of their incident had no room for.',
      ({ droppedEntities }) => droppedEntities,
    ),
    set(
      'picket_incident_changes_lost_total',
      'Changes of incidents that came too fast to be stored.',
      ({ untold }) => untold,
    ),
  ];
  return (status) => {
    for (const one of take) one(status);
  };
}

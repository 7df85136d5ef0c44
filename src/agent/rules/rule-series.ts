import type { Registry } from 'prom-client';
import { series } from '../series.ts';
import type { CorrelationsStatus } from './correlations-status.ts';
import type { RulesStatus } from './rule-alerts.ts';

/**
 * Registers the series of rules; returns what sets them anew. Labels: sources are few, and of rules so many are told apart as a table of
 * fixed size holds.
 */
export function ruleSeries(registry: Registry): (status: RulesStatus) => void {
  const of = (name: string, help: string, key: 'events' | 'lost' | 'undecodable' | 'rules') =>
    series<RulesStatus>(registry, name, help, ['source'], ({ sources }) =>
      sources.map((source) => [{ source: source.id }, source[key]]),
    );
  const where = (name: string, help: string, key: 'incomplete' | 'evicted') =>
    series<RulesStatus>(registry, name, help, ['source'], ({ sources }) =>
      sources.flatMap(({ id, [key]: value }) =>
        value === undefined ? [] : [[{ source: id }, value] as const],
      ),
    );
  const take = [
    of('picket_rule_events_total', 'Events that rules were asked of.', 'events'),
    of('picket_rule_events_lost_total', 'Events that were there and that rules were not asked of.', 'lost'),
    of('picket_rule_events_undecodable_total', 'What came and could not be read as an event.', 'undecodable'),
    where(
      'picket_rule_events_incomplete_total',
      'Events of containers of which the container engine had not told in time.',
      'incomplete',
    ),
    where(
      'picket_rule_state_evictions_total',
      'Threads and descriptors that were forgotten because a table was full.',
      'evicted',
    ),
    of('picket_rules_asked', 'Rules that are asked of the events of a source.', 'rules'),
    series<RulesStatus>(
      registry,
      'picket_rule_source_up',
      'Whether a source of events for rules is running (1) or not (0).',
      ['source'],
      ({ sources }) => sources.map(({ id, state }) => [{ source: id }, state === 'running' ? 1 : 0]),
    ),
    series<RulesStatus>(
      registry,
      'picket_rule_alerts_total',
      'Alerts of rules, each one counted.',
      ['rule', 'priority', 'source'],
      ({ byRule }) => byRule.map(({ count, ...labels }) => [labels, count]),
    ),
  ];
  take.push(...correlationSeries(registry), ...recordingSeries(registry));
  return (status) => {
    for (const set of take) set(status);
  };
}

/** Series of rules over several events; without samples where there are none. */
function correlationSeries(registry: Registry): ((status: RulesStatus) => void)[] {
  const of = (name: string, help: string, key: keyof CorrelationsStatus) =>
    series<RulesStatus>(registry, name, help, ['source'], ({ sources }) =>
      sources.flatMap(({ id, correlations }) =>
        correlations === undefined ? [] : [[{ source: id }, correlations[key]] as const],
      ),
    );
  return [
    of('picket_correlation_state_bytes', 'Approximate memory of rules over several events.', 'stateBytes'),
    of(
      'picket_correlation_evictions_total',
      'What rules over several events forgot for want of room.',
      'evicted',
    ),
    of(
      'picket_correlation_suppressed_total',
      'Alerts of rules over several events that were not told since the same had been told shortly before.',
      'suppressed',
    ),
  ];
}

/** Series of recordings; without samples where none is made. */
function recordingSeries(registry: Registry): ((status: RulesStatus) => void)[] {
  const of = (name: string, help: string, key: 'bytes' | 'events' | 'lost' | 'errors') =>
    series<RulesStatus>(registry, name, help, ['source'], ({ sources }) =>
      sources.flatMap(({ id, recording }) =>
        recording === undefined ? [] : [[{ source: id }, recording[key]] as const],
      ),
    );
  return [
    of('picket_recording_bytes', 'Bytes of the recording that are kept.', 'bytes'),
    of('picket_recording_events_total', 'Events that were recorded.', 'events'),
    of('picket_recording_events_lost_total', 'Events that could not be recorded.', 'lost'),
    of('picket_recording_errors_total', 'Times that the recording could not be written.', 'errors'),
  ];
}

import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { ruleSeries } from './rule-series.ts';

const source = {
  id: 'syscall',
  state: 'running',
  detail: '',
  rules: 93,
  events: 7,
  lost: 2,
  undecodable: 1,
  incomplete: 4,
  evicted: 8,
  correlations: { stateBytes: 640, evicted: 5, suppressed: 6 },
} as const;
const rule = { rule: 'Terminal "shell"', priority: 'Notice', source: 'syscall', count: 3 } as const;

test('series of sources and rules, set anew each time', async () => {
  const registry = new Registry();
  const set = ruleSeries(registry);
  for (const state of ['failed', 'running'] as const)
    set({ sources: [{ ...source, state }], alerts: 3, byRule: [rule], outputs: [], heldBack: 0 });
  const text = await registry.metrics();
  expect(text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))).toEqual([
    'picket_rule_events_total{source="syscall"} 7',
    'picket_rule_events_lost_total{source="syscall"} 2',
    'picket_rule_events_undecodable_total{source="syscall"} 1',
    'picket_rule_events_incomplete_total{source="syscall"} 4',
    'picket_rule_state_evictions_total{source="syscall"} 8',
    'picket_rules_asked{source="syscall"} 93',
    'picket_rule_source_up{source="syscall"} 1',
    'picket_rule_alerts_total{rule="Terminal \\"shell\\"",priority="Notice",source="syscall"} 3',
    'picket_correlation_state_bytes{source="syscall"} 640',
    'picket_correlation_evictions_total{source="syscall"} 5',
    'picket_correlation_suppressed_total{source="syscall"} 6',
  ]);
});

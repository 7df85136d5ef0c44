import { expect, test } from 'vitest';
import { incident } from './incident.fixture.ts';
import { incidentSummary } from './summary.ts';

test('an incident in short has what a list shows, and nothing that grows', () => {
  const one = incident(1, { dropped: { alerts: 0, entities: 3, timeline: 0, notes: 0 } });
  expect(incidentSummary(one)).toEqual({
    schemaVersion: 1,
    id: 'incident-1',
    state: 'open',
    openedAt: one.openedAt,
    detectedAt: one.detectedAt,
    lastAt: one.lastAt,
    severity: 'high',
    score: 40,
    title: one.title,
    story: one.story,
    alertCount: 1,
    mergedFrom: [],
    lost: 0,
    entities: [
      { kind: 'address', name: '198.51.100.7', role: 'actor' },
      { kind: 'host', name: 'plc', role: 'target' },
    ],
    entityCount: 5,
    tactics: ['Discovery'],
    noteCount: 0,
  });
});

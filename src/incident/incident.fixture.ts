import type { Incident } from './incident.ts';

/** A moment for tests, ms since the epoch. */
export const noon: number = Date.UTC(2026, 5, 1, 12);

/** Returns the `n`-th incident of a series, last seen `n` seconds after noon unless told otherwise. */
export function incident(n: number, change: Partial<Incident> = {}): Incident {
  const at = noon + n * 1000;
  return {
    id: `incident-${n}`,
    state: 'open',
    openedAt: at,
    detectedAt: at,
    lastAt: at,
    severity: 'high',
    score: 40,
    scoreParts: [{ name: 'severity', points: 40, why: 'the gravest alert is high' }],
    title: 'Port scan: 198.51.100.7 tried 100 ports of plc',
    story: 'At 12:00:01 198.51.100.7 tried 100 ports of plc.',
    entities: [
      { kind: 'address', name: '198.51.100.7', actor: { firstAt: at, lastAt: at, latestBegan: at } },
      { kind: 'host', name: 'plc', target: { firstAt: at, lastAt: at } },
    ],
    stages: [
      {
        tactic: 'Discovery',
        firstAt: at,
        lastAt: at,
        techniques: [{ id: 'T1046', name: 'Network Service Discovery' }],
        alerts: 1,
        title: 'Port scan: 198.51.100.7 tried 100 ports of plc',
      },
    ],
    alerts: [
      {
        id: `alert-${n}`,
        fingerprint: `scan-${n}`,
        detector: 'port-scan',
        severity: 'high',
        title: 'Port scan: 198.51.100.7 tried 100 ports of plc',
        entity: '198.51.100.7',
        tactics: ['Discovery'],
        beganAt: at,
        firstAt: at,
        lastAt: at,
        count: 1,
        evidence: [{ name: 'ports tried', value: '1-100', expected: 'fewer than 5' }],
      },
    ],
    alertCount: 1,
    timeline: [{ at, kind: 'alert', text: 'Port scan', alert: `alert-${n}`, severity: 'high' }],
    notes: [],
    mergedFrom: [],
    lost: 0,
    dropped: { alerts: 0, entities: 0, timeline: 0, notes: 0 },
    ...change,
  };
}

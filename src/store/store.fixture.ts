import type { Alert } from '../detect/detector.ts';
import type { Flow } from '../flow/flow.ts';

/** A moment for tests, ms since the epoch. */
export const noon = Date.UTC(2026, 5, 1, 12);

/** Returns the `n`-th flow of a series, opened `n` seconds after noon unless told otherwise. */
export function flow(n: number, change: Partial<Flow> = {}): Flow {
  return {
    id: `flow-${n}`,
    protocol: 6,
    source: {
      address: { family: 4, a: 0, b: 0, c: 0, d: 0xc6336400 + (n % 254) },
      port: 1024 + (n % 60_000),
      process: { pid: 4711, comm: 'curl', command: 'curl http://198.51.100.9/' },
    },
    destination: {
      address: { family: 6, a: 0x20010db8, b: 0, c: 0, d: 1 + (n % 1000) },
      port: 443,
      identity: { kind: 'workload', name: 'shop/frontend' },
    },
    state: 'attempted',
    seenBy: 'source',
    openedAt: noon + n * 1000,
    reachedDestination: false,
    preexisting: false,
    verdict: {
      outcome: 'deny',
      reasons: [
        {
          layer: 'networkpolicy',
          direction: 'ingress',
          outcome: 'deny',
          text: 'no rule of shop/default-deny allows this',
          object: { kind: 'NetworkPolicy', name: 'default-deny', namespace: 'shop' },
        },
      ],
    },
    ...change,
  };
}

/** Returns the `n`-th alert of a series, last seen `n` seconds after noon unless told otherwise. */
export function alert(n: number, change: Partial<Alert> = {}): Alert {
  const at = noon + n * 1000;
  return {
    id: `alert-${n}`,
    detector: 'port-scan',
    severity: 'high',
    at,
    entity: '198.51.100.7',
    fingerprint: `scan-${n}`,
    title: '198.51.100.7 scans ports',
    explanation: 'It tried 100 ports, of which 97 refused.',
    evidence: [{ name: 'ports tried', value: '22, 80, 443 and 97 more', expected: 'fewer than 5' }],
    techniques: [{ id: 'T1046', name: 'Network Service Discovery', tactic: 'discovery' }],
    flows: [flow(n)],
    firstAt: at,
    lastAt: at,
    count: 1,
    lost: 0,
    ...change,
  };
}

import type { Status } from '../../src/agent/status.ts';
import type { AlertJson } from '../../src/detect/json.ts';
import type { EndJson, FlowJson } from '../../src/flow/json.ts';
import type { Reason } from '../../src/flow/verdict.ts';

const file = 'deploy/shop/policies.yaml';
const place = (line: number) => ({
  file,
  start: { line, column: 5, offset: 0 },
  end: { line, column: 30, offset: 25 },
});

const ends: readonly (readonly [string, string, number])[] = [
  ['shop/frontend-7d9f8b6c5-x2kqp', '198.51.100.21', 8080],
  ['shop/checkout-6b7f9d4c8-m4t9z', '198.51.100.22', 8443],
  ['shop/payments-0', '198.51.100.23', 9000],
  ['shop/redis-0', '198.51.100.24', 6379],
  ['monitoring/prometheus-0', '198.51.100.40', 9090],
  ['gateway', '203.0.113.1', 443],
];

const comms = ['nginx', 'checkout', 'payments', 'redis-server', 'prometheus', 'curl'];

function end(index: number, port: number, process: boolean): EndJson {
  const [name, address] = ends[index % ends.length]!;
  return {
    address,
    port,
    identity: { kind: name.includes('/') ? 'workload' : 'host', name },
    ...(process && {
      process: {
        pid: 1200 + index,
        comm: comms[index % comms.length]!,
        command: `/usr/bin/${comms[index % comms.length]} --serve`,
      },
    }),
  };
}

const allowed: readonly Reason[] = [
  {
    layer: 'networkpolicy',
    direction: 'egress',
    outcome: 'allow',
    text: 'no policy selects pod shop/frontend-7d9f8b6c5-x2kqp for egress',
  },
  {
    layer: 'networkpolicy',
    direction: 'ingress',
    outcome: 'allow',
    text: 'ingress rule 0 admits pods labelled app=frontend on TCP 8443',
    object: { kind: 'NetworkPolicy', namespace: 'shop', name: 'checkout-from-frontend' },
    rule: 0,
    span: place(41),
  },
];

const denied: readonly Reason[] = [
  {
    layer: 'networkpolicy',
    direction: 'egress',
    outcome: 'allow',
    text: 'no policy selects pod shop/frontend-7d9f8b6c5-x2kqp for egress',
  },
  {
    layer: 'networkpolicy',
    direction: 'ingress',
    outcome: 'deny',
    text: 'shop/default-deny isolates pod shop/payments-0 and no rule admits the source',
    object: { kind: 'NetworkPolicy', namespace: 'shop', name: 'default-deny' },
    span: place(8),
  },
];

/** Returns flow number `index`, opened `index` times 370 ms before `now`. Every seventh is forbidden, every fourteenth got through. */
export function flow(index: number, now: number, more: Partial<FlowJson> = {}): FlowJson {
  const forbidden = index % 7 === 3;
  const through = !forbidden || index % 14 === 3;
  const unjudged = index % 11 === 5;
  const openedAt = now - index * 370;
  const outcome = forbidden ? 'deny' : unjudged ? 'unknown' : 'allow';
  return {
    id: `f${index}`,
    protocol: 'tcp',
    source: unjudged
      ? { address: '2001:db8:4::17', port: 51000, identity: { kind: 'unknown', name: '2001:db8:4::17' } }
      : end(index, 40_000 + (index % 20_000), true),
    destination: end(index + 1, ends[(index + 1) % ends.length]![2], index % 3 === 0),
    state: through ? (index % 2 === 0 ? 'closed' : 'established') : 'refused',
    seenBy: index % 3 === 0 ? 'both' : 'source',
    openedAt,
    ...(through && { establishedAt: openedAt + 0.6 }),
    ...(through && index % 2 === 0 && { closedAt: openedAt + 184 }),
    reachedDestination: through,
    preexisting: false,
    verdict: {
      outcome,
      reasons: forbidden
        ? denied
        : unjudged
          ? [
              {
                layer: 'networkpolicy',
                direction: 'ingress',
                outcome: 'unknown',
                text: 'the source 2001:db8:4::17 is not declared, and a rule of shop/checkout-from-frontend selects by namespace',
              },
            ]
          : allowed,
    },
    ...more,
  };
}

/** Returns a port scan, `ago` ms before `now`. */
export function scan(now: number, ago: number, more: Partial<AlertJson> = {}): AlertJson {
  return {
    id: 'a-scan',
    detector: 'port-scan',
    severity: 'high',
    at: now - ago,
    entity: '198.51.100.77',
    fingerprint: 'port-scan|198.51.100.77',
    title: '198.51.100.77 scans ports of shop/payments-0',
    explanation:
      '198.51.100.77 tried 103 ports of shop/payments-0 within 4 s and 101 of them did not answer or refused. A client that knows what it wants succeeds most of the time; after 5 failures in a row the odds are better than 99 to 1 that this is a scan.',
    evidence: [
      { name: 'ports tried', value: '22, 80, 443 and 100 more' },
      { name: 'failed first contacts', value: '101 of 103', expected: 'at most 2 in 10' },
      { name: 'likelihood ratio', value: '> 99', expected: '< 0.01' },
    ],
    techniques: [{ id: 'T1046', name: 'Network Service Discovery', tactic: 'Discovery' }],
    flows: [flow(3, now - ago), flow(10, now - ago)],
    firstAt: now - ago - 4200,
    lastAt: now - ago,
    count: 1,
    lost: 0,
    ...more,
  };
}

/** Returns a forbidden flow that got through, seen `ago` ms before `now`. */
export function gap(now: number, ago: number, more: Partial<AlertJson> = {}): AlertJson {
  return {
    ...scan(now, ago),
    id: 'a-gap',
    detector: 'policy-violation',
    severity: 'critical',
    entity: 'shop/redis-0',
    fingerprint: 'policy-violation|gap|shop/redis-0|shop/payments-0|9000',
    title: 'Forbidden connection got through: shop/redis-0 to shop/payments-0:9000',
    explanation:
      'NetworkPolicy shop/default-deny (deploy/shop/policies.yaml:8) isolates shop/payments-0 and no rule admits shop/redis-0, yet the connection was established. The policy is declared but nothing enforces it on this path.',
    evidence: [
      { name: 'deciding rule', value: 'shop/default-deny, deploy/shop/policies.yaml:8' },
      { name: 'state', value: 'established', expected: 'refused or timed out' },
    ],
    techniques: [{ id: 'T1021', name: 'Remote Services', tactic: 'Lateral Movement' }],
    flows: [flow(3, now - ago), flow(17, now - ago)],
    firstAt: now - ago - 840_000,
    lastAt: now - ago,
    count: 1204,
    lost: 318,
    ...more,
  };
}

/** Returns the status of an agent that started `age` ms before `now` and has nothing to complain of. */
export function status(now: number, age: number, more: Partial<Status> = {}): Status {
  return {
    schemaVersion: 1,
    version: '0.1.0',
    site: 'edge-hamburg-7',
    startedAt: now - age,
    now,
    mode: 'observe',
    health: [
      { id: 'sensors', state: 'ok', text: 'watching through tracefs' },
      { id: 'store', state: 'ok', text: 'flows and alerts are kept' },
    ],
    posture: { files: 9, workloads: 12, policies: 7, hosts: 3, errors: 0, warnings: 1 },
    sensors: [
      {
        id: 'tracefs',
        state: 'running',
        detail: 'TCP connections over all network namespaces',
        counters: { records: 1_284_113, lost: 0, undecodable: 0 },
      },
    ],
    flows: { active: 214, total: 48_213, evicted: 0, allowed: 47_100, denied: 812, unknown: 301 },
    alerts: { open: 0, total: 0 },
    detectors: [
      { id: 'policy-violation', stateBytes: 48_212, evicted: 0 },
      { id: 'port-scan', stateBytes: 812_004, evicted: 0 },
    ],
    store: { state: 'ok', lost: 0, bytes: 18_304_512, flows: 48_213, alerts: 0, incidents: 0 },
    stream: { subscribers: 1, dropped: 0 },
    ...more,
  };
}

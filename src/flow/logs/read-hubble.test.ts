import { expect, test } from 'vitest';
import { jsonLines, readAll } from './read.fixture.ts';

const at = Date.parse('2026-01-02T03:04:05.250Z');
const flow = {
  time: '2026-01-02T03:04:05.250000000Z',
  uuid: '3b1c5d9e-0000-4000-8000-000000000001',
  verdict: 'FORWARDED',
  IP: { source: '10.0.1.60', destination: '10.0.1.5', ipVersion: 'IPv4' },
  l4: { TCP: { source_port: 44_916, destination_port: 80, flags: { SYN: true } } },
  source: {
    ID: 1,
    namespace: 'shop',
    pod_name: 'web-6c5d-x1',
    workloads: [{ name: 'web', kind: 'Deployment' }],
  },
  destination: { namespace: 'shop', pod_name: 'db-0' },
  Type: 'L3_L4',
  node_name: 'edge-1',
  traffic_direction: 'INGRESS',
  is_reply: false,
};
const wrapped = (more: object) => ({ flow: { ...flow, ...more }, node_name: 'edge-1', time: flow.time });
const one = (more: object) => readAll(jsonLines(wrapped(more))).json[0];

test('a packet that was dropped, with who and why', () => {
  const { format, json } = readAll(
    jsonLines(wrapped({ verdict: 'DROPPED', drop_reason: 133, drop_reason_desc: 'POLICY_DENIED' })),
  );
  expect(format).toBe('hubble');
  expect(json).toEqual([
    {
      id: flow.uuid,
      protocol: 'tcp',
      source: { address: '10.0.1.60', port: 44_916, identity: { kind: 'workload', name: 'shop/web' } },
      destination: { address: '10.0.1.5', port: 80, identity: { kind: 'workload', name: 'shop/db-0' } },
      state: 'timed-out',
      seenBy: 'network',
      openedAt: at,
      closedAt: at,
      reachedDestination: false,
      preexisting: false,
      verdict: {
        outcome: 'deny',
        reasons: [
          {
            layer: 'hubble',
            direction: 'ingress',
            outcome: 'deny',
            text: 'Cilium dropped it: POLICY_DENIED',
          },
        ],
      },
      lastAt: at,
      observation: { by: 'hubble', exporter: 'edge-1' },
    },
  ]);
});

test('a reply tells of the connection the other way round', () => {
  const reply = {
    IP: { source: flow.IP.destination, destination: flow.IP.source },
    source: flow.destination,
    destination: flow.source,
    l4: { TCP: { source_port: 80, destination_port: 44_916, flags: { SYN: true, ACK: true } } },
    is_reply: true,
  };
  expect(one(reply)).toMatchObject({
    source: { address: '10.0.1.60', port: 44_916, identity: { name: 'shop/web' } },
    destination: { address: '10.0.1.5', port: 80, identity: { name: 'shop/db-0' } },
    state: 'established',
    reachedDestination: true,
    verdict: { outcome: 'allow' },
  });
  // It came from there, though it did not get back; a RST could be of somebody else.
  expect(one({ ...reply, verdict: 'DROPPED' })?.reachedDestination).toBe(true);
  const reset = { TCP: { ...reply.l4.TCP, flags: { RST: true } } };
  expect(one({ ...reply, l4: reset })?.reachedDestination).toBe(false);
});

test('states as far as one packet tells', () => {
  expect(one({})?.state).toBe('attempted');
  expect(one({ l4: { TCP: { ...flow.l4.TCP, flags: { ACK: true } } } })?.state).toBe('established');
  expect(one({ l4: { TCP: { ...flow.l4.TCP, flags: { FIN: true, ACK: true } } } })?.state).toBe('closed');
  expect(one({ l4: { UDP: { source_port: 5, destination_port: 53 } } })).toMatchObject({
    state: 'attempted',
    protocol: 'udp',
  });
  expect(one({ l4: { ICMPv6: { type: 133 } } })).toMatchObject({
    protocol: 'ipv6-icmp',
    icmp: { type: 133, code: 0 },
  });
  expect(one({ verdict: 'AUDIT' })?.verdict?.outcome).toBe('deny');
  expect(one({ verdict: 'TRACED' })).not.toHaveProperty('verdict');
});

test('without a wrapper, printed over several lines, and what is no flow', () => {
  expect(readAll(jsonLines(flow)).flows).toHaveLength(1);
  expect(
    readAll(`${JSON.stringify(wrapped({}), null, 2)}\n${JSON.stringify(flow, null, 2)}\n`).flows,
  ).toHaveLength(2);
  const { counts } = readAll(
    jsonLines(
      { node_status: { state_change: 'NODE_CONNECTED' } },
      wrapped({ Type: 'L7', l7: { type: 'REQUEST' } }),
      wrapped({ Type: 'SOCK' }),
      { lost_events: { source: 'PERF_EVENT_RING_BUFFER', num_events_lost: 4 } },
      wrapped({ IP: undefined }),
      wrapped({ l4: {} }),
    ),
  );
  expect(counts).toMatchObject({
    flows: 0,
    skipped: {
      'other records of Hubble': 1,
      'requests and answers of an application (L7)': 1,
      'translations of sockets': 1,
      'lost events, as Hubble tells': 1,
    },
    dropped: {
      'no address of one end, or none that can be read': 1,
      'no protocol that is known': 1,
    },
  });
});

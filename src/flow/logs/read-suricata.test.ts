import { expect, test } from 'vitest';
import { jsonLines, readAll } from './read.fixture.ts';

const flow = {
  pkts_toserver: 6,
  pkts_toclient: 5,
  bytes_toserver: 700,
  bytes_toclient: 4000,
  start: '2026-01-02T03:04:05.000100+0100',
  end: '2026-01-02T03:04:07.250000+0100',
  age: 2,
  state: 'closed',
  reason: 'timeout',
  alerted: false,
};
const tcp = { tcp_flags: '1b', tcp_flags_ts: '1b', tcp_flags_tc: '1b', syn: true, state: 'closed' };
const record = {
  timestamp: '2026-01-02T03:04:37.000000+0100',
  flow_id: 1_234_567_890_123,
  in_iface: 'eth0',
  event_type: 'flow',
  vlan: [100],
  src_ip: '198.51.100.7',
  src_port: 40_000,
  dest_ip: '203.0.113.9',
  dest_port: 80,
  proto: 'TCP',
  app_proto: 'http',
  community_id: '1:abc=',
  flow,
  tcp,
};
const one = (more: object) => readAll(jsonLines({ ...record, ...more })).json[0];

test('a connection that came to its end', () => {
  const start = Date.parse('2026-01-02T02:04:05.000Z');
  const { format, json } = readAll(jsonLines(record));
  expect(format).toBe('suricata');
  expect(json[0]).toEqual({
    id: 'suricata-1234567890123',
    protocol: 'tcp',
    source: { address: '198.51.100.7', port: 40_000 },
    destination: { address: '203.0.113.9', port: 80 },
    state: 'closed',
    seenBy: 'network',
    openedAt: start + 0.1,
    closedAt: start + 2_250,
    reachedDestination: true,
    preexisting: false,
    lastAt: start + 2_250,
    sent: { packets: 6, bytes: 700, tcpFlags: 0x1b },
    received: { packets: 5, bytes: 4000, tcpFlags: 0x1b },
    vlans: [100],
    observation: { by: 'suricata', exporter: 'x.log', input: 'eth0' },
    endReason: 'end',
    communityId: '1:abc=',
  });
});

test('states', () => {
  const silent = { ...flow, state: 'new', pkts_toclient: 0, bytes_toclient: 0 };
  const flags = (ts: string, tc: string) => ({ tcp: { ...tcp, tcp_flags_ts: ts, tcp_flags_tc: tc } });
  expect(one({ flow: silent, ...flags('02', '00') })).toMatchObject({
    state: 'timed-out',
    endReason: 'idle',
  });
  expect(one({ flow: silent, ...flags('06', '00') })?.state).toBe('aborted');
  expect(one({ flow: { ...flow, state: 'new' }, ...flags('02', '14') })?.state).toBe('refused');
  expect(one({ ...flags('02', '14') })?.state).toBe('refused');
  expect(one({ flow: { ...flow, state: 'established' } })?.state).toBe('established');
  expect(one({ flow: { ...flow, state: 'local_bypassed' } })?.state).toBe('established');
  expect(one({ flow: silent, proto: 'UDP', tcp: undefined })?.state).toBe('unanswered');
  expect(one({ proto: 'UDP', tcp: undefined })).toMatchObject({ state: 'established', protocol: 'udp' });
  expect(one({ flow: { ...flow, action: 'drop' } })?.verdict).toMatchObject({
    outcome: 'deny',
    reasons: [{ layer: 'suricata' }],
  });
});

test('ICMP of both versions', () => {
  const icmp = { src_port: undefined, dest_port: undefined, tcp: undefined, icmp_type: 8, icmp_code: 0 };
  expect(one({ ...icmp, proto: 'ICMP' })).toMatchObject({ protocol: 'icmp', icmp: { type: 8, code: 0 } });
  expect(
    one({ ...icmp, icmp_type: 135, proto: 'IPv6-ICMP', src_ip: 'fe80::1', dest_ip: 'ff02::1' }),
  ).toMatchObject({ protocol: 'ipv6-icmp', icmp: { type: 135, code: 0 } });
});

test('other events are counted, the one-way records of the same flows by themselves', () => {
  const { flows, counts } = readAll(
    jsonLines(
      { timestamp: record.timestamp, event_type: 'stats', stats: {} },
      { ...record, event_type: 'alert' },
      { ...record, event_type: 'netflow' },
      record,
      { ...record, dest_ip: '' },
    ),
  );
  expect(flows).toHaveLength(1);
  expect(counts).toMatchObject({
    skipped: { 'other events': 2, 'netflow records': 1 },
    dropped: { 'no address of one end, or none that can be read': 1 },
  });
});

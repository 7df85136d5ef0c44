import { expect, test } from 'vitest';
import { jsonLines, readAll } from './read.fixture.ts';

const entry = {
  insertId: '1abcdefghijkl',
  logName: 'projects/p/logs/compute.googleapis.com%2Fvpc_flows',
  resource: { type: 'gce_subnetwork', labels: {} },
  timestamp: '2026-01-02T03:04:20Z',
  jsonPayload: {
    connection: { src_ip: '10.0.1.5', src_port: 44_000, dest_ip: '10.0.2.9', dest_port: 5432, protocol: 6 },
    reporter: 'DEST',
    bytes_sent: '1872',
    packets_sent: '16',
    start_time: '2026-01-02T03:04:05.500000000Z',
    end_time: '2026-01-02T03:04:10.000000000Z',
    src_gke_details: { pod: { pod_name: 'web-6c5d-x1', pod_namespace: 'shop' } },
    dest_instance: { vm_name: 'db-vm' },
  },
};

test('an entry', () => {
  const { format, json } = readAll(jsonLines(entry));
  expect(format).toBe('gcp-vpc');
  expect(json).toEqual([
    {
      id: '1abcdefghijkl',
      protocol: 'tcp',
      source: { address: '10.0.1.5', port: 44_000, identity: { kind: 'workload', name: 'shop/web-6c5d-x1' } },
      destination: { address: '10.0.2.9', port: 5432, identity: { kind: 'host', name: 'db-vm' } },
      state: 'attempted',
      seenBy: 'destination',
      openedAt: Date.parse('2026-01-02T03:04:05.500Z'),
      reachedDestination: false,
      preexisting: false,
      lastAt: Date.parse('2026-01-02T03:04:10Z'),
      sent: { packets: 16, bytes: 1872 },
      observation: { by: 'gcp-vpc', exporter: 'x.log' },
    },
  ]);
});

test('a list over many lines as gcloud prints it, and payloads alone', () => {
  const list = JSON.stringify([entry, { ...entry, jsonPayload: {} }, entry], null, 2);
  expect(readAll(list).counts).toMatchObject({ flows: 2, skipped: { 'other log entries': 1 } });
  expect(readAll(jsonLines(entry.jsonPayload)).json[0]).toMatchObject({ id: 'x.log:1' });
  expect(readAll(list.slice(0, -60)).counts).toMatchObject({
    flows: 1,
    dropped: { 'cut off before its end': 1 },
  });
});

test('what is wrong is counted', () => {
  const with_ = (connection: object, more = {}) => ({
    ...entry,
    jsonPayload: {
      ...entry.jsonPayload,
      ...more,
      connection: { ...entry.jsonPayload.connection, ...connection },
    },
  });
  const { counts } = readAll(
    jsonLines(entry, with_({ src_ip: null }), with_({ protocol: 'x' }), with_({ dest_port: -1 })),
  );
  expect(counts).toMatchObject({
    flows: 1,
    dropped: {
      'no address of one end, or none that can be read': 1,
      'no protocol that is known': 1,
      'a port that is none': 1,
    },
  });
});

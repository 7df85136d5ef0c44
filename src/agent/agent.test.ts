import { afterEach, expect, test, vi } from 'vitest';
import { ownRunner } from '../enforce/runner.ts';
import { RecordWriter } from '../flow/record-writer.fixture.ts';
import { readManifests } from '../manifest/read.ts';
import { compilePosture } from '../posture/compile.ts';
import type { SensorDefinition, SensorSink } from '../sensor/sensor.ts';
import { openMemoryStore } from '../store/memory.ts';
import { Agent } from './agent.ts';
import { PacketFilterWatch } from './packet-filter-watch.ts';

/** A sensor that delivers what the test writes. */
function written(): SensorDefinition & {
  sink: () => SensorSink;
  counters: { records: number; lost: number; undecodable: number };
} {
  let sink: SensorSink | undefined;
  const counters = { records: 0, lost: 0, undecodable: 0 };
  return {
    id: 'written',
    title: 'Written by the test',
    since: '0.1.0',
    doc: '',
    counters,
    sink: () => sink!,
    probe: async () => ({ state: 'available', details: ['as written'] }),
    open: async (given) => {
      sink = given;
      return { counters: async () => ({ ...counters }), stop: async () => {} };
    },
  };
}

const policy = `
apiVersion: v1
kind: Pod
metadata: { name: db, namespace: shop }
spec: { containers: [{ name: db, image: db }] }
status: { podIP: 198.51.100.9 }
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: closed, namespace: shop }
spec: { podSelector: {}, policyTypes: [Ingress] }
`;
const posture = compilePosture(
  readManifests([{ name: 'shop.yaml', bytes: new TextEncoder().encode(policy) }]),
);

let agent: Agent | undefined;
afterEach(async () => {
  vi.useRealTimers();
  await agent?.stop();
});

async function start(sensor: SensorDefinition, clocks = { wall: 1_000_000, monotonic: 5_000 }) {
  agent = new Agent({
    site: 'test',
    posture,
    store: openMemoryStore(),
    sensors: [sensor],
    clocks: { wall: () => clocks.wall, monotonic: () => clocks.monotonic },
  });
  await agent.start();
  return agent;
}

/** A connection to the forbidden database that both ends of this machine saw. */
const intrusion = (writer: RecordWriter) =>
  writer
    .state(5_010, 1, '198.51.100.7:0', '198.51.100.9:5432', 'Close>SynSent', 42)
    .state(5_011, 2, '198.51.100.9:5432', '198.51.100.7:40000', 'SynReceived>Established')
    .state(5_011.1, 1, '198.51.100.7:40000', '198.51.100.9:5432', 'SynSent>Established');

test('records become judged flows and an alert that names the deciding line', async () => {
  const sensor = written();
  const { store, status } = await start(sensor).then((one) => ({
    store: one.store,
    status: () => one.status(),
  }));
  await sensor.sink().batch({ ...intrusion(new RecordWriter()).batch() });
  const alert = store.alerts({ limit: 10 })[0]!.value;
  expect(alert.explanation).toContain('NetworkPolicy shop/closed');
  expect(alert.explanation).toContain('shop.yaml:10');
  expect(alert.lost).toBe(0);
  expect(status().flows).toMatchObject({ total: 1, denied: 1, active: 1 });
  expect(status().alerts).toEqual({ open: 1, total: 1 });
});

test('an alert says how many records were lost meanwhile, and health shows it', async () => {
  const sensor = written();
  const one = await start(sensor);
  await sensor.sink().batch({
    ...new RecordWriter().exit(5_001, 9).batch(),
    counters: { records: 1, lost: 17, undecodable: 0 },
  });
  await sensor
    .sink()
    .batch({ ...intrusion(new RecordWriter()).batch(), counters: { records: 4, lost: 17, undecodable: 0 } });
  const alert = one.store.alerts({ limit: 10 })[0]!.value;
  expect(alert.lost).toBe(17);
  expect(one.status().health.find(({ id }) => id === 'events-lost')).toMatchObject({ state: 'warning' });
});

test('a sensor that is not available, cannot start or breaks is told, and the agent goes on', async () => {
  const sensor = written();
  const missing: SensorDefinition = {
    ...sensor,
    probe: async () => ({ state: 'unavailable', details: ['needs root'] }),
  };
  expect((await start(missing)).status().sensors[0]).toMatchObject({
    state: 'unavailable',
    detail: 'needs root',
  });
  await agent?.stop();
  const broken: SensorDefinition = { ...sensor, open: async () => Promise.reject(new Error('no buffer')) };
  expect((await start(broken)).status().sensors[0]).toMatchObject({ state: 'failed', detail: 'no buffer' });
  expect(agent!.status().health.find(({ id }) => id === 'sensors')).toMatchObject({ state: 'failing' });
  await agent?.stop();
  const one = await start(sensor);
  sensor.sink().failed(new Error('read error'));
  expect(one.status().sensors[0]).toMatchObject({ state: 'failed', detail: 'read error' });
});

test('the system clock set back: times go on, health says so, detection goes on', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  const sensor = written();
  const clocks = { wall: 10_000_000, monotonic: 5_000 };
  const one = await start(sensor, clocks);
  const before = one.status().now;
  clocks.monotonic += 1_000;
  clocks.wall -= 3_600_000;
  vi.advanceTimersByTime(1_000);
  expect(one.status().now).toBe(before + 1_000);
  expect(one.status().health.find(({ id }) => id === 'clock')).toMatchObject({ state: 'warning' });
  await sensor.sink().batch(intrusion(new RecordWriter()).batch());
  expect(one.status().alerts.total).toBe(1);
});

test('a packet filter that somebody else changed is an alert', async () => {
  const watch = new PacketFilterWatch('/nonexistent', ownRunner(), 'edge-1');
  agent = new Agent({
    site: 'test',
    posture,
    store: openMemoryStore(),
    sensors: [],
    packetFilter: watch,
    clocks: { wall: () => 1_000_000, monotonic: () => 5_000 },
  });
  watch.tell({
    machine: 'edge-1',
    change: 3,
    confirmedAt: '2026-11-30T10:00:00Z',
    digest: 'a',
    expected: 'b',
    isGone: true,
  });
  expect(agent.store.alerts({ limit: 10 }).map(({ value }) => value)).toMatchObject([
    { detector: 'firewall-tampering', severity: 'critical', entity: 'edge-1', at: 1_000_000 },
  ]);
});

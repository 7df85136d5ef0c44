import { expect, test } from 'vitest';
import { ipv4 } from '../../net/address.ts';
import type { Flow } from '../flow.ts';
import { flowToJson } from '../json.ts';
import { OneWayFlows } from './join-one-way.ts';
import { jsonLines, readAll } from './read.fixture.ts';

function joined(flows: readonly Flow[]) {
  const out: Flow[] = [];
  const joiner = new OneWayFlows('x.log', 'aws-vpc', (flow) => out.push(flow));
  for (const flow of flows) joiner.take(flow);
  joiner.end();
  return { out, json: out.map(flowToJson), doubles: joiner.doubles };
}

const head =
  'srcaddr dstaddr srcport dstport protocol tcp-flags flow-direction packets bytes start end action log-status interface-id version';
const forth = '10.0.1.5 10.0.2.9 39000 5432 6 3 egress 8 1001 1700000000 1700000050 ACCEPT OK eni-1 5';
const back = '10.0.2.9 10.0.1.5 5432 39000 6 19 ingress 7 9001 1700000000 1700000050 ACCEPT OK eni-1 5';
const rejected = '198.51.100.9 10.0.1.5 4000 22 6 2 ingress 1 40 1700000010 1700000050 REJECT OK eni-1 5';
const aws = (...lines: string[]) => readAll([head, ...lines].join('\n')).flows;

test('both ways of a connection are one flow from who opened it, in whichever order they come', () => {
  const expected = {
    protocol: 'tcp',
    source: { address: '10.0.1.5', port: 39_000 },
    destination: { address: '10.0.2.9', port: 5432 },
    state: 'closed',
    sent: { packets: 8, bytes: 1001, tcpFlags: 3 },
    received: { packets: 7, bytes: 9001, tcpFlags: 19 },
    observation: { by: 'aws-vpc', exporter: 'x.log' },
  };
  expect(joined(aws(forth, back)).json).toMatchObject([expected]);
  expect(joined(aws(back, forth)).json).toMatchObject([expected]);
});

test('what was refused goes on as it is, and what has no other way alone', () => {
  const { json } = joined(aws(forth, rejected));
  expect(json).toMatchObject([
    { state: 'timed-out', verdict: { outcome: 'deny' }, destination: { port: 22 } },
    { source: { port: 39_000 }, sent: { packets: 8 } },
  ]);
  expect(json[1]).not.toHaveProperty('received');
});

test('what the interfaces of both ends tell is counted once', () => {
  const there = [forth.replace('egress', 'ingress'), back.replace('ingress', 'egress')];
  const { json, doubles } = joined(aws(forth, back, ...there));
  expect(doubles).toBe(2);
  expect(json).toMatchObject([{ sent: { packets: 8 }, received: { packets: 7 } }]);
});

test('names that the log gives stay with their addresses', () => {
  const entry = (src: string, dest: string, ports: readonly [number, number], reporter: string) => ({
    connection: { src_ip: src, src_port: ports[0], dest_ip: dest, dest_port: ports[1], protocol: 6 },
    reporter,
    bytes_sent: '100',
    packets_sent: '2',
    start_time: '2026-01-02T03:04:05.5Z',
    end_time: '2026-01-02T03:04:10Z',
    src_instance: { vm_name: `vm-${src}` },
    dest_instance: { vm_name: `vm-${dest}` },
  });
  const both = [
    entry('10.0.0.1', '10.0.0.2', [44_000, 443], 'SRC'),
    entry('10.0.0.2', '10.0.0.1', [443, 44_000], 'DEST'),
    entry('10.0.0.1', '10.0.0.2', [44_000, 443], 'DEST'),
  ];
  const { json, doubles } = joined(readAll(jsonLines(...both)).flows);
  expect(doubles).toBe(1);
  expect(json).toMatchObject([
    {
      state: 'established',
      source: { identity: { kind: 'host', name: 'vm-10.0.0.1' } },
      destination: { port: 443, identity: { name: 'vm-10.0.0.2' } },
    },
  ]);
});

test('no traffic is lost or made, whatever comes', () => {
  const flows: Flow[] = Array.from({ length: 2_000 }, (_, at) => ({
    id: String(at),
    protocol: 6,
    source: { address: ipv4(at % 7), port: at % 5 },
    destination: { address: ipv4((at * 3) % 11), port: at % 3 },
    state: 'attempted',
    seenBy: 'network',
    openedAt: 1e12 + at * 100,
    lastAt: 1e12 + at * 100 + 50,
    reachedDestination: false,
    preexisting: false,
    sent: { packets: 1, bytes: 40 + (at % 13) },
  }));
  const { out, doubles } = joined(flows);
  const bytes = (list: readonly Flow[]) =>
    list.reduce((sum, flow) => sum + (flow.sent?.bytes ?? 0) + (flow.received?.bytes ?? 0), 0);
  expect(doubles).toBe(0);
  expect(bytes(out)).toBe(bytes(flows));
});

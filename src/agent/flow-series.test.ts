import { Registry } from 'prom-client';
import { describe, expect, test } from 'vitest';
import type { Flow, Identity } from '../flow/flow.ts';
import { ipv4 } from '../net/address.ts';
import { flowSeries } from './flow-series.ts';

const unknown: Identity = { kind: 'unknown', name: '203.0.113.9' };
const flow = (more: Partial<Flow> & { readonly from?: Identity; readonly to?: Identity } = {}): Flow => {
  const { from = unknown, to = unknown, ...rest } = more;
  return {
    id: 'f',
    protocol: 6,
    source: { address: ipv4(0xcb007109), port: 40_000, identity: from },
    destination: { address: ipv4(0xc6336407), port: 443, identity: to },
    state: 'closed',
    seenBy: 'network',
    openedAt: 0,
    reachedDestination: true,
    preexisting: false,
    ...rest,
  };
};

/** Samples as `name{labels}` → value. */
async function samples(registry: Registry): Promise<Map<string, number>> {
  const text = await registry.metrics();
  return new Map(
    text
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]),
  );
}

describe('series of flows', () => {
  test('parts and ends count, with what was counted in each', async () => {
    const registry = new Registry();
    const { flow: take } = flowSeries(registry);
    const counted = {
      observation: { by: 'ipfix', exporter: '198.51.100.1', input: '3' },
      sent: { packets: 3, bytes: 300 },
      received: { packets: 2, bytes: 2000 },
      verdict: { outcome: 'deny', reasons: [] },
      from: { kind: 'workload', name: 'shop/web' },
      to: { kind: 'host', name: 'printer' },
    } as const;
    take(flow(counted), 'attempted');
    take(flow(counted), 'decided');
    take(flow(counted), 'part');
    take(flow({ ...counted, received: { packets: 1, bytes: 50 } }), 'closed');
    const found = await samples(registry);
    const where = 'observer="ipfix",exporter="198.51.100.1",interface="3",protocol="tcp",verdict="deny"';
    expect(found.get(`picket_flow_records_total{${where}}`)).toBe(2);
    expect(found.get(`picket_flow_packets_total{${where},direction="sent"}`)).toBe(6);
    expect(found.get(`picket_flow_bytes_total{${where},direction="received"}`)).toBe(2050);
    const who =
      'source_namespace="shop",source="web",destination_namespace="",destination="printer",verdict="deny"';
    expect(found.get(`picket_workload_flows_total{${who}}`)).toBe(2);
    expect(found.get(`picket_workload_bytes_total{${who}}`)).toBe(2650);
  });

  test('sockets tell of flows and count no bytes; strangers have no series of their own', async () => {
    const registry = new Registry();
    const { flow: take } = flowSeries(registry);
    for (let n = 0; n < 1000; n++)
      take(flow({ from: { kind: 'unknown', name: `203.0.113.${n % 256}` } }), 'closed');
    const found = await samples(registry);
    expect([...found.keys()].filter((key) => /bytes|packets/.test(key))).toEqual([]);
    expect(
      found.get(
        'picket_workload_flows_total{source_namespace="",source="external",destination_namespace="",destination="external",verdict="unknown"}',
      ),
    ).toBe(1000);
  });

  test('a flood of exporters, interfaces, protocols and workloads ends in `other`, and nothing is uncounted', async () => {
    const registry = new Registry();
    const { flow: take } = flowSeries(registry, { exporters: 4, interfaces: 8, pairs: 5 });
    for (let n = 0; n < 2000; n++) {
      take(
        flow({
          protocol: n % 256,
          observation: { by: 'ipfix', exporter: `198.51.100.${n % 100}`, input: String(n) },
          sent: { packets: 1, bytes: 1 },
          from: { kind: 'workload', name: `ns/w${n}` },
        }),
        'closed',
      );
    }
    const found = await samples(registry);
    const having = (name: string) => [...found].filter(([key]) => key.startsWith(`${name}{`));
    const sum = (name: string) => having(name).reduce((all, [, value]) => all + value, 0);
    for (const name of [
      'picket_flow_records_total',
      'picket_flow_bytes_total',
      'picket_workload_bytes_total',
    ])
      expect(sum(name)).toBe(2000);
    expect(having('picket_workload_flows_total')).toHaveLength(6);
    // Four exporters and `other`; eight interfaces, `other` and none; seven protocols and `other`.
    expect(having('picket_flow_records_total').length).toBeLessThanOrEqual(5 * 10 * 8);
    expect(found.get('picket_flow_series_refused_total{label="pair"}')).toBe(1995);
    expect(found.get('picket_flow_series_refused_total{label="exporter"}')).toBe(2000 - 4 * 20);
  });
});

import { spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { setTimeout as sleep } from 'node:timers/promises';
import { Registry } from 'prom-client';
import { afterEach, describe, expect, test } from 'vitest';
import { IpfixDecoder } from '../flow/export/ipfix.ts';
import { freePort, Nfcapd } from '../flow/export/nfcapd.fixture.ts';
import type { Flow } from '../flow/flow.ts';
import { parseAddress } from '../net/address.ts';
import { canMakeNamespaces, NamespacePair } from '../sensor/netns.fixture.ts';
import { flowExportHealth } from './flow-export-health.ts';
import { flowExportSeries } from './flow-export-series.ts';
import { FlowExports, type FlowExportsOptions } from './flow-exports.ts';

const hasNfcapd = spawnSync('sh', ['-c', 'command -v nfcapd']).status === 0;
const open: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).toReversed()) await close();
});

function exportsTo(options: FlowExportsOptions): FlowExports {
  const made = new FlowExports(options);
  open.push(() => made.close(0));
  return made;
}

/** A receiver of datagrams that reads what comes. */
async function receiver(): Promise<{
  readonly port: number;
  readonly ports: number[];
  readonly bytes: number[];
}> {
  const socket = createSocket('udp4');
  open.push(() => socket.close());
  const decoder = new IpfixDecoder();
  const [ports, bytes]: [number[], number[]] = [[], []];
  socket.on('message', (message) =>
    decoder.decode(new Uint8Array(message), '127.0.0.1', Date.now(), (record) => {
      ports.push(record.sourcePort);
      bytes.push(record.bytes);
    }),
  );
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  return { port: socket.address().port, ports, bytes };
}

const udp = (port: number, host = '127.0.0.1') => ({ transport: 'udp', host, port }) as const;

/** A flow that is known by the port of its source. */
const flow = (port: number, more: Partial<Flow> = {}): Flow => ({
  id: `f${port}`,
  protocol: 6,
  source: { address: parseAddress('198.51.100.1')!, port },
  destination: { address: parseAddress('198.51.100.2')!, port: 443 },
  state: 'closed',
  seenBy: 'network',
  openedAt: 1_780_000_000_000,
  closedAt: 1_780_000_001_000,
  reachedDestination: false,
  preexisting: false,
  observation: { by: 'conntrack' },
  sent: { packets: 1, bytes: port },
  ...more,
});
const from = (exporter: string, by = 'ipfix') => ({ observation: { by, exporter } });
const fromSockets = { observation: undefined, sent: undefined } as unknown as Partial<Flow>;

describe('what is sent', () => {
  test('what is over, and parts, once and with the last counts; nothing else', async () => {
    const to = await receiver();
    const out = exportsTo({ targets: [udp(to.port)] });
    const { closedAt: _, ...goingOn } = flow(1);
    out.flow({ ...goingOn, state: 'attempted' }, 'attempted');
    out.flow({ ...goingOn, state: 'established' }, 'decided');
    out.flow({ ...goingOn, part: 1, endReason: 'active' }, 'part');
    out.flow(flow(1, { part: 2 }), 'closed');
    out.flow(flow(2, { state: 'refused' }), 'decided');
    out.flow(flow(3, { ...fromSockets, awaitsCounts: true }), 'closed');
    out.flow(flow(3), 'counted');
    out.flow(flow(4, fromSockets), 'closed');
    await out.close();
    await sleep(50);
    expect(to.ports.toSorted()).toEqual([1, 1, 2, 3, 4]);
    expect(to.bytes.toSorted()).toEqual([0, 1, 1, 2, 3]);
    expect(out.status()).toMatchObject([{ sent: 5, waiting: 0, failed: 0, isConnected: false }]);
  });

  test('a connection of which the network may yet tell waits for that, and not for long', async () => {
    const to = await receiver();
    const out = exportsTo({ targets: [udp(to.port)] });
    const awaited = new Set(['f4']);
    out.awaitsCounts = (id) => awaited.has(id);
    out.tick(1_000);
    out.flow(flow(1, fromSockets), 'closed');
    out.flow(flow(2, fromSockets), 'closed');
    out.flow(flow(4, fromSockets), 'closed');
    expect(out.status()).toMatchObject([{ waiting: 3 }]);
    out.flow(flow(1), 'counted');
    out.tick(8_000);
    expect(out.status()).toMatchObject([{ waiting: 2 }]);
    out.flow(flow(3, fromSockets), 'closed');
    out.flow(flow(4), 'counted');
    await out.close();
    await sleep(50);
    expect(to.ports.toSorted()).toEqual([1, 2, 3, 4]);
    expect(to.bytes.toSorted()).toEqual([0, 0, 1, 4]);
  });

  test.skipIf(!hasNfcapd)('several collectors get all of it, of both families', async () => {
    const collectors = [await Nfcapd.start(4), await Nfcapd.start(6)];
    const [four, six] = collectors as [Nfcapd, Nfcapd];
    const out = exportsTo({ targets: [udp(four.port), udp(six.port, '::1')] });
    for (let port = 1; port <= 100; port++) out.flow(flow(port), 'closed');
    await out.close();
    await sleep(300);
    for (const collector of collectors) {
      const got = await collector.stop();
      expect(got.map(({ src_port: port }) => port).toSorted((a = 0, b = 0) => a - b)).toEqual(
        Array.from({ length: 100 }, (_, at) => at + 1),
      );
    }
  });
});

describe('in circles nothing goes', () => {
  test.skipIf(!canMakeNamespaces)('a collector on another machine is not told what it told itself', () => {
    const pair = new NamespacePair();
    try {
      const script = `
        const { FlowExports } = await import(${JSON.stringify(new URL('./flow-exports.ts', import.meta.url).href)});
        const { parseAddress } = await import(${JSON.stringify(new URL('../net/address.ts', import.meta.url).href)});
        const out = new FlowExports({ targets: [{ transport: 'udp', host: '198.51.100.2', port: 4739 }] });
        await new Promise((resolve) => setTimeout(resolve, 100));
        const end = (text) => ({ address: parseAddress(text), port: 1 });
        for (const exporter of ['198.51.100.2', '198.51.100.3', '198.51.100.2'])
          out.flow({ id: exporter, protocol: 6, source: end('203.0.113.1'), destination: end('203.0.113.2'), state: 'closed',
            openedAt: 0, closedAt: 0, observation: { by: 'ipfix', exporter } }, 'closed');
        await out.close();
        console.log(JSON.stringify(out.status()[0]));`;
      const said = pair.run(pair.left, process.execPath, '--input-type=module', '-e', script);
      expect(JSON.parse(said)).toMatchObject({ sent: 1, dropped: { returned: 2 } });
    } finally {
      pair.remove();
    }
  });

  test('others on the machine of this agent are told apart by their ports', async () => {
    const to = await receiver();
    const out = exportsTo({ targets: [udp(to.port)], listening: [{ address: '127.0.0.1', port: 1 }] });
    await sleep(20);
    out.flow(flow(1, from('127.0.0.1')), 'closed');
    out.flow(flow(2, from('198.51.100.9')), 'closed');
    out.flow(flow(3, from('127.0.0.1', 'zeek')), 'closed');
    await out.close();
    await sleep(50);
    expect(to.ports).toEqual([1, 2, 3]);
  });

  test('flows that came by its own socket are not sent there, should a name lead to it', async () => {
    const to = await receiver();
    const listening = [{ address: '0.0.0.0', port: to.port }];
    const out = exportsTo({ targets: [udp(to.port, 'localhost')], listening });
    await sleep(50);
    for (const by of ['netflow-v5', 'netflow-v9', 'ipfix', 'sflow'])
      out.flow(flow(1, from('203.0.113.9', by)), 'closed');
    out.flow(flow(2), 'closed');
    await out.close();
    await sleep(50);
    expect(to.ports).toEqual([2]);
    expect(out.status()).toMatchObject([{ sent: 1, dropped: { returned: 4 } }]);
  });
});

describe('what is shown', () => {
  test('a collector that is not there: counted, in metrics and health', async () => {
    const port = await freePort(4);
    const out = exportsTo({ targets: [{ ...udp(port), transport: 'tcp' }], queue: 3 });
    for (let sent = 1; sent <= 5; sent++) out.flow(flow(sent), 'closed');
    while (out.status()[0]?.problem === undefined) await sleep(5);
    out.tick(60_000);
    const [status] = out.status();
    expect(status).toMatchObject({
      target: `tcp://127.0.0.1:${port}`,
      isConnected: false,
      sent: 0,
      waiting: 3,
      dropped: { queue: 2, unwritable: 0, returned: 0 },
      failed: 0,
      lostAt: 60_000,
    });
    const health = flowExportHealth([status!], 60_000);
    expect(health).toMatchObject({ id: 'flow-exports', state: 'warning' });
    expect(health.text).toMatch(/takes no flows \(.*ECONNREFUSED.*\), 2 flows lost/);
    const registry = new Registry();
    flowExportSeries(registry)([status!]);
    const text = await registry.metrics();
    const collector = `collector="tcp://127.0.0.1:${port}"`;
    expect(text).toContain(`picket_flow_export_sent_total{${collector}} 0`);
    expect(text).toContain(`picket_flow_export_up{${collector}} 0`);
    expect(text).toContain(`picket_flow_export_waiting{${collector}} 3`);
    expect(text).toContain(`picket_flow_export_dropped_total{${collector},reason="queue"} 2`);
    await out.close(0);
    expect(out.status()).toMatchObject([{ waiting: 0, dropped: { queue: 5 } }]);
  });

  test('health: what was lost long ago is told and no warning, what was refused just now is one', () => {
    const well = {
      target: 'udp://198.51.100.7:4739',
      isConnected: true,
      sent: 10,
      waiting: 0,
      dropped: { queue: 0, unwritable: 0, returned: 0 },
      failed: 0,
    };
    expect(flowExportHealth([well], 0)).toEqual({
      id: 'flow-exports',
      state: 'ok',
      text: 'flows are sent to udp://198.51.100.7:4739',
    });
    const lost = { ...well, failed: 1, lostAt: 0 };
    expect(flowExportHealth([well, lost], 60_000)).toMatchObject({ state: 'warning' });
    expect(flowExportHealth([well, lost], 700_000)).toMatchObject({
      state: 'ok',
      text: expect.stringContaining('1 flow lost earlier'),
    });
    const refused = { ...well, problem: 'ECONNREFUSED', problemAt: 0 };
    expect(flowExportHealth([refused], 30_000)).toMatchObject({ state: 'warning' });
    expect(flowExportHealth([refused], 90_000)).toMatchObject({ state: 'ok' });
  });
});

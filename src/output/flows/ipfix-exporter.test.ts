import { spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { afterEach, expect, test } from 'vitest';
import { anyFlow } from '../../flow/export/flows.fixture.ts';
import { IpfixDecoder } from '../../flow/export/ipfix.ts';
import { Nfcapd } from '../../flow/export/nfcapd.fixture.ts';
import { IpfixExporter, type IpfixExporterOptions } from './ipfix-exporter.ts';

const flows = fc.sample(anyFlow, { numRuns: 300, seed: 3 });
const hasNfcapd = spawnSync('sh', ['-c', 'command -v nfcapd']).status === 0;

const open: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).toReversed()) await close();
});

function exporter(options: Partial<IpfixExporterOptions>): IpfixExporter {
  const made = new IpfixExporter({ host: '127.0.0.1', lingerMs: 20, ...options });
  open.push(() => made.close(0));
  return made;
}

async function until(holds: () => boolean): Promise<void> {
  for (let tries = 0; tries < 500 && !holds(); tries++) await sleep(10);
  expect(holds()).toBe(true);
}

function addsUp({ counters }: IpfixExporter): void {
  const { flows: taken, writer, lostInQueue, queued } = counters;
  expect(writer.flows + writer.refused + lostInQueue + queued).toBe(taken);
}

/** A receiver over TCP that decodes what comes; each connection is a session of its own. */
class Receiver {
  readonly server: Server;
  readonly sockets: Socket[] = [];
  records = 0;
  lost = 0;
  templates = 0;
  isReading = true;

  private constructor() {
    this.server = createServer((socket) => {
      this.sockets.push(socket);
      const decoder = new IpfixDecoder();
      let bytes = Buffer.alloc(0);
      socket.on('error', () => undefined);
      if (!this.isReading) socket.pause();
      socket.on('data', (more) => {
        bytes = Buffer.concat([bytes, more]);
        while (bytes.length >= 16 && bytes.length >= bytes.readUInt16BE(2)) {
          const length = bytes.readUInt16BE(2);
          decoder.decode(
            new Uint8Array(bytes.subarray(0, length)),
            '192.0.2.1',
            Date.now(),
            () => this.records++,
          );
          bytes = bytes.subarray(length);
        }
        for (const { counters } of decoder.exporters()) {
          this.lost = counters.lost + counters.unknownTemplates;
          this.templates = counters.templates;
        }
      });
    });
    open.push(() => {
      for (const socket of this.sockets) socket.destroy();
      this.server.close();
    });
  }

  static async listen(): Promise<Receiver> {
    const receiver = new Receiver();
    await new Promise<void>((resolve) => receiver.server.listen(0, '127.0.0.1', resolve));
    return receiver;
  }

  get port(): number {
    return (this.server.address() as { port: number }).port;
  }
}

test.skipIf(!hasNfcapd)('over UDP nfcapd gets every flow', async () => {
  const nfcapd = await Nfcapd.start();
  const out = exporter({ port: nfcapd.port });
  for (const [at, flow] of flows.entries()) {
    out.add(flow);
    if (at % 20 === 0) await sleep(1);
  }
  await out.close();
  await sleep(300);
  expect(await nfcapd.stop()).toHaveLength(flows.length);
  expect(nfcapd.log).toContain('Sequence Errors: 0, Bad Packets: 0');
  expect(out.counters).toMatchObject({
    sentRecords: flows.length,
    lostRecords: 0,
    queued: 0,
    lostInQueue: 0,
  });
  addsUp(out);
});

test('over UDP what is not full goes out after a moment, and a receiver that is not there is told of', async () => {
  const socket = createSocket('udp4');
  open.push(() => socket.close());
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  const got: Buffer[] = [];
  socket.on('message', (bytes) => got.push(bytes));
  const out = exporter({ port: socket.address().port });
  out.add(flows[0]!);
  await until(() => got.length === 1);
  const closed = exporter({ port: 1 });
  for (let tries = 0; tries < 200 && closed.counters.problem === undefined; tries++) {
    closed.add(flows[0]!);
    await sleep(10);
  }
  expect(closed.counters.problem).toContain('ECONNREFUSED');
  addsUp(closed);
});

test('over UDP a receiver whose name is not found is looked for again, and what waits meanwhile is kept', async () => {
  const out = exporter({ host: 'no-such-host.invalid', port: 4739, queue: 10 });
  for (const flow of flows) out.add(flow);
  await until(() => out.counters.problem !== undefined);
  expect(out.counters).toMatchObject({ isConnected: false, queued: 10 });
  expect(out.counters.problem).toMatch(/no-such-host\.invalid/);
  expect(out.remote).toBe(undefined);
  addsUp(out);
  await out.close(0);
});

test('over TCP a connection begins with its templates, and a new one begins anew', async () => {
  const receiver = await Receiver.listen();
  const out = exporter({ port: receiver.port, transport: 'tcp' });
  for (const flow of flows) out.add(flow);
  await until(() => receiver.records === flows.length);
  expect(receiver.lost).toBe(0);
  receiver.sockets[0]!.destroy();
  await until(() => !out.counters.isConnected);
  for (const flow of flows) out.add(flow);
  await until(() => receiver.records === 2 * flows.length);
  expect(receiver.sockets).toHaveLength(2);
  expect(receiver.lost).toBe(0);
  expect(receiver.templates).toBeGreaterThan(10);
  await out.close();
  expect(out.counters).toMatchObject({ sentRecords: 2 * flows.length, lostRecords: 0, queued: 0 });
  addsUp(out);
});

test('while nobody takes them flows wait in a queue with an end, and what is lost is counted', async () => {
  const out = exporter({ port: 1, transport: 'tcp', queue: 100 });
  for (const flow of flows) out.add(flow);
  await until(() => out.counters.problem !== undefined);
  expect(out.counters).toMatchObject({ queued: 100, lostInQueue: flows.length - 100, isConnected: false });
  addsUp(out);
  await out.close(0);
  expect(out.counters).toMatchObject({ queued: 0, lostInQueue: flows.length });
  addsUp(out);
});

test('a slow receiver over TCP fills the queue, not the memory', async () => {
  const receiver = await Receiver.listen();
  receiver.isReading = false;
  const out = exporter({ port: receiver.port, transport: 'tcp', queue: 500 });
  await until(() => out.counters.isConnected);
  for (let round = 0; round < 2000 && out.counters.lostInQueue === 0; round++) {
    for (const flow of flows) out.add(flow);
    if (round % 10 === 0) await sleep(1);
  }
  expect(out.counters.lostInQueue).toBeGreaterThan(0);
  expect(out.counters.queued).toBeLessThanOrEqual(500);
  receiver.isReading = true;
  receiver.sockets[0]!.resume();
  const { writer } = out.counters;
  await until(() => out.counters.queued === 0 && receiver.records >= writer.records);
  await until(() => receiver.records === out.counters.writer.records);
  expect(receiver.lost).toBe(0);
  addsUp(out);
});

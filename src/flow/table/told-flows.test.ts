import { expect, test } from 'vitest';
import type { DnsMessage } from '../dns-message.ts';
import type { Flow } from '../flow.ts';
import { type PacketFields, packetOf } from './packet.fixture.ts';
import { PacketFlows, type PacketFlowsOptions } from './packet-flows.ts';
import { mostTold, type ToldBatch, ToldFlows, tellBatch, transferOf } from './told-flows.ts';

/** What a table tells of packets, at once, and by way of batches that were handed over as to another thread. */
function both(packets: readonly PacketFields[], options: PacketFlowsOptions = {}) {
  const [here, there]: [(Flow | DnsMessage)[], (Flow | DnsMessage)[]] = [[], []];
  const batches: ToldBatch[] = [];
  const told = new ToldFlows();
  const send = () => {
    const batch = told.take();
    batches.push(structuredClone(batch, { transfer: transferOf(batch) }));
  };
  const table = new PacketFlows(options, {
    ended(flows, slot, reason) {
      here.push(flows.flow(slot));
      told.add(flows, slot, reason);
      if (told.isFull) send();
    },
    dns(message) {
      here.push(message);
      told.addDns(message);
      if (told.isFull) send();
    },
  });
  for (const fields of packets) table.add(packetOf(fields), fields.payload);
  table.end();
  if (!told.isEmpty) send();
  const push = (one: Flow | DnsMessage) => there.push(one);
  for (const batch of batches) tellBatch(batch, options, push, push);
  return { here, there, batches };
}

const text = (letters: string) => [...letters].map((letter) => letter.charCodeAt(0));
const question = Uint8Array.from([
  ...[0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0],
  ...[1, ...text('a'), 7, ...text('example'), 0, 0, 1, 0, 1],
]);
const [client, server, resolver] = ['192.0.2.1:40000', '203.0.113.2:80', '192.0.2.53:53'];

test('what a table tells is the same by way of batches: every kind of flow, parts, and messages of DNS in between', () => {
  const get = Uint8Array.from(text('GET / HTTP/1.1\r\nHost: www.example\r\n\r\n'));
  const packets: PacketFields[] = [
    { from: client, to: server, tcp: 'S', sequence: 0xffff_fff0, vlans: [7, 8, 9] },
    { from: client, to: server, tcp: 'PA', payload: get, at: 10, vlans: [7, 8, 9] },
    { from: client, to: resolver, payload: question, at: 20 },
    { from: '[2001:db8::1]:5', to: '[2001:db8::2]:6', tunnel: ['vxlan', 0xffff_ff, client, server], at: 30 },
    {
      from: '192.0.2.1',
      to: '192.0.2.2',
      tunnel: ['gre', -1, '[2001:db8::8]', '[2001:db8::9]'],
      icmp: [8, 0, 77],
      at: 40,
    },
    { from: '192.0.2.1', to: '192.0.2.3', icmp: [3, 1], at: 50 },
    { from: '192.0.2.1:9', to: '192.0.2.4:9', at: 60 },
    { from: '192.0.2.1:9', to: '192.0.2.4:9', at: 70_000 },
    { from: client, to: resolver, payload: question, at: 80_000 },
  ];
  const { here, there } = both(packets, {
    maxFlows: 8,
    activeMs: 1000,
    flowId: (number) => `file:${number}`,
    observation: { by: 'capture' },
    interfaceName: (number) => `port ${number}`,
  });
  expect(there).toEqual(here);
  const told = JSON.stringify(there);
  for (const part of [
    '"vlans":[7,8,9]',
    '"http":"www.example"',
    '"kind":"vxlan","id":16777215',
    '"kind":"gre"',
    '"input":"port 0"',
  ])
    expect(told).toContain(part);
  for (const reason of ['idle', 'active', 'forced']) expect(told).toContain(`"endReason":"${reason}"`);
  expect(there.filter((one) => 'client' in one)).toHaveLength(2);
});

test('batches are bounded, and none is the memory of another', () => {
  const flows = 2 * mostTold + 10;
  const packets = Array.from(
    { length: flows },
    (_, number): PacketFields => ({ from: client, to: `203.0.113.2:${1 + number}` }),
  );
  const { here, there, batches } = both(
    [...packets, ...packets.map((one) => ({ ...one, to: resolver, payload: question }))],
    { maxFlows: 64 },
  );
  expect(there).toEqual(here);
  expect(there).toHaveLength(2 * flows + 1);
  expect(Math.max(...batches.map(({ count }) => count))).toBeLessThanOrEqual(mostTold);
  expect(Math.max(...batches.map(({ dns }) => dns.length))).toBe(mostTold);
  expect(JSON.stringify(there)).toContain('"endReason":"no-room"');
});

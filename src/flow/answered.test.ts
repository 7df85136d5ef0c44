import { describe, expect, test } from 'vitest';
import { isAnswered } from './answered.ts';
import { flowOf } from './export/flow-of.ts';
import { IpfixDecoder } from './export/ipfix.ts';
import { IpfixWriter } from './export/ipfix-writer.ts';
import type { Flow, FlowState } from './flow.ts';
import { jsonLines, readAll } from './logs/read.fixture.ts';
import { written } from './logs/write.fixture.ts';
import { zeekWriter } from './logs/write-zeek.ts';
import { type PacketFields, packetOf } from './table/packet.fixture.ts';
import { PacketFlows } from './table/packet-flows.ts';

const [client, server] = ['192.0.2.1:40000', '198.51.100.7:443'];
const [host, peer] = ['192.0.2.1', '198.51.100.7'];
const there = (tcp: string): PacketFields => ({ from: client, to: server, tcp });
const back = (tcp: string): PacketFields => ({ from: server, to: client, tcp });

/** What passed between the ends, and whether the destination itself was heard. */
const conversations: readonly (readonly [
  name: string,
  packets: readonly PacketFields[],
  reached: boolean,
])[] = [
  ['a SYN', [there('S')], false],
  ['a SYN and a RST for it', [there('S'), back('RA')], false],
  ['a SYN, again and again, and as many RSTs', [there('S'), back('RA'), there('S'), back('RA')], false],
  ['half open, taken back', [there('S'), back('SA'), there('R')], true],
  [
    'a connection',
    [there('S'), back('SA'), there('A'), there('PA'), back('PA'), there('FA'), back('FA')],
    true,
  ],
  ['a connection that the destination resets', [there('S'), back('SA'), there('A'), back('R')], true],
  ['data of an old connection, and a RST', [there('PA'), back('R')], false],
  ['a question', [{ from: client, to: server }], false],
  [
    'a question and its answer',
    [
      { from: client, to: server },
      { from: server, to: client },
    ],
    true,
  ],
  ['a ping', [{ from: host, to: peer, icmp: [8, 0, 7] }], false],
  [
    'a ping and its answer',
    [
      { from: host, to: peer, icmp: [8, 0, 7] },
      { from: peer, to: host, icmp: [0, 0, 7] },
    ],
    true,
  ],
];

function captured(packets: readonly PacketFields[]): Flow {
  const told: Flow[] = [];
  const flows = new PacketFlows(
    { maxFlows: 8 },
    {
      opened: () => undefined,
      updated: () => undefined,
      ended: (table, slot) => told.push(table.flow(slot)),
    },
  );
  for (const [at, packet] of packets.entries())
    flows.add(packetOf({ ...packet, at: 1_700_000_000_000 + at }), packet.payload);
  flows.end();
  expect(told).toHaveLength(1);
  return told[0]!;
}

function exported(flow: Flow): Flow {
  const flows: Flow[] = [];
  const decoder = new IpfixDecoder();
  const writer = new IpfixWriter({ domain: 1, biflow: true }, (message) =>
    decoder.decode(message, '192.0.2.9', 0, (record) => flows.push(flowOf(record, 'x'))),
  );
  writer.add(flow, 0);
  writer.flush(0);
  expect(flows).toHaveLength(1);
  return flows[0]!;
}

describe('whether the destination was reached', () => {
  test.each(conversations)(
    '%s: a capture, an exporter and a log that counted the same agree',
    (_, packets, reached) => {
      const flow = captured(packets);
      expect(flow.reachedDestination).toBe(reached);
      expect(exported(flow).reachedDestination).toBe(reached);
      expect(readAll(written(zeekWriter, [flow])).flows.map((one) => one.reachedDestination)).toEqual([
        reached,
      ]);
    },
  );

  test.each([
    ['S1', true],
    ['SF', true],
    ['RSTR', true],
    ['RSTRH', true],
    ['REJ', false],
    ['S0', false],
    ['SH', false],
    ['RSTOS0', false],
    ['OTH', false],
  ])('%s of Zeek without counts: %s', (state, reached) => {
    const ends = { 'id.orig_h': host, 'id.orig_p': 40_000, 'id.resp_h': peer, 'id.resp_p': 22 };
    const log = jsonLines({ ts: 1_700_000_000, uid: 'C1', ...ends, proto: 'tcp', conn_state: state });
    expect(readAll(log).flows.map((one) => one.reachedDestination)).toEqual([reached]);
  });

  test.each([
    ['established', undefined, false],
    ['established', { packets: 0, bytes: 0 }, false],
    ['established', { packets: 0, bytes: 90 }, true],
    ['established', { packets: 1, bytes: 40 }, true],
    ['closed', { packets: 1, bytes: 40, tcpFlags: 4 }, false],
    ['closed', { packets: 2, bytes: 80, tcpFlags: 4 }, true],
    ['refused', { packets: 2, bytes: 80 }, false],
    ['unreachable', { packets: 1, bytes: 80 }, false],
  ] as const)('%s with %j back: %s', (state, received, reached) => {
    expect(isAnswered(state satisfies FlowState, received)).toBe(reached);
  });
});

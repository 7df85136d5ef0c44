import { expect, test } from 'vitest';
import { ipv4 } from '../../net/address.ts';
import { communityId } from '../community-id.ts';
import { flowOf } from './flow-of.ts';
import { ExportEvent, ExportRecord, Told } from './record.ts';

const [fin, syn, rst, psh, ack] = [1, 2, 4, 8, 16];

function record(fill: Partial<ExportRecord> = {}, told = Told.TcpFlags | Told.Packets): ExportRecord {
  const one = new ExportRecord();
  one.family = 4;
  one.protocol = 6;
  one.rawPackets = 3;
  one.present = Told.Addresses | told;
  return Object.assign(one, fill);
}

test.each([
  ['a SYN alone', { tcpFlags: syn }, 'attempted'],
  ['a SYN that was taken back', { tcpFlags: syn | rst }, 'aborted'],
  ['an answer', { tcpFlags: syn | ack }, 'established'],
  ['data', { tcpFlags: psh | ack }, 'established'],
  ['the end', { tcpFlags: syn | ack | psh | fin }, 'closed'],
  ['a reset after data', { tcpFlags: ack | psh | rst }, 'closed'],
  ['one reset', { tcpFlags: ack | rst, rawPackets: 1 }, 'refused'],
  ['both ways', { tcpFlags: syn | ack, reverseTcpFlags: syn | ack, rawReversePackets: 1 }, 'established'],
  ['refused, both ways', { tcpFlags: syn, reverseTcpFlags: ack | rst, rawReversePackets: 1 }, 'refused'],
  ['ended, both ways', { tcpFlags: syn | ack, reverseTcpFlags: ack | fin, rawReversePackets: 1 }, 'closed'],
  ['UDP one way', { protocol: 17 }, 'attempted'],
  ['UDP both ways', { protocol: 17, rawReverseBytes: 90 }, 'established'],
  ['a session that NAT made', { protocol: 17, event: ExportEvent.Created }, 'established'],
  ['one that it took away', { protocol: 17, event: ExportEvent.Deleted }, 'closed'],
  ['one that a firewall denied', { event: ExportEvent.Denied, tcpFlags: syn }, 'attempted'],
] as const)('state of %s', (_, fill, state) => {
  expect(flowOf(record(fill), '1').state).toBe(state);
});

test('what nobody counted is absent, what was counted is rounded', () => {
  const none = flowOf(record({}, 0), '1');
  expect(none).not.toHaveProperty('sent');
  expect(none).not.toHaveProperty('received');
  const one = record({}, Told.Packets | Told.Bytes | Told.Sampling);
  one.count(3, 100, 0, 0, 1.5);
  expect(flowOf(one, '1')).toMatchObject({
    sent: { packets: 5, bytes: 150 },
    observation: { samplingRate: 1.5 },
  });
});

test('the Community ID is there where protocol and ports were told, the same both ways', () => {
  const told = Told.Protocol | Told.Ports;
  const ends = {
    source: Uint32Array.of(0, 0, 0, 0xc6336401),
    destination: Uint32Array.of(0, 0, 0, 0xc6336402),
  };
  const there = { ...ends, sourcePort: 40_000, destinationPort: 443 };
  const back = {
    source: ends.destination,
    destination: ends.source,
    sourcePort: 443,
    destinationPort: 40_000,
  };
  const id = (fill: Partial<ExportRecord>, present: number) => flowOf(record(fill, present), '1').communityId;
  expect(id(there, told)).toBe(
    communityId(6, { address: ipv4(0xc6336401), port: 40_000 }, { address: ipv4(0xc6336402), port: 443 }),
  );
  expect(id(back, told)).toBe(id(there, told));
  expect(id(there, Told.Protocol)).toBeUndefined();
  expect(id(there, Told.Ports)).toBeUndefined();
  // A later fragment.
  expect(id({ ...ends, protocol: 17 }, told)).toBeUndefined();
  expect(id({ ...ends, protocol: 47 }, Told.Protocol)).toMatch(/^1:/);
  expect(id({ ...ends, protocol: 1, icmpType: 8, icmpCode: 0 }, told)).toBe(
    id({ source: ends.destination, destination: ends.source, protocol: 1, icmpType: 0, icmpCode: 0 }, told),
  );
  expect(id({ ...ends, protocol: 1 }, told)).toBeUndefined();
});

test('counters end at 2^53', () => {
  const one = record();
  one.count(2 ** 52, 2 ** 53, 2 ** 40, 1, 1000);
  expect([one.packets, one.bytes, one.reversePackets, one.reverseBytes]).toEqual([
    2 ** 53,
    2 ** 53,
    2 ** 40 * 1000,
    1000,
  ]);
});

test('interfaces by name or number, VLANs, label, end reason', () => {
  const one = record(
    { input: 3, inputName: 'eth3', output: 0, vlanCount: 2, mplsLabel: 17, endReason: 2 },
    Told.Input | Told.Output,
  );
  one.vlans.set([10, 20]);
  expect(flowOf(one, '1')).toMatchObject({
    observation: { by: 'ipfix', input: 'eth3', output: '0' },
    vlans: [10, 20],
    tunnel: { kind: 'mpls', id: 17 },
    endReason: 'active',
  });
});

import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { Packet } from '../packet/packet.ts';
import { FlowClass } from './flow-rows.ts';
import { PacketFlows } from './packet-flows.ts';

const packet = new Packet();
packet.family = 4;
packet.protocol = 6;
packet.ipLength = 40;

function segment(client: number, isBack: boolean, flags: number, ms: number): Packet {
  packet.seconds = Math.floor(ms / 1000);
  packet.nanoseconds = Math.floor(ms % 1000) * 1_000_000;
  packet.source[3] = isBack ? 0xcb007101 : client;
  packet.destination[3] = isBack ? client : 0xcb007101;
  packet.sourcePort = isBack ? 443 : 40_000;
  packet.destinationPort = isBack ? 40_000 : 443;
  packet.tcpFlags = flags;
  packet.tcpSequence = client;
  return packet;
}

/** Resident memory of this process in bytes. */
const resident = () => Number(readFileSync('/proc/self/statm', 'utf8').split(' ')[1]) * 4096;

test('a flood of 200,000 SYN, half of them answered, costs bounded memory and no conversation', () => {
  const [maxFlows, kept, flood] = [16_384, 1000, 200_000];
  const lost = { conversations: 0, attempts: 0 };
  const flows = new PacketFlows(
    { maxFlows, hashSeed: 7 },
    {
      ended: (table, slot, reason) => {
        if (reason === 'no-room')
          lost[table.flow(slot).state === 'established' ? 'conversations' : 'attempts']++;
      },
    },
  );
  const reserved = flows.stats().bytes;
  for (let i = 0; i < kept; i++) {
    const client = 0xc6120000 + i;
    flows.add(segment(client, false, 2, 1000));
    flows.add(segment(client, true, 18, 1001));
    flows.add(segment(client, false, 16, 1002));
    flows.add(segment(client, true, 24, 1003));
  }
  for (let i = 0; i < flood; i++) {
    const ms = 2000 + i / 50;
    flows.add(segment(0x0b000000 + i, false, 2, ms));
    if (i % 2 === 0) flows.add(segment(0x0b000000 + i, true, 18, ms));
  }
  const { active, evicted, opened, ended, bytes } = flows.stats();
  expect(lost.conversations).toBe(0);
  expect(active).toBe(maxFlows);
  expect(opened).toBe(kept + flood);
  expect(ended['no-room']).toBe(lost.attempts);
  expect(ended['no-room'] + ended.idle + active).toBe(opened);
  expect(evicted.slice(FlowClass.Conversation)).toEqual([0]);
  // Only the index grows.
  expect(bytes).toBeLessThan(reserved + 16_384 * 32);
  for (let i = 0; i < kept; i++) flows.add(segment(0xc6120000 + i, false, 16, 13_000));
  expect(flows.stats().opened).toBe(opened);
});

test('a table for a million flows takes memory as far as there are flows, 400 MB at most', () => {
  const before = resident();
  const flows = new PacketFlows({ names: false }, { ended: () => {} });
  for (let i = 0; i < 10_000; i++) flows.add(segment(0x0b000000 + i, false, 2, 1000));
  expect(resident() - before).toBeLessThan(32 * 2 ** 20);
  for (let i = 10_000; i < 1_048_576; i++) flows.add(segment(0x0b000000 + i, false, 2, 1000));
  expect(flows.stats()).toMatchObject({ active: 1_048_576 });
  expect(flows.stats().ended['no-room']).toBe(0);
  expect(flows.stats().bytes).toBeLessThan(200 * 2 ** 20);
  expect(resident() - before).toBeLessThan(400 * 2 ** 20);
});

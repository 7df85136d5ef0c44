/**
 * The table of flows of packets: node bench/flow-flood.ts [--quick]. What a packet of a known flow costs in tables of three sizes; a
 * million flows at once; a flood of five million SYN in a minute of packet time, with established conversations beside it.
 */
import { readFileSync } from 'node:fs';
import { Packet } from '../src/flow/packet/packet.ts';
import { FlowClass } from '../src/flow/table/flow-rows.ts';
import { PacketFlows } from '../src/flow/table/packet-flows.ts';
import { randomFrom } from '../src/segmentation/generate.oracle.ts';
import { duration, median, quick } from './measure.ts';

const sink = { ended: () => {} };
const packet = new Packet();
packet.family = 4;
packet.protocol = 6;
packet.ipLength = 1500;
packet.wireLength = 1514;

/** Fills in a segment of conversation `number`, from its client or back. */
function segment(number: number, isBack: boolean, flags: number, ms: number): void {
  packet.seconds = Math.floor(ms / 1000);
  packet.nanoseconds = Math.floor(ms % 1000) * 1_000_000;
  const client = 0xc6120000 + (number >>> 14);
  const port = 1024 + (number & 0x3fff);
  packet.source[3] = isBack ? 0xcb007101 : client;
  packet.destination[3] = isBack ? client : 0xcb007101;
  packet.sourcePort = isBack ? 443 : port;
  packet.destinationPort = isBack ? port : 443;
  packet.tcpFlags = flags;
  packet.tcpSequence = number;
}

function establish(flows: PacketFlows, from: number, count: number, ms: number): void {
  for (let number = from; number < from + count; number++) {
    segment(number, false, 2, ms);
    flows.add(packet);
    segment(number, true, 18, ms);
    flows.add(packet);
    segment(number, false, 16, ms);
    flows.add(packet);
    segment(number, true, 24, ms);
    flows.add(packet);
  }
}

/** Resident bytes of this process (/proc/self/statm, in pages), in MB. */
function residentMb(): number {
  return (Number(readFileSync('/proc/self/statm', 'utf8').split(' ')[1]) * 4096) / 1e6;
}

/** Processor time of this process: others on the machine do not count. */
function milliseconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

const before = residentMb();
{
  const count = quick ? 100_000 : 1_000_000;
  const flows = new PacketFlows({ hashSeed: 1 }, sink);
  const start = milliseconds();
  establish(flows, 0, count, 1000);
  const took = milliseconds() - start;
  const { active, bytes } = flows.stats();
  console.log(
    `${active} flows at once: ${(bytes / 1e6).toFixed(0)} MB reserved, process ${residentMb().toFixed(0)} MB ` +
      `(${before.toFixed(0)} MB at its start); ${((took * 1e6) / count).toFixed(0)} ns for a flow of four packets`,
  );
}

const packets = quick ? 500_000 : 4_000_000;
console.log(
  'a packet of a known flow, established TCP, flows in random order (processor time, median of 5 rounds)',
);
for (const count of quick ? [1000, 100_000] : [1000, 100_000, 1_000_000]) {
  const flows = new PacketFlows({ hashSeed: 1, activeMs: 0 }, sink);
  establish(flows, 0, count, 1000);
  const random = randomFrom(1);
  const order = Uint32Array.from({ length: packets }, () => Math.floor(random() * count));
  const fill = () => {
    for (let i = 0; i < packets; i++) segment(order[i]!, (i & 1) === 1, 16, 1000 + i / 1000);
    return packet.sourcePort;
  };
  const run = () => {
    for (let i = 0; i < packets; i++) {
      segment(order[i]!, (i & 1) === 1, 16, 1000 + i / 1000);
      flows.add(packet);
    }
  };
  const times: number[] = [];
  for (let round = 0; round < 6; round++) {
    const start = milliseconds();
    fill();
    const filled = milliseconds();
    run();
    if (round > 0) times.push(((milliseconds() - filled - (filled - start)) * 1e6) / packets);
  }
  const { active } = flows.stats();
  console.log(
    `  ${String(active).padStart(9)} flows: ${duration(median(times))} beside filling in the packet`,
  );
}

{
  const kept = 10_000;
  const flood = quick ? 500_000 : 5_000_000;
  let lost = 0;
  const flows = new PacketFlows(
    { hashSeed: 1, maxFlows: quick ? 65_536 : 1_048_576, names: false },
    {
      ended: (table, slot, reason) => {
        if (reason === 'no-room' && table.firstTcpFlags(slot, false) !== 0) lost++;
      },
    },
  );
  establish(flows, 0, kept, 1000);
  const start = milliseconds();
  for (let i = 0; i < flood; i++) {
    segment(kept + i, false, 2, 1000 + (i / flood) * 60_000);
    packet.source[3] = 0x0b000000 + i;
    flows.add(packet);
  }
  const seconds = (milliseconds() - start) / 1000;
  const { active, evicted, ended } = flows.stats();
  console.log(
    `flood of ${flood} SYN in 60 s of packet time beside ${kept} conversations: ${(flood / seconds / 1e6).toFixed(2)} million ` +
      `packets a second; ${evicted[FlowClass.Single]} evicted, ${ended.idle} idle, ${active} in the table, ` +
      `${lost} conversations lost; process ${residentMb().toFixed(0)} MB`,
  );
}
